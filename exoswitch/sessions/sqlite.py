"""Adapter: a database of sessions in one SQLite file; the statements need SQLite 3.35 (2021)."""

import json
import sqlite3
import time
from collections.abc import Collection, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from exoswitch.billing.amounts import millionths, of_millionths
from exoswitch.call.search import CallSearch
from exoswitch.call.session import CallStatus
from exoswitch.errors import CorruptRecord
from exoswitch.sessions.callback_rows import CALLBACK_COLUMNS, KNOWN_CALLBACK, callback_rows, callback_values
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.notes import (
    EVENT_COLUMNS,
    IF_IT_MAY_FOLLOW,
    SESSION_COLUMNS,
    Note,
    event_row,
    newest,
    read_note,
    session_row,
    storable,
)
from exoswitch.sessions.search_sql import Dialect, Question, cost_question, live_bots_question, search_question
from exoswitch.store.schema_versions import Version, read_schema
from exoswitch.store.sqlite import SqliteFile
from exoswitch.tasks.deferred import deferred

_FORGOTTEN_AT_ONCE = 1000  # so that calls do not wait long
_GAP_S = 7 * 86_400.0


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - ours


_ADD_EVENT = _insert("events", EVENT_COLUMNS) + " ON CONFLICT DO NOTHING"
_SET_SESSION = (
    _insert("sessions", SESSION_COLUMNS)
    + f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in SESSION_COLUMNS[1:])}"
    + f" {IF_IT_MAY_FOLLOW}"
)
# Only the note that the session's row has now may tell its dialer anything.
_ADD_CALLBACK = (
    f"INSERT INTO callbacks ({', '.join(CALLBACK_COLUMNS)}) SELECT {', '.join('?' * len(CALLBACK_COLUMNS))} "  # noqa: S608 - ours
    f"WHERE EXISTS (SELECT 1 FROM sessions WHERE call_sid = ? AND sequence = ?) {KNOWN_CALLBACK}"
)
# A repeated claim writes again, so that its own transaction is on the disk before its answer.
_CLAIM = (
    "INSERT INTO claims (call_sid, token, claimed_at) VALUES (?, ?, ?) "
    "ON CONFLICT DO UPDATE SET token = excluded.token WHERE claims.token = excluded.token RETURNING call_sid"
)
DIALECT = Dialect(
    mark="?",
    moment="?",
    any_of="{} IN (SELECT value FROM json_each(?))",
    none_of="{} NOT IN (SELECT value FROM json_each(?))",
    texts=json.dumps,
    amount=millionths,
    names_index=True,
    has_months=False,
)
_STEPS_BETWEEN_LOOKS = 100_000  # some milliseconds
_LIST_S = 8.0  # less than the time for an answer: a list that nobody waits for must not delay the next ones
_OLDEST = "SELECT call_sid FROM sessions WHERE created_at < ? ORDER BY created_at LIMIT ?"


@implementer(ISessionDatabase)
class SqliteDatabase:
    """Sessions in a file; `pool` is adbapi's, or a test's double of it.

    With `is_read_only` the file is not made, upgraded or written to.
    """

    def __init__(
        self,
        path: str | Path,
        reactor: Any,
        *,
        versions: Sequence[Version] | None = None,
        pool: Any = None,
        is_read_only: bool = False,
    ) -> None:
        self._file = SqliteFile(path, reactor, pool=pool, is_read_only=is_read_only)
        self._lists = SqliteFile(path, reactor, pool=pool, is_read_only=True)
        self.name = self._file.name
        self._versions = read_schema("sqlite") if versions is None else versions

    @deferred
    async def open(self) -> None:
        """Make the file, or bring it to the newest version."""
        await self._file.open(self._versions)
        await self._lists.open(self._versions)

    def write(self, notes: Sequence[Note]) -> Deferred[None]:
        """Write notes in one transaction."""
        return self._file.run(_write, notes)

    def recall(self, call_sids: Collection[str]) -> Deferred[list[Note | CorruptRecord]]:
        """Read the newest notes of these calls."""
        return self._file.run(_recall, call_sids)

    def newest_call_at(self) -> Deferred[float | None]:
        """Give when the newest call began."""
        return self._file.run(_newest_call_at)

    def recent(self, limit: int) -> Deferred[list[Note | CorruptRecord]]:
        """Read the newest live calls, and the newest ones of all."""
        return self._file.run(_recent, limit)

    def unfinished(self, gateway: str) -> Deferred[list[str]]:
        """Give the SIDs of this gateway's calls that have not ended."""
        return self._file.run(_unfinished, gateway)

    def undialled(self, accepted_before: float, limit: int) -> Deferred[list[str]]:
        """Give the SIDs of calls that are still queued since before that time."""
        return self._file.run(_undialled, accepted_before, limit)

    def claim(self, call_sids: Collection[str], token: str, now: float) -> Deferred[frozenset[str]]:
        """Claim these calls in one transaction; give the ones that the token has now."""
        return self._file.run(_claim, call_sids, token, now)

    def search(self, search: CallSearch, leaving_out: Collection[str]) -> Deferred[list[tuple[Any, ...]]]:
        """Read a page of calls."""
        return self._lists.run(_rows, search_question(search, leaving_out, DIALECT))

    @deferred
    async def live_bots(self, account: str, leaving_out: Collection[str]) -> int:
        """Count live calls."""
        ((count,),) = await self._lists.run(_rows, live_bots_question(account, leaving_out, DIALECT))
        return int(count)

    @deferred
    async def costs(self, account: str, since: float) -> dict[str, Decimal]:
        """Sum up costs."""
        rows = await self._lists.run(_rows, cost_question(account, since, DIALECT))
        return {currency: of_millionths(cost) for currency, cost in rows}

    @deferred
    async def tidy(self, now: float, keep_from: float) -> None:
        """Delete calls that began before `keep_from`, and their claims."""
        del now
        while await self._file.run(_forget_some, keep_from) == _FORGOTTEN_AT_ONCE:
            pass

    def close(self) -> None:
        """Close the file after the current write ends."""
        self._lists.close()
        self._file.close()


def _write(cursor: sqlite3.Cursor, notes: Sequence[Note]) -> None:
    last = newest(notes)
    # Made before the transaction, in which other connections to the file wait: that of the outbox, for its marks.
    events, sessions = [*map(event_row, notes)], [*map(session_row, last)]
    callbacks = [(*callback_values(row), row.call_sid, note.sequence) for note, row in callback_rows(last)]
    cursor.execute("BEGIN IMMEDIATE")
    cursor.executemany(_ADD_EVENT, events)
    cursor.executemany(_SET_SESSION, sessions)
    cursor.executemany(_ADD_CALLBACK, callbacks)


def _recall(cursor: sqlite3.Cursor, call_sids: Collection[str]) -> list[Note | CorruptRecord]:
    marks = ", ".join("?" * len(call_sids))
    rows = cursor.execute(
        f"SELECT call_sid, sequence, document FROM sessions WHERE call_sid IN ({marks})",  # noqa: S608 - ours
        tuple(map(storable, call_sids)),
    )
    return [read_note(*row) for row in rows]


def _rows(cursor: sqlite3.Cursor, question: Question) -> list[tuple[Any, ...]]:
    """Read the rows; if that takes too long, SQLite ends it with an error."""
    deadline = time.monotonic() + _LIST_S
    cursor.connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
    try:
        return cursor.execute(question.text, question.values).fetchall()
    finally:
        cursor.connection.set_progress_handler(None, 0)


def _recent(cursor: sqlite3.Cursor, limit: int) -> list[Note | CorruptRecord]:
    rows = []
    for condition in ("WHERE ended_at IS NULL", ""):
        question = f"SELECT call_sid, sequence, document FROM sessions {condition} ORDER BY created_at DESC LIMIT ?"  # noqa: S608 - ours
        rows += cursor.execute(question, (limit,)).fetchall()
    return [read_note(*row) for row in {row[0]: row for row in rows}.values()]


def _newest_call_at(cursor: sqlite3.Cursor) -> float | None:
    """Give the newest time that is a number: SQLite orders texts after numbers."""
    newest = _one_time(cursor, "max", "<", 1e11)
    if newest is None:
        return None
    first, before = (_one_time(cursor, *rest, newest - _GAP_S) for rest in (("min", ">="), ("max", "<")))
    return before if first is not None and before is not None and first - before > _GAP_S else newest


def _one_time(cursor: sqlite3.Cursor, pick: str, compare: str, moment: float) -> float | None:
    rows = cursor.execute(
        f"SELECT {pick}(created_at) FROM sessions WHERE created_at {compare} ?",  # noqa: S608 - ours
        (moment,),
    )
    ((found,),) = rows.fetchall()
    return found if isinstance(found, float | int) else None


def _unfinished(cursor: sqlite3.Cursor, gateway: str) -> list[str]:
    rows = cursor.execute(
        "SELECT call_sid FROM sessions WHERE gateway = ? AND ended_at IS NULL", (storable(gateway),)
    )
    return [call_sid for (call_sid,) in rows]


def _undialled(cursor: sqlite3.Cursor, accepted_before: float, limit: int) -> list[str]:
    """Read the few calls that have not ended: by age alone SQLite would read all that have."""
    question = (
        "SELECT call_sid FROM sessions INDEXED BY sessions_unfinished "
        "WHERE ended_at IS NULL AND status = ? AND created_at < ? LIMIT ?"
    )
    return [call_sid for (call_sid,) in cursor.execute(question, (CallStatus.QUEUED.value, accepted_before, limit))]


def _claim(cursor: sqlite3.Cursor, call_sids: Collection[str], token: str, now: float) -> frozenset[str]:
    cursor.execute("BEGIN IMMEDIATE")
    return frozenset(
        call_sid for call_sid in call_sids if cursor.execute(_CLAIM, (storable(call_sid), token, now)).fetchall()
    )


def _forget_some(cursor: sqlite3.Cursor, keep_from: float) -> int:
    cursor.execute("BEGIN IMMEDIATE")
    oldest = cursor.execute(_OLDEST, (keep_from, _FORGOTTEN_AT_ONCE)).fetchall()
    for table in ("claims", "events", "sessions"):
        cursor.executemany(f"DELETE FROM {table} WHERE call_sid = ?", oldest)  # noqa: S608 - ours
    return len(oldest)
