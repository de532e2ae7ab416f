"""Adapter: the journal: files in a folder of their own, in which notes wait while the database is away.

All methods block and belong in a thread. When `append` returns, the notes are on the disk: fsync follows each batch,
and an fsync of the folder follows each new file. One process at a time uses the folder, and holds a lock on it.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from attrs import define, field

from exoswitch.errors import CorruptRecord
from exoswitch.sessions.journal_lines import read_line, write_line
from exoswitch.sessions.notes import Note

_CHUNK_LINES = 50
_SUFFIX = ".notes"

Damaged = tuple[bytes, str]
"""A line that cannot be read, and why."""


@define
class Journal:
    """A folder of files with notes in the order of `append`; at most `max_bytes` together.

    The first `append` makes the folder. Only the owner may read the files: they hold phone numbers and bots' URLs.
    """

    folder: Path
    max_bytes: int
    _file: int | None = field(default=None, init=False)
    _size: int = field(default=0, init=False)
    _lock: int | None = field(default=None, init=False)

    def append(self, notes: Sequence[Note]) -> int:
        """Add notes; give how many of the last ones found no room."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_folder()
        room = self.max_bytes - self._total_bytes()
        lines: list[bytes] = []
        for note in notes:
            line = write_line(note)
            room -= len(line)
            if room < 0:
                break
            lines.append(line)
        if lines:
            self._write(b"".join(lines))
        return len(notes) - len(lines)

    def seal(self) -> list[Path]:
        """End the current file, and give all files, the oldest first."""
        self._end_file()
        if not self.folder.is_dir():
            return []
        self._take_folder()
        return sorted(self.folder.glob(f"*{_SUFFIX}"))

    def read(self, path: Path) -> Iterator[tuple[list[Note], list[Damaged]]]:
        """Read the notes of a file part by part, each with the lines that cannot be read, and why."""
        with path.open("rb") as file:
            while lines := list(islice(file, _CHUNK_LINES)):
                notes: list[Note] = []
                damaged: list[Damaged] = []
                for line in lines:
                    try:
                        notes.append(read_line(line))
                    except CorruptRecord as problem:
                        damaged.append((line, str(problem)))
                yield notes, damaged

    def remove(self, path: Path) -> None:
        """Remove a file after all its notes are in the database."""
        path.unlink()
        _sync(self.folder)

    def close(self) -> None:
        """End the current file, and unlock the folder."""
        self._end_file()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_folder(self) -> None:
        if self._lock is not None:
            return
        lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise OSError(f"another process uses the journal {self.folder}; give each gateway its own") from None
        self._lock = lock

    def _end_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, data: bytes) -> None:
        file = self._file if self._file is not None else self._begin_file()
        try:
            written = 0
            while written < len(data):
                written += os.write(file, data[written:])
            os.fsync(file)
        except OSError:
            os.ftruncate(file, self._size)  # so that the next line does not follow a torn one
            raise
        self._size += len(data)

    def _begin_file(self) -> int:
        numbers = [
            int(path.stem) for path in self.folder.glob(f"*{_SUFFIX}") if path.stem.isascii() and path.stem.isdigit()
        ]
        path = self.folder / f"{max(numbers, default=0) + 1:08d}{_SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = 0
        _sync(self.folder)
        return self._file

    def _total_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.folder.glob(f"*{_SUFFIX}"))


def _sync(folder: Path) -> None:
    """Write the folder, which holds the names of its files, to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
