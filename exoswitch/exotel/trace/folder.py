"""Adapter: the folder of traces on disk, with a limit for each file and for all; used by one thread at a time."""

import datetime as dt
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import define, field

from exoswitch.exotel.trace.pruning import StoredTrace, to_delete
from exoswitch.exotel.trace.trace import Cut, Entry, Header, parse_object
from exoswitch.exotel.trace.writing import TraceWriter

_MEGABYTE = 1024 * 1024
_PRUNED_TO = 0.95  # so that a full folder is not scanned for every line
_UNFIT = re.compile(r"[^0-9A-Za-z-]", re.ASCII)
_LONGEST_SID = 64
_HEADER_MAX = 16_384
_NAMESAKES = 100  # attempts to reach the bot of one stream, within one second
_OURS = re.compile(r"[0-9]{8}T[0-9]{6}Z_[0-9A-Za-z-]*_[0-9A-Za-z-]*(\.[0-9]+)?\.jsonl", re.ASCII)


@define(eq=False)
class TraceFile:
    """One trace that is written to the disk; once `is_ended`, nothing more is written."""

    writer: TraceWriter
    path: Path | None = None
    size: int = 0
    is_ended: bool = False


@define
class TraceFolder:
    """Keeps files of at most `file_mb` each and `max_mb` together; `pruning` says which are deleted to make room."""

    path: Path
    max_mb: int
    file_mb: int = 64
    _unfinished: dict[Path, TraceFile] = field(factory=dict, init=False)
    _accounts: dict[Path, str] = field(factory=dict, init=False)
    _size: int | None = field(default=None, init=False)

    def write(self, file: TraceFile, entries: Sequence[Entry]) -> None:
        """Append entries to a file; the file is cut before it, or the folder, grows too large.

        Raises:
            OSError: the file cannot be written.
        """
        if file.is_ended:
            return
        path = file.path or self._create(file)
        lines, room = [], self.file_mb * _MEGABYTE - file.size
        for entry in entries:
            lines.append(file.writer.line(entry))
            room -= len(lines[-1])
            if room < 0:
                lines[-1] = _cut(file, entry, f"a trace is at most {self.file_mb} MB long")
                break
        data = b"".join(lines)
        if entries and not self._make_room(len(data), file.writer.header.account):
            data = _cut(file, entries[0], f"the traces being written fill the folder's {self.max_mb} MB")
        self._append(file, path, data)

    def finish(self, file: TraceFile) -> None:
        """Mark a file as complete: it may be deleted to make room."""
        file.is_ended = True
        if file.path is not None:
            self._unfinished.pop(file.path, None)

    def _create(self, file: TraceFile) -> Path:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = _open_anew(self.path, _name(file.writer.header))
        file.path = path
        self._unfinished[path] = file
        self._accounts[path] = file.writer.header.account
        first_line = file.writer.first_line()
        self._make_room(len(first_line), file.writer.header.account)
        self._append(file, path, first_line)
        return path

    def _append(self, file: TraceFile, path: Path, data: bytes) -> None:
        """Append; a deleted file is not made again, because it would have no header."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "ab") as opened:
            opened.write(data)
        file.size += len(data)
        self._size = (self._size or 0) + len(data)

    def _make_room(self, wanted: int, account: str) -> bool:
        """Delete files until `wanted` bytes of this account fit in."""
        most = self.max_mb * _MEGABYTE
        if self._size is not None and self._size + wanted <= most:
            return True
        traces = self._traces()
        self._size = sum(trace.size for trace in traces)
        if self._size + wanted > most:
            for trace in to_delete(traces, account, self._size + wanted - int(most * _PRUNED_TO)):
                self._delete(trace)
        return self._size + wanted <= most

    def _delete(self, trace: StoredTrace) -> None:
        if trace.is_live:
            self._unfinished.pop(trace.path).is_ended = True
        trace.path.unlink(missing_ok=True)
        self._size = (self._size or 0) - trace.size

    def _traces(self) -> list[StoredTrace]:
        """List the files, the oldest first."""
        found = sorted(self._files())
        known, self._accounts = self._accounts, {}
        for _, _, path in found:
            self._accounts[path] = known[path] if path in known else _account_of(path)
        return [StoredTrace(path, self._accounts[path], size, path in self._unfinished) for _, size, path in found]

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for found in os.scandir(self.path):
            if _OURS.fullmatch(found.name) and found.is_file(follow_symlinks=False):
                status = found.stat(follow_symlinks=False)
                yield status.st_mtime, status.st_size, self.path / found.name


def _account_of(path: Path) -> str:
    """Read the account in the header of a file; an empty text if there is none."""
    try:
        with path.open("rb") as file:
            header = parse_object(file.readline(_HEADER_MAX))
    except OSError:
        header = None
    account = (header or {}).get("account")
    return account if isinstance(account, str) else ""


def _cut(file: TraceFile, entry: Entry, reason: str) -> bytes:
    file.is_ended = True
    return file.writer.line(Cut(entry.at_ms, reason))


def _name(header: Header) -> str:
    began = dt.datetime.fromtimestamp(header.started_at, dt.UTC)
    sids = (_UNFIT.sub("-", sid)[:_LONGEST_SID] for sid in (header.call_sid, header.stream_sid))
    return "_".join([began.strftime("%Y%m%dT%H%M%SZ"), *sids])


def _open_anew(folder: Path, name: str) -> Path:
    """Make a new file that no other user can read."""
    for number in range(_NAMESAKES):
        path = folder / (f"{name}.{number + 1}.jsonl" if number else f"{name}.jsonl")
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{folder / name}.jsonl and {_NAMESAKES - 1} others of this name exist already")
