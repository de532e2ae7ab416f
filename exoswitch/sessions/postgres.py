"""Adapter: a database of sessions in PostgreSQL 12 or later, partitioned by month.

It has three connections: reads and claims do not wait for the batch that is being written, and neither of them waits
for a list of calls. A batch is one transaction of few statements, and a small one is one round trip.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from exoswitch.call.search import CallSearch
from exoswitch.call.session import CallStatus
from exoswitch.errors import CorruptRecord, RecordRefused
from exoswitch.outbox.callbacks import LATEST_DUE_S
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
from exoswitch.store.months import month_after, month_of, start_of
from exoswitch.store.partitions import add_partitions, drop_partitions, partitions
from exoswitch.store.postgres import Ask, PostgresConnection, schema_change, upgrade
from exoswitch.store.postgres_address import database_name
from exoswitch.store.schema_versions import Version, read_schema
from exoswitch.tasks.deferred import deferred

_ANSWER_S = 10.0  # more than the server's own limit for a statement
_UPGRADE_S = 600.0
_MONTHS_AHEAD = 2
NOTES_IN_A_TURN = 8
"""Their rows, and those of their callbacks, take up to 2 ms of the reactor: audio waits for no batch."""

_TABLES = ("sessions", "events")
_FORGOTTEN_AT_ONCE = 10_000  # claims; a batch waits for one such statement

_TIMES = ("created_at", "updated_at", "answered_at", "ended_at", "happened_at")
# The server's clock says what is due: a gateway whose clock is ahead of it must not delay its callbacks.
_DUE = f"least(to_timestamp({{}}), clock_timestamp() + make_interval(secs => {LATEST_DUE_S}))"
_AMOUNTS = ("cost", "baseline", "price")  # they come in whole millionths
_NUMBERS = ("sequence", "talked_ms", "billed_s", "position", "leg", *_AMOUNTS)
_TYPES = {**dict.fromkeys(_NUMBERS, "bigint"), **dict.fromkeys((*_TIMES, "due_at"), "float8")}  # all others are text


def _insert(table: str, columns: Sequence[str]) -> str:
    """Give the INSERT that takes one array for each column."""
    arrays = ", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in columns)
    forms = dict.fromkeys(_TIMES, "to_timestamp({})") | dict.fromkeys(_AMOUNTS, "{} * 0.000001") | {"due_at": _DUE}
    values = ", ".join(forms.get(name, "{}").format(name) for name in columns)
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) AS note ({names})"  # noqa: S608 - ours


_WRITE = (
    f"WITH added AS ({_insert('events', EVENT_COLUMNS)} ON CONFLICT DO NOTHING), written AS ("
    + _insert("sessions", SESSION_COLUMNS)
    + " ON CONFLICT (call_sid, created_at) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in SESSION_COLUMNS if name not in {"call_sid", "created_at"})
    + f" {IF_IT_MAY_FOLLOW} RETURNING sessions.call_sid AS written_sid) "
    # Only a note that a session's row has taken may tell its dialer anything.
    + _insert("callbacks", CALLBACK_COLUMNS)
    + f" JOIN written ON written_sid = call_sid {KNOWN_CALLBACK}"
)
# A repeated claim writes again, so that its own transaction is on the disk before its answer.
_CLAIM = (
    "INSERT INTO claims (call_sid, token, claimed_at) SELECT call_sid, %s, to_timestamp(%s) "
    "FROM unnest(%s::text[]) AS claimed (call_sid) ON CONFLICT (call_sid) "
    "DO UPDATE SET token = excluded.token WHERE claims.token = excluded.token RETURNING call_sid"
)
DIALECT = Dialect(
    mark="%s",
    moment="to_timestamp(%s)",
    any_of="{} = ANY(%s::text[])",
    none_of="{} <> ALL(%s::text[])",
    texts=list,
    amount=lambda amount: amount,
    names_index=False,
    has_months=True,
)
_FORGET_CLAIMS = (
    "WITH forgotten AS (DELETE FROM claims WHERE call_sid IN (SELECT call_sid FROM claims "
    "WHERE claimed_at < to_timestamp(%s) ORDER BY claimed_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING 1) "
    "SELECT count(*) FROM forgotten"
)


@implementer(ISessionDatabase)
class PostgresDatabase:
    """Sessions in the database at `address`: ``postgresql://USER:PASSWORD@HOST:PORT/NAME``, in libpq's form.

    With `is_read_only` the schema is neither made nor upgraded: a role that may only read, or a standby, is enough.
    """

    def __init__(
        self,
        address: str,
        reactor: Any,
        *,
        versions: Sequence[Version] | None = None,
        answer_s: float = _ANSWER_S,
        is_read_only: bool = False,
    ) -> None:
        self.name = database_name(address)
        self._is_read_only = is_read_only
        self._versions = read_schema("postgres") if versions is None else versions
        self._writer = PostgresConnection(address, self.name, reactor, answer_s=answer_s)
        self._quick = PostgresConnection(address, self.name, reactor, answer_s=answer_s)
        self._lists = PostgresConnection(address, self.name, reactor, answer_s=answer_s)
        self._months: set[dt.date] = set()

    @deferred
    async def open(self) -> None:
        """Connect if there is no connection, and bring the schema to the newest version."""
        self._months.clear()
        if self._is_read_only:
            await self._quick.run(lambda ask: ask("SELECT 1"))
        else:
            await self._writer.run(lambda ask: upgrade(ask, self._versions), within_s=_UPGRADE_S, makes_tables=True)

    @deferred
    async def write(self, notes: Sequence[Note]) -> None:
        """Write notes in one transaction."""
        months = _months_of(notes)
        try:
            await self._write(notes, months)
        except RecordRefused:
            if months <= self._months:  # Another gateway may have dropped one of them.
                self._months -= months
                await self._write(notes, months)
            else:
                raise

    async def _write(self, notes: Sequence[Note], months: set[dt.date]) -> None:
        missing = months - self._months
        if missing:
            await self._writer.run(lambda ask: _add_months(ask, missing))
            self._months |= missing
        await self._writer.run(lambda ask: _write_in_turns(ask, notes))

    @deferred
    async def recall(self, call_sids: Collection[str]) -> list[Note | CorruptRecord]:
        """Read the newest notes of these calls."""
        question = "SELECT call_sid, sequence, document FROM sessions WHERE call_sid = ANY(%s::text[])"
        return [
            read_note(*row) for row in await self._quick.run(lambda ask: ask(question, [*map(storable, call_sids)]))
        ]

    @deferred
    async def newest_call_at(self) -> float | None:
        """Give the end of the newest month that has a call: reading all calls of a month would take seconds."""
        return await self._quick.run(_newest_month_end)

    def recent(self, limit: int) -> Deferred[list[Note | CorruptRecord]]:
        """Read the newest live calls, and the newest ones of all."""
        return self._quick.run(lambda ask: _recent(ask, limit))

    @deferred
    async def unfinished(self, gateway: str) -> list[str]:
        """Give the SIDs of this gateway's calls that have not ended."""
        question = "SELECT call_sid FROM sessions WHERE gateway = %s AND ended_at IS NULL"
        return [call_sid for (call_sid,) in await self._quick.run(lambda ask: ask(question, storable(gateway)))]

    @deferred
    async def undialled(self, accepted_before: float, limit: int) -> list[str]:
        """Give the SIDs of calls that are still queued since before that time."""
        question = (
            "SELECT call_sid FROM sessions "
            "WHERE ended_at IS NULL AND status = %s AND created_at < to_timestamp(%s) LIMIT %s"
        )
        rows = await self._quick.run(lambda ask: ask(question, CallStatus.QUEUED.value, accepted_before, limit))
        return [call_sid for (call_sid,) in rows]

    @deferred
    async def claim(self, call_sids: Collection[str], token: str, now: float) -> frozenset[str]:
        """Claim these calls in one transaction; give the ones that the token has now."""
        known_as = {storable(call_sid): call_sid for call_sid in call_sids}
        in_order = sorted(known_as)  # Every gateway locks rows in this order, so that none deadlock.
        rows = await self._quick.run(lambda ask: ask(_CLAIM, token, now, in_order))
        return frozenset(known_as[call_sid] for (call_sid,) in rows)

    def search(self, search: CallSearch, leaving_out: Collection[str]) -> Deferred[list[tuple[Any, ...]]]:
        """Read a page of calls."""
        return self._list(search_question(search, leaving_out, DIALECT))

    @deferred
    async def live_bots(self, account: str, leaving_out: Collection[str]) -> int:
        """Count live calls."""
        ((count,),) = await self._list(live_bots_question(account, leaving_out, DIALECT))
        return int(count)

    @deferred
    async def costs(self, account: str, since: float) -> dict[str, Decimal]:
        """Sum up costs."""
        return dict(await self._list(cost_question(account, since, DIALECT)))

    def _list(self, question: Question) -> Deferred[list[tuple[Any, ...]]]:
        return self._lists.run(lambda ask: ask(question.text, *question.values))

    @deferred
    async def tidy(self, now: float, keep_from: float) -> None:
        """Add partitions for this month and the next ones; drop the ones before `keep_from`, and old claims."""
        await self._writer.run(lambda ask: self._move_partitions(ask, now, keep_from))
        forgotten = _FORGOTTEN_AT_ONCE
        while forgotten == _FORGOTTEN_AT_ONCE:
            rows = await self._writer.run(lambda ask: ask(_FORGET_CLAIMS, keep_from, _FORGOTTEN_AT_ONCE))
            forgotten = rows[0][0]

    def close(self) -> None:
        """Disconnect."""
        self._writer.close()
        self._quick.close()
        self._lists.close()

    async def _move_partitions(self, ask: Ask, now: float, keep_from: float) -> None:
        months = [month_of(now)]
        for _ in range(_MONTHS_AHEAD):
            months.append(month_after(months[-1]))
        async with schema_change(ask):
            await add_partitions(ask, _TABLES, months)
            dropped = await drop_partitions(ask, _TABLES, keep_from)
        self._months = (self._months | {*months}) - dropped


async def _add_months(ask: Ask, months: Iterable[dt.date]) -> None:
    async with schema_change(ask):
        await add_partitions(ask, _TABLES, months)


async def _write_in_turns(ask: Ask, notes: Sequence[Note]) -> None:
    """Write notes in one transaction; the rows of each statement are made and sent in a turn of the reactor."""
    # All gateways write, and so lock, the rows of calls in this order: none deadlock.
    in_order = sorted(notes, key=lambda note: (note.session.call_sid, note.sequence))
    parts = [in_order[start : start + NOTES_IN_A_TURN] for start in range(0, len(in_order), NOTES_IN_A_TURN)]
    if len(parts) == 1:
        await ask(_WRITE, *_values(in_order))
        return
    await ask("BEGIN")
    for part in parts:
        await ask(_WRITE, *_values(part))
    await ask("COMMIT")


def _values(notes: Sequence[Note]) -> list[list[object]]:
    """Give the arrays that _WRITE takes."""
    last = newest(notes)
    callbacks = _columns(callback_values(row) for _, row in callback_rows(last))
    return [
        *_columns(map(event_row, notes)),
        *_columns(map(session_row, last)),
        *(callbacks or [[]] * len(CALLBACK_COLUMNS)),
    ]


def _months_of(notes: Iterable[Note]) -> set[dt.date]:
    try:
        return {month_of(note.session.created_at) for note in notes}
    except (ValueError, OverflowError, OSError) as error:
        raise RecordRefused(f"a call began at a time that is no date: {error}") from error


async def _recent(ask: Ask, limit: int) -> list[Note | CorruptRecord]:
    """Read month by month: there is no index on the time alone."""
    columns, order = "SELECT call_sid, sequence, document FROM", "ORDER BY created_at DESC LIMIT %s"
    live = await ask(f"{columns} sessions WHERE ended_at IS NULL {order}", limit)
    newest: list[tuple[Any, ...]] = []
    for _, name in reversed(await partitions(ask, "sessions")):
        if len(newest) < limit:
            newest += await ask(f"{columns} {name} {order}", limit - len(newest))
    return [read_note(*row) for row in {row[0]: row for row in [*live, *newest]}.values()]


async def _newest_month_end(ask: Ask) -> float | None:
    newest: dt.date | None = None
    for month, name in reversed(await partitions(ask, "sessions")):
        ((has_calls,),) = await ask(f"SELECT EXISTS (SELECT 1 FROM {name})")  # noqa: S608 - ours
        if has_calls and newest is not None:
            is_gap = month_after(month) < newest
            return start_of(month_after(month if is_gap else newest))
        newest = month if has_calls else newest
    return None if newest is None else start_of(month_after(newest))


def _columns(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
