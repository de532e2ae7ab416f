"""Adapter: the folder of recordings is kept in its limits, and parts whose gateway died are finished.

A run has a limit of files that it deletes, and lets other threads work meanwhile: a folder may have a million files.
Gateways of a fleet may share a folder: what another one deletes or finishes meanwhile is passed over.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from attrs import define, field, frozen

from exoswitch.recordings.files import changed_at, finish, place_of_part

ABANDONED_S = 300.0
"""A part that nobody has written to for so long belongs to a call that is over: a live one grows each second."""

_AT_ONCE = 1000  # files deleted in one run
_KEPT_SHARE = 0.95  # so that a full folder is not searched for each call
_REST_EVERY = 100  # files
_REST_S = 0.001


@define
class Deleted:
    """What a run has done; `has_more` if it has left some for the next run."""

    by_age: int = 0
    by_size: int = 0
    finished: int = 0
    size: int = 0
    has_more: bool = False

    @property
    def total(self) -> int:
        """The number of deleted files."""
        return self.by_age + self.by_size


@frozen
class _Day:
    """The files of one day and account, as they were when the folder was changed last."""

    changed_ns: int
    size: int
    parts: tuple[Path, ...]


@define
class Upkeep:
    """Keeps one folder; `run` is called every minute, in a thread."""

    root: Path
    keep_s: float
    max_bytes: int
    _rest: Callable[[float], None] = time.sleep
    _known: dict[Path, _Day] = field(factory=dict, init=False)
    _looked_at: int = field(default=0, init=False)

    def run(self, now: float) -> Deleted:
        """Finish what is abandoned, delete what is too old, then the oldest while there is too much.

        Raises:
            OSError: the folder cannot be read or changed.
        """
        done = Deleted()
        days = sorted(self._days(), key=lambda day: day.name)  # the names of days are in the order of time
        for day in days:
            with suppress(FileNotFoundError):
                self._finish(day, now, done)
        for day in days:
            if done.total < _AT_ONCE and not self._delete(day, lambda at: at < now - self.keep_s, done):
                break
        done.by_age, done.by_size = done.total, 0
        known = {}
        for day in days:
            with suppress(FileNotFoundError):
                known[day] = self._look(day)
        done.size = sum(day.size for day in known.values())
        if done.size > self.max_bytes:
            self._shrink(list(known), done)
        self._known = known
        done.has_more = done.total >= _AT_ONCE
        return done

    def _days(self) -> Iterator[Path]:
        if self.root.is_dir():
            for account in self.root.iterdir():
                if account.is_dir() and not account.is_symlink():
                    yield from (day for day in account.iterdir() if day.is_dir() and not day.is_symlink())

    def _finish(self, day: Path, now: float, done: Deleted) -> None:
        for part in self._look(day).parts:
            place = place_of_part(part)
            written_at = place.written_at() if place is not None else None
            if place is not None and written_at is not None and written_at < now - ABANDONED_S:
                done.finished += finish(place)

    def _delete(self, day: Path, is_meant: Callable[[float], bool], done: Deleted) -> bool:
        """Delete the files of a day that are meant, the oldest first; tell whether all were."""
        try:
            files = sorted((changed_at(path), path) for path in self._files(day))
        except FileNotFoundError:
            return True
        for at, path in files:
            if done.total >= _AT_ONCE or not is_meant(at):
                return False
            size = _size(path)
            path.unlink(missing_ok=True)
            done.by_size += 1
            done.size -= size
        try:
            day.rmdir()
        except OSError:
            return True  # a part is in it
        return True

    def _shrink(self, days: list[Path], done: Deleted) -> None:
        target = int(self.max_bytes * _KEPT_SHARE)
        for day in days:
            if not self._delete(day, lambda _at: done.size > target, done):
                return

    def _look(self, day: Path) -> _Day:
        """Look into a day; one without new files is known."""
        changed_ns = day.stat().st_mtime_ns
        known = self._known.get(day)
        if known is None or known.changed_ns != changed_ns:
            parts = tuple(path for path in day.iterdir() if path.suffix == ".part")
            size = sum(_size(path) for path in self._files(day))
            known = self._known[day] = _Day(changed_ns, size, parts)
        return known

    def _files(self, day: Path) -> Iterator[Path]:
        for path in day.iterdir():
            self._looked_at += 1
            if self._looked_at % _REST_EVERY == 0:
                self._rest(_REST_S)
            if path.suffix in {".mp3", ".wav"}:
                yield path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
