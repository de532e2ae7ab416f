"""Adapter: one connection to a PostgreSQL server, through txpostgres; it is made when needed, and dropped when dead.

txpostgres 1.7 has three traps. An idle connection that breaks raises out of `doRead`: the error would be logged as
unhandled, and the broken connection would stay. `cancel` raises out of its caller. `runInteraction` logs a failure
when it cannot roll back. So a time-out leaves the Deferred alone and closes the connection. An error in a transaction
closes the connection too, and that rolls it back.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar

import psycopg2
import psycopg2.errors
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.error import ConnectionClosed
from twisted.internet.task import deferLater
from txpostgres.txpostgres import AlreadyPolling, Connection, UnexpectedPollResult

from exoswitch.errors import BackendUnavailable, NotMadeYet, RecordRefused
from exoswitch.network.reactor_names import ReactorNames
from exoswitch.store.postgres_address import without_secrets
from exoswitch.store.postgres_hosts import host_parameters
from exoswitch.store.schema_versions import Version, due
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.within import within

_SETTINGS = "-c synchronous_commit=on -c statement_timeout=8s -c lock_timeout=5s"
_UNANSWERED_MS = 10_000  # how long TCP waits for an acknowledgement from the server
_SCHEMA_LOCK = 0x65786F73  # "exos": the advisory lock of all schema changes; no other program uses this number

_REFUSALS = {"22", "23", "44", "54", "P0"}  # bad data, broken constraint, view's check, size limit, trigger's RAISE

_Result = TypeVar("_Result")


class Ask(Protocol):
    """Sends one statement and gives its rows."""

    def __call__(self, statement: str, *parameters: object) -> Awaitable[list[tuple[Any, ...]]]:
        """Send a statement; `parameters` replace each ``%s`` in it."""
        ...


class _WatchedConnection(Connection):  # type: ignore[misc] # txpostgres has no types
    """A connection that reports when it breaks while it is idle."""

    on_broken: Callable[[], None]

    def doRead(self) -> None:
        """Read from the server; an error here means that the connection has ended.

        A ValueError means it too: libpq has closed its socket, and the library asks the reactor to watch it.
        """
        try:
            super().doRead()
        except (psycopg2.Error, ValueError):
            self.on_broken()


class PostgresConnection:
    """A connection for one piece of work at a time; `address` is in libpq's form, and is never logged.

    Connecting may take `answer_s`. One piece of work may take as long, with its wait for the work before it.
    """

    def __init__(self, address: str, name: str, reactor: Any, *, answer_s: float) -> None:
        self._address = address
        self._name = name
        self._reactor = reactor
        self._answer_s = answer_s
        self._lock = DeferredLock()
        self._connection: _WatchedConnection | None = None
        self._is_closed = False

    def run(
        self, work: Callable[[Ask], Awaitable[_Result]], *, within_s: float | None = None, makes_tables: bool = False
    ) -> Deferred[_Result]:
        """Do some work with the connection; connect first if there is none.

        If it `makes_tables`, a table that is missing is its own fault.

        Raises:
            BackendUnavailable: the server cannot be reached, breaks the connection, refuses a statement, or takes too
                long.
            NotMadeYet: the database has no tables.
            RecordRefused: the server refuses a value, or a value breaks a rule of the schema.
        """
        deadline = self._reactor.seconds() + (within_s or self._answer_s)
        return self._lock.run(self._run, work, deadline, makes_tables)

    def close(self) -> None:
        """Disconnect, and connect never again."""
        self._is_closed = True
        self._discard()

    @deferred
    async def _run(self, work: Callable[[Ask], Awaitable[_Result]], deadline: float, makes_tables: bool) -> _Result:
        if self._is_closed:
            raise BackendUnavailable(f"{self._name}: it is closed")
        if deadline <= self._reactor.seconds():
            await deferLater(self._reactor, 0)  # The next one fails too: on a stack of its own, not on this one.
            raise BackendUnavailable(f"{self._name}: no answer to earlier questions in time")
        try:
            connection = self._connection or await self._connect()
            return await self._in_time(_awaited(work(_ask(connection))), deadline - self._reactor.seconds())
        except BackendUnavailable as problem:
            self._discard()
            raise BackendUnavailable(without_secrets(str(problem), self._address)) from None
        except (psycopg2.Error, ConnectionClosed, AlreadyPolling, UnexpectedPollResult, OSError, ValueError) as error:
            self._discard()
            if isinstance(error, psycopg2.errors.UndefinedTable) and not makes_tables:
                raise NotMadeYet(f"{self._name} has no tables yet; a gateway makes them when it starts") from None
            kind = RecordRefused if _is_refusal(error) else BackendUnavailable
            raise kind(f"{self._name}: {without_secrets(_in_one_line(error), self._address)}") from None
        except Exception:
            self._discard()  # an error in exoswitch may have left a transaction open
            raise

    async def _connect(self) -> _WatchedConnection:
        hosts = await host_parameters(self._address, ReactorNames(self._reactor))
        connection = self._connection = _WatchedConnection(self._reactor)
        connection.on_broken = self._discard
        connecting = connection.connect(
            self._address,
            application_name="exoswitch",
            client_encoding="UTF8",
            options=_SETTINGS,
            tcp_user_timeout=_UNANSWERED_MS,
            **hosts,
        )
        await self._in_time(connecting, self._answer_s)
        return connection

    def _in_time(self, asked: Deferred[_Result], seconds: float) -> Deferred[_Result]:
        """Wait for an answer this long; ignore it if it comes later: what is asked is not cancelled."""
        answer: Deferred[_Result] = Deferred()
        asked.chainDeferred(answer)
        return within(max(round(seconds, 1), 0.0), self._reactor, answer, self._name)

    def _discard(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # A broken connection may be closed already, or was never open.
                connection.close()


@asynccontextmanager
async def schema_change(ask: Ask) -> AsyncIterator[None]:
    """Change tables in one transaction; schema changes of other gateways wait for its end."""
    await ask("BEGIN")
    await ask("SET LOCAL lock_timeout = 0")
    await ask("SELECT pg_advisory_xact_lock(%s)", _SCHEMA_LOCK)
    yield
    await ask("COMMIT")


async def upgrade(ask: Ask, versions: Sequence[Version]) -> None:
    """Apply the newer versions of the schema in one transaction."""
    async with schema_change(ask):
        await ask("SET LOCAL statement_timeout = 0")
        await ask(
            "CREATE TABLE IF NOT EXISTS schema_versions "
            "(version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        ((current,),) = await ask("SELECT coalesce(max(version), 0) FROM schema_versions")
        for version in due(versions, current):
            await ask(version.text)
            await ask("INSERT INTO schema_versions (version, name) VALUES (%s, %s)", version.number, version.name)


@deferred
async def _awaited(work: Awaitable[_Result]) -> _Result:
    return await work


def _ask(connection: _WatchedConnection) -> Ask:
    async def ask(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        cursor = connection.cursor()
        await cursor.execute(statement, parameters or None)
        rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        cursor.close()
        return rows

    return ask


def _is_refusal(error: Exception) -> bool:
    """Whether the server works, and refuses what is written; see Appendix A of PostgreSQL's documentation."""
    return (getattr(error, "pgcode", None) or "")[:2] in _REFUSALS


def _in_one_line(error: Exception) -> str:
    """Give the server's words. An error about the address is given without them: the address holds a password."""
    if isinstance(error, psycopg2.ProgrammingError) and "dsn" in str(error):
        return "libpq does not understand its address; see postgresql:// in the configuration"
    return " ".join(str(error).split()) or type(error).__name__
