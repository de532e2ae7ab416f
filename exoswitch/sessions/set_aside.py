"""Adapter: the file of notes that cannot be used: damaged lines of the journal, and notes that the database refused.

Each line is JSON: the time, the reason, and the note. `exoswitch doctor` counts them. All methods block.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from exoswitch.printable import utc

FILE_NAME = "set-aside.jsonl"
MAX_BYTES = 16 * 1024 * 1024
_LINE_MAX = 64 * 1024  # of one note; a session is some 700 bytes


@frozen
class SetAside:
    """A file in the folder of the journal; a full file takes no more."""

    folder: Path
    max_bytes: int = MAX_BYTES

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / FILE_NAME

    def add(self, records: Sequence[tuple[bytes, str]], now: float) -> int:
        """Append records, each with a reason; give how many found no room.

        Raises:
            OSError: the file cannot be written.
        """
        at = utc(now)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            lines = _fitting((_line(at, *record) for record in records), self.max_bytes - os.fstat(file).st_size)
            if lines:
                os.write(file, b"".join(lines))
                os.fsync(file)
        finally:
            os.close(file)
        return len(records) - len(lines)

    def reasons(self) -> list[tuple[str, str]]:
        """Give the time and the reason of each record; a line that cannot be read counts too."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        return [_reason(line) for line in lines]


def _line(at: str, data: bytes, reason: str) -> bytes:
    text = data[:_LINE_MAX].decode("ascii", errors="backslashreplace")
    return json.dumps({"at": at, "reason": reason, "note": text}).encode() + b"\n"


def _fitting(lines: Iterable[bytes], room: int) -> list[bytes]:
    fitting = []
    for line in lines:
        room -= len(line)
        if room < 0:
            break
        fitting.append(line)
    return fitting


def _reason(line: bytes) -> tuple[str, str]:
    try:
        told: Any = json.loads(line)
        return str(told["at"]), str(told["reason"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", "this line cannot be read"
