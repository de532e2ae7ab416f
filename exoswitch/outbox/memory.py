"""Adapter: callbacks in this process's memory, lost when it ends; the model of every other outbox."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from exoswitch.outbox.callbacks import LAST_POSITION, PASSTHRU, TERMINAL, CallbackRow
from exoswitch.outbox.delivery import Leased, Settlement, State
from exoswitch.outbox.interfaces import BEHIND_S, FARTHEST_DUE_S, KEEP_DELIVERED_S, KEEP_FAILED_S, LEASE_S, IOutbox
from exoswitch.outbox.rows import Backlog, Kept
from exoswitch.outbox.table import Entry, Table

ROWS_MAX = 100_000


@implementer(IOutbox)
@define(eq=False)
class MemoryOutbox:
    """Keeps the newest `ROWS_MAX` callbacks; `now` gives seconds since the epoch, `holder` names this process.

    Processes of a test may share a `table`.
    """

    _now: Callable[[], float]
    _holder: str = "gw1 1"
    name: str = field(default="memory", init=False)
    table: Table = field(factory=Table)

    def add(self, rows: Iterable[CallbackRow]) -> None:
        """Add callbacks; of one that is known, the end of a call takes later facts until it is sent."""
        for row in rows:
            entry = self.table.entries.get((row.call_sid, row.position))
            if entry is None:
                self.table.wait(Entry(row, row.due_at), row.due_at)
            elif row.event == TERMINAL and entry.state == "waiting" and entry.holder is None:
                entry.row = row
        while len(self.table.entries) > ROWS_MAX:
            self.table.forget(next(iter(self.table.entries.values())))

    def open(self) -> Deferred[None]:
        """Do nothing."""
        return succeed(None)

    def lease(
        self, limit: int, each: int, rooms: Mapping[str, int], full_accounts: Collection[str]
    ) -> Deferred[list[Leased]]:
        """Lease callbacks that are due."""
        now = self._now()
        leased: list[Leased] = []
        for entry in self.table.agenda.due(now, lambda receiver: rooms.get(receiver, each), full_accounts):
            earlier = self._earlier(entry)
            if earlier is not None:
                self.table.wait(entry, now + BEHIND_S if earlier.holder else max(earlier.due_at, now + BEHIND_S))
                continue
            leased.append(self._lease(entry, now))
            if len(leased) >= limit:
                break
        return succeed(leased)

    def settle(self, settlements: Sequence[Settlement]) -> Deferred[None]:
        """Write what came of attempts."""
        for settlement in settlements:
            leased = settlement.leased
            entry = self.table.entries.get((leased.call_sid, leased.position))
            if entry is None or entry.state != "waiting":
                continue
            if settlement.state == "delivered" or entry.holder == self._holder:
                self._settle(entry, settlement)
        return succeed(None)

    def release(self) -> Deferred[None]:
        """End the leases of this process."""
        for entry in self.table.waiting.values():
            if entry.holder is not None and entry.holder.split()[0] == self._holder.split()[0]:
                entry.holder = None
                self.table.wait(entry, self._now())
        return succeed(None)

    def backlog(self) -> Deferred[Backlog]:
        """Count the callbacks that wait."""
        since = self.table.waits_since()
        oldest_s = 0.0 if since is None else max(0.0, self._now() - since)
        return succeed(Backlog(waiting=len(self.table.waiting), oldest_s=oldest_s))

    def kept(self, states: Collection[State], limit: int) -> Deferred[list[Kept]]:
        """Read callbacks in these states."""
        found = [entry for entry in self.table.entries.values() if entry.state in states]
        found.sort(key=lambda entry: (-entry.due_at, entry.key))
        return succeed([_kept(entry) for entry in found[:limit]])

    def resend(self, call_sids: Collection[str] | None) -> Deferred[int]:
        """Let failed callbacks wait again."""
        again = [
            entry
            for entry in self.table.entries.values()
            if entry.state == "failed"
            and (call_sids is None or entry.row.call_sid in call_sids)
            and not self._is_outdated(entry)
        ]
        for entry in again:
            entry.state, entry.attempts, entry.since, entry.settled_at = "waiting", 0, None, None
            self.table.wait(entry, self._now())
        return succeed(len(again))

    def tidy(self) -> Deferred[None]:
        """Delete old callbacks, and hurry those that wait too long."""
        now = self._now()
        for entry in tuple(self.table.waiting.values()):
            if entry.due_at > now + FARTHEST_DUE_S:
                self.table.wait(entry, now)
        for entry in tuple(self.table.entries.values()):
            is_short = entry.state == "delivered" or self._is_outdated(entry)
            if entry.settled_at is not None and entry.settled_at < now - (
                KEEP_DELIVERED_S if is_short else KEEP_FAILED_S
            ):
                self.table.forget(entry)
        return succeed(None)

    def close(self) -> None:
        """Do nothing."""

    def _of_call(self, entry: Entry) -> Iterator[Entry]:
        found = (self.table.entries.get((entry.row.call_sid, position)) for position in range(LAST_POSITION + 1))
        return (other for other in found if other is not None and other is not entry)

    def _earlier(self, entry: Entry) -> Entry | None:
        waiting = (other for other in self._of_call(entry) if other.state == "waiting")
        return next((other for other in waiting if other.row.position < entry.row.position), None)

    def _is_outdated(self, entry: Entry) -> bool:
        """Whether a later callback of the call was delivered."""
        return any(
            other.state == "delivered" and other.row.position > entry.row.position and other.row.event != PASSTHRU
            for other in self._of_call(entry)
        )

    def _lease(self, entry: Entry, now: float) -> Leased:
        entry.holder = self._holder
        entry.since = now if entry.since is None else entry.since
        self.table.wait(entry, now + LEASE_S)
        row = entry.row
        return Leased(
            call_sid=row.call_sid,
            position=row.position,
            event=row.event,
            leg=row.leg,
            account=row.account,
            receiver=row.receiver,
            attempts=entry.attempts,
            age_s=now - entry.since,
            document=row.document,
        )

    def _settle(self, entry: Entry, settlement: Settlement) -> None:
        now = self._now()
        entry.why, entry.holder = settlement.why, None
        entry.attempts = settlement.leased.attempts + 1
        if settlement.state == "waiting":
            self.table.wait(entry, now + settlement.pause_s)
        else:
            self.table.settle(entry, settlement.state, now)


def _kept(entry: Entry) -> Kept:
    row = entry.row
    return Kept(
        call_sid=row.call_sid,
        event=row.event,
        leg=row.leg,
        account=row.account,
        receiver=row.receiver,
        state=entry.state,
        attempts=entry.attempts,
        since=entry.since,
        due_at=entry.due_at,
        why=entry.why,
        document=row.document,
    )
