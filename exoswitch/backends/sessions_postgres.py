"""Adapter: a database of sessions in PostgreSQL, partitioned by month.

There are two connections, so that whoever looks for a call does not wait for a batch that is being written. A batch
is one statement, and so one transaction and one way to the server and back. PostgreSQL 12 or later.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from exoswitch.backends.months import Month
from exoswitch.backends.postgres_line import Ask, PostgresLine
from exoswitch.backends.schema_files import read_schema
from exoswitch.backends.schema_versions import Version, due
from exoswitch.backends.session_database import ISessionDatabase
from exoswitch.backends.session_document import from_text
from exoswitch.backends.session_notes import EVENT_COLUMNS, SESSION_COLUMNS, Note, event_row, newest, session_row
from exoswitch.errors import BackendUnavailable, RemoteProtocolError
from exoswitch.session import Session

_LOCK = 0x65786F73  # "exos": any number that nobody else in the database locks
_ANSWER_S = 10.0  # more than the server's own limit of a statement
_UPGRADE_S = 600.0
_MONTHS_AHEAD = 2
_TABLES = ("sessions", "events")

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


@implementer(ISessionDatabase)
class PostgresDatabase:
    """Sessions in a database whose address is ``postgresql://USER:PASSWORD@HOST:PORT/NAME``, as libpq takes it."""

    def __init__(
        self, address: str, reactor: Any, *, versions: Sequence[Version] | None = None, answer_s: float = _ANSWER_S
    ) -> None:
        parts = urlsplit(address)
        self.name = f"PostgreSQL database {parts.path.lstrip('/')} at {parts.hostname}"
        self._versions = read_schema("postgres") if versions is None else versions
        self._writer = PostgresLine(address, self.name, reactor, answer_s=answer_s)
        self._reader = PostgresLine(address, self.name, reactor, answer_s=answer_s)
        self._months: set[Month] = set()

    def open(self) -> Deferred[None]:
        """Connect if need be, and bring the schema to the newest version."""
        self._months.clear()
        return self._writer.run(self._upgrade, within_s=_UPGRADE_S)

    def write(self, notes: Sequence[Note]) -> Deferred[None]:
        """Write notes in one transaction."""
        return Deferred.fromCoroutine(self._write(notes))

    def find(self, call_sid: str) -> Deferred[Session | None]:
        """Read a session, or find that there is none."""

        async def find(ask: Ask) -> Session | None:
            rows = await ask("SELECT document FROM sessions WHERE call_sid = %s", call_sid)
            try:
                return from_text(rows[0][0]) if rows else None
            except RemoteProtocolError as error:
                raise BackendUnavailable(f"{self.name}: {error}") from error

        return self._reader.run(find)

    def tidy(self, now: float, keep_from: float) -> Deferred[None]:
        """Make the partitions of this month and the next ones, and drop those that lie before `keep_from`."""
        months = [Month.of(now)]
        for _ in range(_MONTHS_AHEAD):
            months.append(months[-1].next)

        async def tidy(ask: Ask) -> None:
            await _begin(ask)
            await _add_partitions(ask, months)
            await self._drop_partitions(ask, keep_from)
            await ask("COMMIT")
            self._months.update(months)

        return self._writer.run(tidy)

    def close(self) -> Deferred[None]:
        """Disconnect."""
        for line in (self._writer, self._reader):
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
