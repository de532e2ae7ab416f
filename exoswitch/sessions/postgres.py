"""Adapter: a database of sessions in PostgreSQL, partitioned by month.

There are two connections, so that whoever looks for a call or claims one does not wait for a batch that is being
written. A batch is one statement, and so one transaction and one way to the server and back. PostgreSQL 12 or later.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable, CorruptRecord
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.document import from_text
from exoswitch.sessions.notes import (
    EVENT_COLUMNS,
    SESSION_COLUMNS,
    Note,
    event_row,
    newest,
    session_row,
)
from exoswitch.store.months import Month
from exoswitch.store.postgres import Ask, PostgresConnection
from exoswitch.store.schema_files import read_schema
from exoswitch.store.schema_versions import Version, due

_LOCK = 0x65786F73  # "exos": any number that nobody else in the database locks
_ANSWER_S = 10.0  # more than the server's own limit of a statement
_UPGRADE_S = 600.0
_MONTHS_AHEAD = 2
_TABLES = ("sessions", "events")
_FORGOTTEN_AT_ONCE = 10_000  # claims, so that a batch does not wait long

_TIMES = frozenset({"created_at", "updated_at", "answered_at", "ended_at", "happened_at"})
_NUMBERS = frozenset({"sequence"})


def _insert(table: str, columns: Sequence[str]) -> str:
    """Write the INSERT that takes one array for each column."""
    arrays = ", ".join(f"%s::{_array_type(name)}[]" for name in columns)
    values = ", ".join(f"to_timestamp({name})" if name in _TIMES else name for name in columns)
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) AS note ({names})"  # noqa: S608 - ours


def _array_type(column: str) -> str:
    if column in _TIMES:
        return "float8"
    return "bigint" if column in _NUMBERS else "text"


_WRITE = (
    f"WITH added AS ({_insert('events', EVENT_COLUMNS)} ON CONFLICT DO NOTHING) "
    + _insert("sessions", SESSION_COLUMNS)
    + " ON CONFLICT (call_sid, created_at) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in SESSION_COLUMNS if name not in {"call_sid", "created_at"})
    + " WHERE excluded.sequence > sessions.sequence"
)
# Whoever claims again writes again, so that what it is told is on the disk by its own transaction.
_CLAIM = (
    "INSERT INTO claims (call_sid, token, claimed_at) SELECT call_sid, %s, to_timestamp(%s) "
    "FROM unnest(%s::text[]) AS claimed (call_sid) ON CONFLICT (call_sid) "
    "DO UPDATE SET token = excluded.token WHERE claims.token = excluded.token RETURNING call_sid"
)
_FORGET_CLAIMS = (
    "WITH forgotten AS (DELETE FROM claims WHERE call_sid IN (SELECT call_sid FROM claims "
    "WHERE claimed_at < to_timestamp(%s) ORDER BY claimed_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING 1) "
    "SELECT count(*) FROM forgotten"
)


@implementer(ISessionDatabase)
class PostgresDatabase:
    """Sessions in a database whose address is ``postgresql://USER:PASSWORD@HOST:PORT/NAME``, as libpq takes it."""

    def __init__(
        self, address: str, reactor: Any, *, versions: Sequence[Version] | None = None, answer_s: float = _ANSWER_S
    ) -> None:
        parts = urlsplit(address)
        self.name = f"PostgreSQL database {parts.path.lstrip('/')} at {parts.hostname}"
        self._versions = read_schema("postgres") if versions is None else versions
        self._writer = PostgresConnection(address, self.name, reactor, answer_s=answer_s)
        self._quick = PostgresConnection(address, self.name, reactor, answer_s=answer_s)
        self._months: set[Month] = set()

    def open(self) -> Deferred[None]:
        """Connect if need be, and bring the schema to the newest version."""
        self._months.clear()
        return self._writer.run(self._upgrade, within_s=_UPGRADE_S)

    def write(self, notes: Sequence[Note]) -> Deferred[None]:
        """Write notes in one transaction."""
        return Deferred.fromCoroutine(self._write(notes))

    def recall(self, call_sids: Collection[str]) -> Deferred[list[Note]]:
        """Read the newest notes of these calls."""
        return Deferred.fromCoroutine(self._recall(call_sids))

    def unfinished(self, gateway: str) -> Deferred[list[str]]:
        """Give the SIDs of this gateway's calls that have not ended."""
        return Deferred.fromCoroutine(self._unfinished(gateway))

    def claim(self, call_sids: Collection[str], token: str, now: float) -> Deferred[frozenset[str]]:
        """Write down who claims these calls, in one transaction."""
        return Deferred.fromCoroutine(self._claim(call_sids, token, now))

    def tidy(self, now: float, keep_from: float) -> Deferred[None]:
        """Make this month's partitions and the next ones', drop those that lie before `keep_from`, and old claims."""
        return Deferred.fromCoroutine(self._tidy(now, keep_from))

    def close(self) -> Deferred[None]:
        """Disconnect."""
        for line in (self._writer, self._quick):
            line.close()
        return succeed(None)

    async def _upgrade(self, ask: Ask) -> None:
        await _begin(ask)
        await ask("SET LOCAL statement_timeout = 0")
        await ask(
            "CREATE TABLE IF NOT EXISTS schema_versions "
            "(version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        ((current,),) = await ask("SELECT coalesce(max(version), 0) FROM schema_versions")
        for version in due(self._versions, current):
            await ask(version.text)
            await ask("INSERT INTO schema_versions (version, name) VALUES (%s, %s)", version.number, version.name)
        await ask("COMMIT")

    async def _write(self, notes: Sequence[Note]) -> None:
        missing = {Month.of(note.session.created_at) for note in notes} - self._months
        if missing:
            await self._writer.run(lambda ask: _add_in_transaction(ask, missing))
            self._months |= missing
        events = _columns(map(event_row, notes))
        sessions = _columns(map(session_row, newest(notes)))
        await self._writer.run(lambda ask: ask(_WRITE, *events, *sessions))

    async def _recall(self, call_sids: Collection[str]) -> list[Note]:
        question = "SELECT sequence, document FROM sessions WHERE call_sid = ANY(%s::text[])"
        rows = await self._quick.run(lambda ask: ask(question, list(call_sids)))
        try:
            return [Note(sequence, from_text(document)) for sequence, document in rows]
        except CorruptRecord as error:
            raise BackendUnavailable(f"{self.name}: {error}") from error

    async def _unfinished(self, gateway: str) -> list[str]:
        question = "SELECT call_sid FROM sessions WHERE gateway = %s AND ended_at IS NULL"
        return [call_sid for (call_sid,) in await self._quick.run(lambda ask: ask(question, gateway))]

    async def _claim(self, call_sids: Collection[str], token: str, now: float) -> frozenset[str]:
        in_order = sorted(set(call_sids))  # Others who claim some of them lock the rows in the same order.
        rows = await self._quick.run(lambda ask: ask(_CLAIM, token, now, in_order))
        return frozenset(call_sid for (call_sid,) in rows)

    async def _tidy(self, now: float, keep_from: float) -> None:
        months = [Month.of(now)]
        for _ in range(_MONTHS_AHEAD):
            months.append(months[-1].next)

        async def tidy(ask: Ask) -> None:
            await _begin(ask)
            await _add_partitions(ask, months)
            await self._drop_partitions(ask, keep_from)
            await ask("COMMIT")
            self._months.update(months)

        await self._writer.run(tidy)
        forgotten = _FORGOTTEN_AT_ONCE
        while forgotten == _FORGOTTEN_AT_ONCE:
            rows = await self._writer.run(lambda ask: ask(_FORGET_CLAIMS, keep_from, _FORGOTTEN_AT_ONCE))
            forgotten = rows[0][0]

    async def _drop_partitions(self, ask: Ask, keep_from: float) -> None:
        names = await ask(
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid "
            "WHERE inhparent IN ('sessions'::regclass, 'events'::regclass)"
        )
        for (name,) in names:
            month = Month.of_partition(name)
            if month is not None and month.ended_before(keep_from):
                self._months.discard(month)
                await ask(f"DROP TABLE {name}")


async def _begin(ask: Ask) -> None:
    """Begin a transaction that changes tables; another gateway that is about to waits until it has ended."""
    await ask("BEGIN")
    await ask("SET LOCAL lock_timeout = 0")
    await ask("SELECT pg_advisory_xact_lock(%s)", _LOCK)


async def _add_in_transaction(ask: Ask, months: Iterable[Month]) -> None:
    await _begin(ask)
    await _add_partitions(ask, months)
    await ask("COMMIT")


async def _add_partitions(ask: Ask, months: Iterable[Month]) -> None:
    for month in sorted(months):
        for table in _TABLES:
            await ask(
                f"CREATE TABLE IF NOT EXISTS {month.partition(table)} PARTITION OF {table} "
                f"FOR VALUES FROM ('{month.begins}') TO ('{month.next.begins}')"
            )


def _columns(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    """Turn rows into columns."""
    return [list(column) for column in zip(*rows, strict=True)]
