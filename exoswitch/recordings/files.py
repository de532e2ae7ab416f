"""Adapter: the files of recordings; used by one thread at a time for each call.

    FOLDER/ACCOUNT/18bl/SID.mp3   a finished recording; 18bl is the end of the SID, which is its day
    FOLDER/ACCOUNT/in-progress/SID/000061500.mp3.part   a part that is being written, from this millisecond on

Each gateway that carries a call writes a part of its own, so two of them never write to one file. At the end of the
call its parts are joined. No file name has a phone number, and only the owner of the process may read the files.

A day may have a million recordings, so no call searches its folder. The parts of a call have a folder of their own.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from attrs import define, field, frozen

from exoswitch.audio.channels import interleaved, mixed
from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.call.recording import RecordingWish
from exoswitch.recordings.encoding import Encoder, encoder
from exoswitch.recordings.forms import HEAD_BYTES, Form, form_of, form_of_wish

_SID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
_PART = re.compile(r"(?P<offset_ms>[0-9]{9,10})\.(?P<suffix>mp3|wav)\.part", re.ASCII)
_EARLIER_PART = re.compile(rf"(?P<sid>[0-9A-Za-z-]{{1,64}})\.{_PART.pattern}", re.ASCII)
_JOINING = ".joining"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
_DAY = 4  # characters at the end of a SID
IN_PROGRESS = "in-progress"  # longer than the name of a day
_COPIED = 256 * 1024
_SHORTEST_GAP_S = 0.1
_SILENCE_S = 10


@frozen
class Place:
    """The place of a call's recording in the folder of its account."""

    account: Path
    call_sid: str
    suffix: str

    @classmethod
    def of(cls, root: Path, account: str, call_sid: str, suffix: str) -> "Place":
        """Find it.

        Raises:
            ValueError: the SID or the account cannot be part of a path.
        """
        if not (_SID.fullmatch(call_sid) and account and "/" not in account and account.strip(".")):
            raise ValueError("no recording can have this name")
        return cls(root / account, call_sid, suffix)

    @classmethod
    def of_part(cls, part: Path) -> "Place | None":
        """Give the place of the recording that a part belongs to; None if the file is no part."""
        match, folder = _PART.fullmatch(part.name), part.parent
        if match is None or folder.parent.name != IN_PROGRESS or not _SID.fullmatch(folder.name):
            return None
        return cls(folder.parent.parent, folder.name, match["suffix"])

    @property
    def day(self) -> Path:
        """The folder of all finished recordings of its day."""
        return self.account / self.call_sid[-_DAY:]

    @property
    def file(self) -> Path:
        """The finished recording."""
        return self.day / f"{self.call_sid}.{self.suffix}"

    @property
    def in_progress(self) -> Path:
        """The folder of its parts."""
        return self.account / IN_PROGRESS / self.call_sid

    def part(self, offset_ms: int) -> Path:
        """The part that begins so long after the answer."""
        return self.in_progress / f"{offset_ms:09d}.{self.suffix}.part"

    def parts(self) -> list[tuple[float, Path]]:
        """List the parts in their order, each with the second at which it begins."""
        found = []
        for name in names_in(self.in_progress):
            match = _PART.fullmatch(name)
            if match and match["suffix"] == self.suffix:
                found.append((int(match["offset_ms"]) / 1000, self.in_progress / name))
        return sorted(found)

    def written_at(self) -> float | None:
        """Give the wall-clock time of the last write to a part; None if there is no part."""
        return max((changed_at(path) for _, path in self.parts()), default=None)


def names_in(folder: Path) -> list[str]:
    """List the files in a folder; nothing if it is not there. A link is no file: it may lead to a file elsewhere."""
    try:
        with os.scandir(folder) as found:
            return [entry.name for entry in found if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def changed_at(path: Path) -> float:
    """Give the wall-clock time of the last write; infinity if the file is not there."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")  # it has just been finished


@define(eq=False)
class PartWriter:
    """Writes one part of a recording, so far of so many `samples`; the file is made with the first audio."""

    place: Place
    wish: RecordingWish
    offset_ms: int
    samples: int = field(default=0, init=False)
    _path: Path | None = field(default=None, init=False)
    _encoder: Encoder | None = field(default=None, init=False)

    def write(self, said: bytes, played: bytes) -> None:
        """Append what the caller said and what was played: on the left and on the right, or mixed.

        Raises:
            OSError: it cannot be written.
            NoEncoder: there is no encoder for MP3 here.
        """
        if self._encoder is None:
            self._encoder = encoder(form_of_wish(self.wish))
        pcm = interleaved(said, played) if self.wish.channels == "dual" else mixed(said, played)
        self._append(self._encoder.encode(pcm))
        self.samples += len(said) // 2

    def close(self) -> None:
        """Write the rest.

        Raises:
            OSError: it cannot be written.
        """
        begun, self._encoder = self._encoder, None
        if begun is not None:
            self._append(begun.flush())

    def _append(self, data: bytes) -> None:
        """Append; a part that somebody has deleted is not made again."""
        if self._path is None:
            self._path = self._create()
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), "ab", buffering=0) as file:
            while data:
                data = data[file.write(data) :]

    def _create(self) -> Path:
        while True:
            path = self.place.part(self.offset_ms)
            try:
                os.close(os.open(path, _NEW | os.O_EXCL, 0o600))
            except FileExistsError:
                self.offset_ms += 1
            except FileNotFoundError:  # also if another gateway has just finished its own part of this call
                _make(self.place.in_progress)
            else:
                return path


def finish(place: Place) -> bool:
    """Make one file of a call's parts, and delete them and their folder; return whether there is a recording.

    A part that another gateway still writes to, because it does not know yet that the call has moved, ends here.

    Raises:
        OSError: it cannot be written; the parts stay.
    """
    adopt(place.day / f"{place.call_sid}.{0:09d}.{place.suffix}.part")  # the call may have begun before an upgrade
    parts = place.parts()
    if len(parts) == 1 and not parts[0][0] and not place.file.exists():
        _finish_one(place, parts[0][1])
    elif parts:
        _join(place, parts)
        for _, path in parts:
            path.unlink(missing_ok=True)
    clear(place.in_progress)
    return place.file.exists()


def clear(folder: Path) -> None:
    """Delete a folder of parts, and what a gateway has left there that died while it joined them, or is too late."""
    for name in names_in(folder):
        if name.endswith(_JOINING):
            (folder / name).unlink(missing_ok=True)
    with suppress(OSError):  # it is not there, or another gateway has just begun a part
        folder.rmdir()


def adopt(part: Path) -> None:
    """Move a part that an earlier version has written, into the folder of its day, to where parts are now."""
    match = _EARLIER_PART.fullmatch(part.name)
    if match is not None:
        place, offset_ms = Place(part.parent.parent, match["sid"], match["suffix"]), int(match["offset_ms"])
        while place.part(offset_ms).exists():
            offset_ms += 1
        with suppress(FileNotFoundError):
            _move(part, place.part(offset_ms))


def _finish_one(place: Place, path: Path) -> None:
    with path.open("r+b") as file:
        form = form_of(file.read(HEAD_BYTES))
        if form is None:
            path.unlink(missing_ok=True)
            return
        size = form.whole_bytes(os.fstat(file.fileno()).st_size)
        file.truncate(size)
        file.seek(0)
        file.write(form.finished_head(size))
    _move(path, place.file)


def _join(place: Place, parts: list[tuple[float, Path]]) -> None:
    """Join a file that is finished already, and parts, with silence between them; what is joined already is left out.

    A crash between the last two steps leaves parts that the file has: they begin before its end. Two gateways may
    join the same parts at once: each writes a file of its own.
    """
    sources = [(0.0, place.file), *parts] if place.file.exists() else parts
    joined = place.in_progress / f"{token_hex(4)}{_JOINING}"
    try:
        if _write_joined(joined, sources):
            _move(joined, place.file)
    finally:
        joined.unlink(missing_ok=True)


def _write_joined(joined: Path, sources: list[tuple[float, Path]]) -> bool:
    """Write the audio of some files into a new one; return whether there was any."""
    at_s, first = 0.0, None
    with os.fdopen(os.open(joined, _NEW | os.O_EXCL, 0o600), "wb") as file:
        for begins_s, path in sources:
            with path.open("rb") as source:
                form = form_of(source.read(HEAD_BYTES))
                if form is None or (first is not None and begins_s < at_s - 1):
                    continue
                if first is None:
                    first = form
                    file.write(form.finished_head(form.skipped_bytes))
                if begins_s - at_s > _SHORTEST_GAP_S:
                    for piece in _silence(form, begins_s - at_s):
                        file.write(piece)
                    at_s = begins_s
                size = form.whole_bytes(os.fstat(source.fileno()).st_size)
                source.seek(form.skipped_bytes)
                for piece in _pieces(source, size - form.skipped_bytes):
                    file.write(piece)
                at_s += form.seconds(size)
        file.flush()
        if first is not None:
            size = file.tell()
            file.seek(0)
            file.write(first.finished_head(size))
    return first is not None


def _move(path: Path, to: Path) -> None:
    """Move a file; the folder may not be there yet, or be deleted by another gateway because it is empty.

    Raises:
        FileNotFoundError: the file is not there.
    """
    while True:
        try:
            path.rename(to)
        except FileNotFoundError:
            if not path.exists():
                raise
            _make(to.parent)
        else:
            return


def _make(folder: Path) -> None:
    """Make a folder of the account, and the one around it, for this process's user alone."""
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _silence(form: Form, seconds: float) -> Iterator[bytes]:
    silent, samples = encoder(form, continues=True), round(seconds * SAMPLE_RATE_HZ)
    while samples > 0:
        count = min(samples, _SILENCE_S * SAMPLE_RATE_HZ)
        yield silent.encode(bytes(2 * form.channels * count))
        samples -= count
    yield silent.flush()


def _pieces(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        piece = source.read(min(size, _COPIED))
        if not piece:
            return
        size -= len(piece)
        yield piece
