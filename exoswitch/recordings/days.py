"""Adapter: what is known of the finished recordings of one day and account.

A day may have a million files. They are counted again after a change, but the larger the day, the less often; a day
whose recordings are deleted remembers which ones come next.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from heapq import nsmallest
from pathlib import Path

from attrs import define, field, frozen

_SUFFIXES = (".mp3", ".wav")
_APART_S = 0.001  # for each file: to look at one takes about a hundredth of this
_NEXT = 10_000  # files to delete that a day remembers


@frozen(order=True)
class Recording:
    """A file: the wall-clock time of the last write to it, its name and its size."""

    at: float
    name: str
    size: int


@define(eq=False)
class Day:
    """The folder of a day: the size of its recordings, and the parts that an earlier version has left in it.

    `rest` is called for each file that is looked at: other threads may work then.
    """

    path: Path
    _rest: Callable[[], None]
    size: int = field(default=0, init=False)
    parts: list[Path] = field(factory=list, init=False)
    _count: int = field(default=0, init=False)
    _changed_ns: int = field(default=-1, init=False)
    _looked_at: float = field(default=float("-inf"), init=False)
    _oldest: deque[Recording] = field(factory=deque, init=False)  # the first of them, in their order

    @property
    def is_empty(self) -> bool:
        """Whether it has no recordings."""
        return not self._oldest

    @property
    def oldest_at(self) -> float:
        """When the oldest recording was written; infinity if there is none."""
        return self._oldest[0].at if self._oldest else float("inf")

    def look(self, now: float) -> None:
        """Count the files if some may have come or gone, and if it is time to.

        Raises:
            OSError: the folder cannot be read.
        """
        changed_ns = self.path.stat().st_mtime_ns
        is_soon = abs(now - self._looked_at) < _APART_S * self._count
        if changed_ns != self._changed_ns and not is_soon:
            self._read(1)
            self._changed_ns, self._looked_at = changed_ns, now

    def delete_oldest(self) -> bool:
        """Delete the oldest recording; tell whether it was there.

        Raises:
            OSError: it cannot be deleted, or the folder cannot be read.
        """
        oldest = self._oldest[0]
        path = self.path / oldest.name
        was_there = is_meant = True
        try:
            is_meant = path.stat().st_mtime == oldest.at  # else a late part was added: it is not the oldest now
            if is_meant:
                path.unlink()
        except FileNotFoundError:  # another gateway has just deleted it
            was_there = False
        self._oldest.popleft()
        if is_meant:
            self.size -= oldest.size
            self._count -= 1
        if not self._oldest:
            self._read(_NEXT)
        with suppress(FileNotFoundError):
            self._changed_ns = self.path.stat().st_mtime_ns  # what this gateway changes is known
        return was_there and is_meant

    def _read(self, remembered: int) -> None:
        """Count the files, and remember so many of the oldest; a folder without files is deleted."""
        self.size, self._count, self.parts = 0, 0, []
        self._oldest = deque(nsmallest(remembered, self._recordings()))
        if not self._oldest:
            with suppress(OSError):  # something else is in it, or it is gone
                self.path.rmdir()

    def _recordings(self) -> Iterator[Recording]:
        try:
            found = os.scandir(self.path)
        except FileNotFoundError:  # another gateway has just deleted the day
            return
        with found:
            for entry in found:
                self._rest()
                if not entry.is_file(follow_symlinks=False):  # a link's file is somewhere else
                    continue
                if entry.name.endswith(".part"):
                    self.parts.append(self.path / entry.name)
                if entry.name.endswith(_SUFFIXES):
                    with suppress(FileNotFoundError):
                        status = entry.stat()
                        self.size += status.st_size
                        self._count += 1
                        yield Recording(status.st_mtime, entry.name, status.st_size)
