"""Core: what one process knows of the stream of its gateway: how far it was read, and what became of each entry.

Redis keeps what it has given us until we say that we are done with it. It gives new entries only to whoever can say
which one was given last. Who cannot, because he has just begun or an answer did not reach him, first looks back at
all that was given in his name; what he has already had in hand he does not take twice.
"""

from attrs import define, field

from exoswitch.fleet.redis.jobs_entries import Entry, Portion

NEW = ">"  # Redis' word for entries that were never given to anyone
OLDEST = "0"
ENDED_MAX = 10_000  # as many as a stream holds


@define
class JobsInHand:
    """The entries that this process took: under way, finished while Redis does not know it, or ended."""

    _delivered: str = field(default="", init=False)
    _after: str = field(default=NEW, init=False)
    _under_way: set[str] = field(factory=set, init=False)
    _finished: dict[str, None] = field(factory=dict, init=False)
    _was_done: dict[str, bool] = field(factory=dict, init=False)  # of those that ended: done with, or failed

    @property
    def question(self) -> tuple[str, str]:
        """What to ask for next: the entry that was given last as far as we know, and after which one to read."""
        return self._delivered, self._after

    @property
    def finished(self) -> tuple[str, ...]:
        """Which entries are done with, while Redis is not known to know it."""
        return tuple(self._finished)

    def look_back(self) -> None:
        """Ask again for what is pending: a Redis that was away may have lost what it was told last."""
        self._after = OLDEST

    def take(self, portion: Portion) -> list[Entry]:
        """Read on; give the entries that are new to this process, which are under way from now on."""
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
        """An entry is done with."""
        self._under_way.discard(key)
        self._finished[key] = None

    def fail(self, key: str) -> None:
        """An entry is left to the next process of this gateway."""
        self._under_way.discard(key)
        self._end(key, done=False)

    def forget(self, *keys: str) -> None:
        """Redis has removed these entries, which were finished."""
        for key in keys:
            self._finished.pop(key, None)
            self._end(key, done=True)

    def _end(self, key: str, *, done: bool) -> None:
        self._was_done[key] = done
        if len(self._was_done) > ENDED_MAX:
            del self._was_done[next(iter(self._was_done))]

    def _has(self, key: str) -> bool:
        return key in self._under_way or key in self._finished or key in self._was_done
