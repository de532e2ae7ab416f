"""Core: how far a process has read the stream of its gateway, and which entries are under way or ended.

Redis keeps a delivered entry pending until the gateway has finished it. It gives new entries only to a process that
knows the ID of the entry delivered last. A process that does not know it has just started or missed an answer. It
reads all pending entries first, and ignores those that it has already taken.
"""

from attrs import define, field

from exoswitch.fleet.redis.jobs_entries import Entry, Portion

NEW = ">"  # in XREADGROUP: entries that were never delivered
OLDEST = "0"
ENDED_MAX = 10_000  # the length of a stream


@define
class StreamProgress:
    """The entries that this process took: under way; finished, but still in Redis; or ended."""

    _delivered: str = field(default="", init=False)
    _after: str = field(default=NEW, init=False)
    _under_way: set[str] = field(factory=set, init=False)
    _finished: dict[str, None] = field(factory=dict, init=False)
    _was_done: dict[str, bool] = field(factory=dict, init=False)  # ended entries: finished, or failed

    @property
    def next_read(self) -> tuple[str, str]:
        """The arguments of the next read: the last delivered entry that we know, and the entry to read after."""
        return self._delivered, self._after

    @property
    def finished(self) -> tuple[str, ...]:
        """The finished entries that Redis may still have."""
        return tuple(self._finished)

    def reread_pending(self) -> None:
        """Read the pending entries again: a Redis that was away may have lost its last writes."""
        self._after = OLDEST

    def take(self, portion: Portion) -> list[Entry]:
        """Take a portion; return the entries that are new to this process: they are under way."""
        if self._after != NEW:
            self._after = portion.entries[-1].id if portion.entries else NEW
        elif portion.entries:
            self._delivered = portion.delivered
        elif portion.delivered != self._delivered:
            self._delivered, self._after = portion.delivered, OLDEST
        self._finished.update({entry.id: None for entry in portion.entries if self._was_done.get(entry.id)})
        fresh = [entry for entry in portion.entries if not self._has(entry.id)]
        self._under_way.update(entry.id for entry in fresh)
        return fresh

    def finish(self, key: str) -> None:
        """Note that an entry is finished."""
        self._under_way.discard(key)
        self._finished[key] = None

    def fail(self, key: str) -> None:
        """Note that an entry failed; the next process of this gateway will try it again."""
        self._under_way.discard(key)
        self._end(key, done=False)

    def forget(self, *keys: str) -> None:
        """Note that Redis has removed finished entries."""
        for key in keys:
            self._finished.pop(key, None)
            self._end(key, done=True)

    def _end(self, key: str, *, done: bool) -> None:
        self._was_done[key] = done
        if len(self._was_done) > ENDED_MAX:
            del self._was_done[next(iter(self._was_done))]

    def _has(self, key: str) -> bool:
        return key in self._under_way or key in self._finished or key in self._was_done
