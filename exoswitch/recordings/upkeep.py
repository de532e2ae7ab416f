"""Adapter: the folder of recordings is kept in its limits, and parts whose gateway died are finished.

A run has a limit of files that it deletes, and lets other threads work meanwhile: a folder may have a million files.
Gateways of a fleet may share a folder: what another one deletes or finishes meanwhile is passed over.
"""

import heapq
import os
import time
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define, field

from exoswitch.errors import ExoswitchError
from exoswitch.recordings.days import Day
from exoswitch.recordings.files import IN_PROGRESS, Place, adopt, changed_at, clear, finish, names_in

ABANDONED_S = 300.0
"""A part that nobody has written to for so long belongs to a call that is over: a live one grows each second."""

_AT_ONCE = 1000  # files deleted in one run
_KEPT_SHARE = 0.95  # so that a full folder is not searched for each call
_REST_EVERY = 100  # files
_REST_S = 0.001


@define
class Deleted:
    """What a run has done; `has_more` if it has left some for the next run.

    It has `passed_over` so many that could not be read or changed; `problem` is that of the first one.
    """

    by_age: int = 0
    by_size: int = 0
    finished: int = 0
    size: int = 0
    has_more: bool = False
    passed_over: int = 0
    problem: str = ""


@define
class Upkeep:
    """Keeps one folder; `run` is called every minute, in a thread."""

    root: Path
    keep_s: float
    max_bytes: int
    _sleep: Callable[[float], None] = field(default=time.sleep, alias="rest")
    _days: dict[Path, Day] = field(factory=dict, init=False)
    _looked_at: int = field(default=0, init=False)

    def run(self, now: float, live: Container[Place] = ()) -> Deleted:
        """Delete what is too old, then the oldest while there is too much, and finish what is abandoned.

        What is `live` here is not abandoned: the clock of the files may be that of another machine.

        Raises:
            OSError: the folder cannot be read.
        """
        done = Deleted()
        accounts = list(self._folders(self.root))
        self._look(accounts, now, done)
        done.by_age = self._delete(lambda at, _size: at < now - self.keep_s, _AT_ONCE, done)
        if self._size() > self.max_bytes:
            target = int(self.max_bytes * _KEPT_SHARE)
            done.by_size = self._delete(lambda _at, size: size > target, _AT_ONCE - done.by_age, done)
        done.size = self._size()
        done.has_more = done.by_age + done.by_size >= _AT_ONCE
        for account in accounts:  # at the end: to join parts takes space on the disk, which may be full
            with _passing_over(account, done):
                self._finish_abandoned(account, now, live, done)
        return done

    def _finish_abandoned(self, account: Path, now: float, live: Container[Place], done: Deleted) -> None:
        """Finish the recordings of calls that are over; this looks at the parts of all calls that are not."""
        in_progress = account / IN_PROGRESS
        for folder in () if in_progress.is_symlink() else list(self._folders(in_progress)):
            with _passing_over(folder, done):
                places = {Place.of_part(folder / name) for name in names_in(folder)}
                for place in filter(None, places):
                    written_at = None if place in live else place.written_at()
                    if written_at is not None and written_at < now - ABANDONED_S:
                        done.finished += finish(place)
                if not any(places) and changed_at(folder) < now - ABANDONED_S:
                    clear(folder)

    def _look(self, accounts: Iterable[Path], now: float, done: Deleted) -> None:
        """Look at all days."""
        days: dict[Path, Day] = {}
        for account in accounts:
            with _passing_over(account, done):
                for path in self._folders(account):
                    if path.name != IN_PROGRESS:
                        with _passing_over(path, done):
                            self._look_at(path, days, now)
        self._days = days

    def _look_at(self, path: Path, days: dict[Path, Day], now: float) -> None:
        day = self._days.get(path) or Day(path, self._rest)
        day.look(now)
        days[path] = day
        for part in day.parts:
            if changed_at(part) < now - ABANDONED_S:
                adopt(part)

    def _delete(self, is_meant: Callable[[float, int], bool], most: int, done: Deleted) -> int:
        """Delete the oldest recordings, while the time of the next one and the size of all are meant.

        At most so many are deleted. Give their number. The names of days are in the order of time. A day whose oldest
        recording cannot be deleted is passed over until the next run.
        """
        size, deleted = self._size(), 0
        days = [
            (day.oldest_at, path.name, path, day)
            for path, day in self._days.items()
            if not day.is_empty and is_meant(day.oldest_at, size)
        ]
        heapq.heapify(days)
        while days and deleted < most and is_meant(days[0][0], size):
            *_, path, day = heapq.heappop(days)
            size -= day.size
            with _passing_over(path, done):
                deleted += day.delete_oldest()
                if not day.is_empty:
                    heapq.heappush(days, (day.oldest_at, path.name, path, day))
            size += day.size
            self._rest()
        return deleted

    def _size(self) -> int:
        return sum(day.size for day in self._days.values())

    def _folders(self, folder: Path) -> Iterator[Path]:
        """Give the folders in a folder; a link is none."""
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    self._rest()
                    yield Path(entry.path)

    def _rest(self) -> None:
        """Let other threads work, after each hundred files."""
        self._looked_at += 1
        if self._looked_at % _REST_EVERY == 0:
            self._sleep(_REST_S)


@contextmanager
def _passing_over(path: Path, done: Deleted) -> Iterator[None]:
    """Go on after something that cannot be read or changed: the others must be kept in their limits."""
    try:
        yield
    except FileNotFoundError:
        return  # another gateway has just finished or deleted it
    except (OSError, ExoswitchError) as problem:
        done.passed_over += 1
        done.problem = done.problem or f"{path}: {problem}"
