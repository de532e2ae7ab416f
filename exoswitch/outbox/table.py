"""Core: the callbacks of an outbox in memory, and an agenda: those that wait for each receiver, the earliest first.

A look visits some receivers of each account, and the first callbacks of each: however many wait, it takes no longer.
So it is with the question how many wait, and since when.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from attrs import define, field

from exoswitch.outbox.callbacks import CallbackRow
from exoswitch.outbox.delivery import State
from exoswitch.outbox.queue import RECEIVERS_AT_ONCE

_FEW = 64


@define(eq=False)
class Entry:
    """A callback with its state; `holder` has its lease, and `since` is its first attempt."""

    row: CallbackRow
    due_at: float
    state: State = "waiting"
    attempts: int = 0
    since: float | None = None
    holder: str | None = None
    settled_at: float | None = None
    why: str = ""
    listed_at: float | None = None  # its `begins_at` in the list of those that wait the longest

    @property
    def begins_at(self) -> float:
        """The moment from which it waits: its first attempt, or the time at which it is due."""
        return self.due_at if self.since is None else self.since

    @property
    def key(self) -> tuple[str, int]:
        """What identifies it."""
        return self.row.call_sid, self.row.position


@define(eq=False)
class _Earliest:
    """Callbacks that wait, in a heap by one of their times; an entry that has moved leaves a stale place behind."""

    _time_of: Callable[[Entry], float]
    _heap: list[tuple[float, int, Entry]] = field(factory=list, init=False)
    _swept_at: int = field(default=_FEW, init=False)

    def put(self, entry: Entry, number: int) -> None:
        heappush(self._heap, (self._time_of(entry), number, entry))
        if len(self._heap) > self._swept_at:
            self._heap = [place for place in self._heap if self._is_valid(place)]
            heapify(self._heap)
            self._swept_at = max(_FEW, 2 * len(self._heap))

    def take(self, now: float) -> Entry | None:
        """Take the earliest callback if it is due."""
        while self._heap and (self._heap[0][0] <= now or not self._is_valid(self._heap[0])):
            place = heappop(self._heap)
            if self._is_valid(place):
                return place[2]
        return None

    def first(self) -> float | None:
        """Give the time of the earliest callback."""
        while self._heap and not self._is_valid(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _is_valid(self, place: tuple[float, int, Entry]) -> bool:
        time, _, entry = place
        return entry.state == "waiting" and self._time_of(entry) == time

    @property
    def is_empty(self) -> bool:
        return not self._heap


@define(eq=False)
class Agenda:
    """The receivers of each account, the ones that were visited last at the end."""

    _accounts: OrderedDict[str, OrderedDict[str, _Earliest]] = field(factory=OrderedDict, init=False)
    _numbers: "count[int]" = field(factory=count, init=False)

    def put(self, entry: Entry) -> None:
        """Note when a callback that waits is due; an earlier note of it is void."""
        row = entry.row
        receivers = self._accounts.setdefault(row.account, OrderedDict())
        receivers.setdefault(row.receiver, _Earliest(_due_at)).put(entry, next(self._numbers))

    def due(self, now: float, room_of: Callable[[str], int], full_accounts: Collection[str]) -> Iterator[Entry]:
        """Take callbacks that are due, of each receiver at most as many as there is room for.

        The caller puts each of them again, if it still waits, and stops when it has enough.
        """
        for account in [account for account in self._accounts if account not in full_accounts]:
            self._accounts.move_to_end(account)
            receivers = self._accounts[account]
            for name in [name for _, name in zip(range(RECEIVERS_AT_ONCE), receivers, strict=False)]:
                receivers.move_to_end(name)
                for _ in range(room_of(name)):
                    entry = receivers[name].take(now)
                    if entry is None:
                        break
                    yield entry
                if receivers[name].is_empty:
                    del receivers[name]
            if not receivers:
                del self._accounts[account]


@define(eq=False)
class Table:
    """All callbacks by their keys, in the order in which they came, and those of them that wait."""

    entries: dict[tuple[str, int], Entry] = field(factory=dict, init=False)
    waiting: dict[tuple[str, int], Entry] = field(factory=dict, init=False)
    agenda: Agenda = field(factory=Agenda, init=False)
    _longest: _Earliest = field(factory=lambda: _Earliest(_begins_at), init=False)
    _numbers: "count[int]" = field(factory=count, init=False)

    def wait(self, entry: Entry, due_at: float) -> None:
        """Note that a callback waits, and until when."""
        entry.due_at = due_at
        self.entries[entry.key] = self.waiting[entry.key] = entry
        self.agenda.put(entry)
        if entry.listed_at != entry.begins_at:  # else each retry would leave a place that is not stale
            entry.listed_at = entry.begins_at
            self._longest.put(entry, next(self._numbers))

    def waits_since(self) -> float | None:
        """Give the moment since which the callback waits that waits the longest; None if none waits."""
        return self._longest.first()

    def settle(self, entry: Entry, state: State, now: float) -> None:
        """Note that a callback waits no longer."""
        entry.state, entry.settled_at, entry.listed_at = state, now, None
        self.waiting.pop(entry.key, None)

    def forget(self, entry: Entry) -> None:
        """Delete a callback."""
        self.settle(entry, "failed", 0.0)  # so that the agenda drops it
        del self.entries[entry.key]


def _due_at(entry: Entry) -> float:
    return entry.due_at


def _begins_at(entry: Entry) -> float:
    return entry.begins_at
