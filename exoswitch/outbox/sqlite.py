"""Adapter: callbacks in the SQLite file of the sessions, through a connection of their own.

One process has the file, so leases matter only after its death: see `release`.
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from exoswitch.outbox.delivery import Leased, Settlement, State
from exoswitch.outbox.interfaces import BEHIND_S, FARTHEST_DUE_S, KEEP_DELIVERED_S, KEEP_FAILED_S, LEASE_S, IOutbox
from exoswitch.outbox.queue import RECEIVERS_AT_ONCE
from exoswitch.outbox.rows import KEPT_COLUMNS, LEASED_COLUMNS, OUTDATED, Backlog, Kept, read_kept, read_leased
from exoswitch.store.schema_versions import read_schema
from exoswitch.store.sqlite import SqliteFile
from exoswitch.tasks.deferred import deferred

_DELETED_AT_ONCE = 1000  # so that calls do not wait long

_IS_DUE = "SELECT EXISTS (SELECT 1 FROM callbacks WHERE state = 'waiting' AND receiver = ? AND due_at <= ?)"
_NEXT_RECEIVER = (
    "SELECT receiver, account FROM callbacks WHERE state = 'waiting' AND receiver > ? ORDER BY receiver LIMIT 1"
)
_DUE = (
    "SELECT call_sid, position FROM callbacks WHERE state = 'waiting' AND receiver = ? AND due_at <= ? "
    "ORDER BY due_at LIMIT ?"
)
_EARLIER = (
    "SELECT due_at, leased_by FROM callbacks WHERE call_sid = ? AND position < ? AND state = 'waiting' "
    "ORDER BY position LIMIT 1"
)
_DEFER = "UPDATE callbacks SET due_at = ? WHERE call_sid = ? AND position = ?"
_LEASE = (
    "UPDATE callbacks SET due_at = ?, leased_by = ?, since = coalesce(since, ?) WHERE call_sid = ? AND position = ?"
)
_READ = f"SELECT {', '.join(LEASED_COLUMNS)} FROM callbacks WHERE call_sid = ? AND position = ?"  # noqa: S608 - ours
_SETTLE = (
    "UPDATE callbacks SET state = ?, why = ?, attempts = ?, due_at = ?, settled_at = ?, leased_by = NULL, "
    "document = CASE WHEN ? THEN '' ELSE document END "
    "WHERE call_sid = ? AND position = ? AND state = 'waiting' AND (leased_by = ? OR ?)"
)
_RELEASE = "UPDATE callbacks SET due_at = ?, leased_by = NULL WHERE state = 'waiting' AND substr(leased_by, 1, ?) = ?"
_BACKLOG = "SELECT count(*), min(coalesce(since, due_at)) FROM callbacks WHERE state = 'waiting'"
_RESEND = (
    "UPDATE callbacks SET state = 'waiting', attempts = 0, since = NULL, settled_at = NULL, due_at = ? "  # noqa: S608 - ours
    f"WHERE state = 'failed' AND NOT {OUTDATED}"
)
_HURRY = "UPDATE callbacks SET due_at = ? WHERE state = 'waiting' AND due_at > ?"
_TIDY = (
    "DELETE FROM callbacks WHERE rowid IN (SELECT rowid FROM callbacks WHERE state <> 'waiting' AND settled_at < ? "  # noqa: S608 - ours
    f"AND (state = 'delivered' OR settled_at < ? OR {OUTDATED}) LIMIT ?)"
)


@implementer(IOutbox)
class SqliteOutbox:
    """The callbacks in a file; `holder` names the gateway and its process; `now` gives seconds since the epoch."""

    def __init__(
        self,
        path: str | Path,
        reactor: Any,
        holder: str,
        *,
        now: Callable[[], float] = time.time,
        pool: Any = None,
        is_read_only: bool = False,
    ) -> None:
        self._file = SqliteFile(path, reactor, pool=pool, is_read_only=is_read_only)
        self.name = self._file.name
        self._holder = holder
        self._now = now
        self._looked_at: dict[str, str] = {}  # the last receiver of each account that has more of them

    def open(self) -> Deferred[None]:
        """Open the file."""
        return self._file.open(read_schema("sqlite"))

    def lease(
        self, limit: int, each: int, rooms: Mapping[str, int], full_accounts: Collection[str]
    ) -> Deferred[list[Leased]]:
        """Lease callbacks that are due."""
        return self._file.run(self._lease, limit, each, rooms, full_accounts)

    def settle(self, settlements: Sequence[Settlement]) -> Deferred[None]:
        """Write what came of attempts."""
        return self._file.run(self._settle, settlements)

    def release(self) -> Deferred[None]:
        """End the leases of this gateway."""
        gateway = self._holder.partition(" ")[0] + " "
        return self._file.run(_change, _RELEASE, (self._now(), len(gateway), gateway), None)

    def backlog(self) -> Deferred[Backlog]:
        """Count the callbacks that wait."""
        return self._file.run(self._backlog)

    def kept(self, states: Collection[State], limit: int) -> Deferred[list[Kept]]:
        """Read callbacks in these states."""
        return self._file.run(_kept, states, limit)

    def resend(self, call_sids: Collection[str] | None) -> Deferred[int]:
        """Let failed callbacks wait again."""
        if call_sids is None:
            return self._file.run(_change, _RESEND, (self._now(),), 0)
        return self._file.run(self._resend_some, call_sids)

    @deferred
    async def tidy(self) -> None:
        """Delete old callbacks, and hurry those that wait too long."""
        now = self._now()
        await self._file.run(_change, _HURRY, (now, now + FARTHEST_DUE_S), 0)
        values = (now - KEEP_DELIVERED_S, now - KEEP_FAILED_S, _DELETED_AT_ONCE)
        while await self._file.run(_change, _TIDY, values, 0) == _DELETED_AT_ONCE:
            pass

    def close(self) -> None:
        """Close the file after the current work ends."""
        self._file.close()

    def _lease(
        self, cursor: sqlite3.Cursor, limit: int, each: int, rooms: Mapping[str, int], full_accounts: Collection[str]
    ) -> list[Leased]:
        now = self._now()
        wanted = [
            (receiver, room)
            for receiver, account in _receivers(cursor, self._looked_at)
            if (room := 0 if account in full_accounts else rooms.get(receiver, each)) > 0
            and cursor.execute(_IS_DUE, (receiver, now)).fetchone()[0]
        ]
        if not wanted:
            return []  # without a transaction: the session store writes to the file
        cursor.execute("BEGIN IMMEDIATE")
        leased: list[Leased] = []
        for receiver, most in wanted:
            room = min(most, limit - len(leased))
            for key in cursor.execute(_DUE, (receiver, now, room)).fetchall():
                earlier = cursor.execute(_EARLIER, key).fetchone()
                if earlier is None:
                    cursor.execute(_LEASE, (now + LEASE_S, self._holder, now, *key))
                    leased += [read_leased(row, now) for row in cursor.execute(_READ, key)]
                else:
                    due_at, leased_by = earlier
                    soon = now + BEHIND_S
                    cursor.execute(_DEFER, (soon if leased_by else max(due_at, soon), *key))
        return leased

    def _settle(self, cursor: sqlite3.Cursor, settlements: Sequence[Settlement]) -> None:
        now = self._now()
        cursor.execute("BEGIN IMMEDIATE")
        for settlement in settlements:
            leased, state = settlement.leased, settlement.state
            is_delivered = state == "delivered"
            new = (state, settlement.why, leased.attempts + 1, now + settlement.pause_s)
            settled_at = None if state == "waiting" else now
            key = (leased.call_sid, leased.position)
            cursor.execute(_SETTLE, (*new, settled_at, is_delivered, *key, self._holder, is_delivered))

    def _backlog(self, cursor: sqlite3.Cursor) -> Backlog:
        ((waiting, begin),) = cursor.execute(_BACKLOG).fetchall()
        return Backlog(waiting=waiting, oldest_s=0.0 if begin is None else max(0.0, self._now() - begin))

    def _resend_some(self, cursor: sqlite3.Cursor, call_sids: Collection[str]) -> int:
        cursor.execute("BEGIN IMMEDIATE")
        return sum(cursor.execute(f"{_RESEND} AND call_sid = ?", (self._now(), sid)).rowcount for sid in call_sids)


def _receivers(cursor: sqlite3.Cursor, looked_at: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Give each receiver that has callbacks waiting, and its account, by one step in the index for each.

    An account with more than `RECEIVERS_AT_ONCE` has the next ones in the next look: `looked_at` keeps the place.
    """
    row = cursor.execute(_NEXT_RECEIVER, ("",)).fetchone()
    while row is not None:
        account = row[1]
        if account in looked_at:
            row = cursor.execute(_NEXT_RECEIVER, (looked_at.pop(account),)).fetchone()
        last, count = "", 0
        while row is not None and row[1] == account and count < RECEIVERS_AT_ONCE:
            yield row
            last, count = row[0], count + 1
            row = cursor.execute(_NEXT_RECEIVER, (last,)).fetchone()
        if row is not None and row[1] == account:
            looked_at[account] = last
            row = cursor.execute(_NEXT_RECEIVER, (f"{account}!",)).fetchone()  # "!" follows the blank before the host


def _change(cursor: sqlite3.Cursor, statement: str, values: Sequence[object], nothing: Any) -> Any:
    cursor.execute("BEGIN IMMEDIATE")
    changed = cursor.execute(statement, values).rowcount
    return changed if nothing is not None else None


def _kept(cursor: sqlite3.Cursor, states: Collection[State], limit: int) -> list[Kept]:
    marks = ", ".join("?" * len(states))
    rows = cursor.execute(
        f"SELECT {', '.join(KEPT_COLUMNS)} FROM callbacks WHERE state IN ({marks}) "  # noqa: S608 - ours
        "ORDER BY due_at DESC, call_sid, position LIMIT ?",
        (*states, limit),
    )
    return [read_kept(row) for row in rows]
