"""Adapter: one connection to a PostgreSQL server, by txpostgres: made when it is needed, thrown away when it is dead.

txpostgres 1.7 has traps, and all are dealt with here: an idle connection that breaks raises out of `doRead`, where it
would be logged as an unhandled error and never be found out; `cancel` raises out of its caller; `runInteraction` logs
a failure when it cannot roll back. So a time-out leaves the Deferred to itself and closes the connection, and whoever
is in a transaction when anything goes wrong loses the connection, which rolls it back.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import psycopg2
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.error import ConnectionClosed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from txpostgres.txpostgres import AlreadyPolling, Connection, UnexpectedPollResult

from exoswitch.errors import BackendUnavailable

_SETTINGS = "-c synchronous_commit=on -c statement_timeout=8s -c lock_timeout=5s"
_UNANSWERED_MS = 10_000  # how long TCP may wait for the server's acknowledgement

_Result = TypeVar("_Result")


class Ask(Protocol):
    """A way to send one statement, and to wait for its rows."""

    def __call__(self, statement: str, *parameters: object) -> Awaitable[list[tuple[Any, ...]]]:
        """Send a statement; `parameters` stand for each ``%s`` in it."""
        ...


class _TooLate(Exception):  # noqa: N818
    """There was no answer in time."""


class _WatchedConnection(Connection):  # type: ignore[misc]
    """A connection that tells when it breaks while nobody asks anything of it."""

    on_broken: Callable[[], None]

    def doRead(self) -> None:  # noqa: N802
        """Hear from the server unasked; at an end of the connection, that is how it shows.

        A ValueError is one, too: libpq has closed its socket, and the library asks the reactor to watch it.
        """
        try:
            super().doRead()
        except (psycopg2.Error, ValueError):
            self.on_broken()


class PostgresConnection:
    """A connection for one question at a time; `address` is libpq's, and is never shown.

    It may take `answer_s` to connect, and a question as long, the wait for questions before it counted in.
    """

    def __init__(self, address: str, name: str, reactor: Any, *, answer_s: float) -> None:
        self._address = address
        self._name = name
        self._reactor = reactor
        self._answer_s = answer_s
        self._lock = DeferredLock()
        self._connection: _WatchedConnection | None = None
        self._is_closed = False

    def run(self, work: Callable[[Ask], Awaitable[_Result]], *, within_s: float | None = None) -> Deferred[_Result]:
        """Do something with the connection, which is made first if there is none.

        Raises:
            BackendUnavailable: it cannot be made, breaks, refuses what is asked, or all of it takes too long.
        """
        deadline = self._reactor.seconds() + (within_s or self._answer_s)
        return self._lock.run(lambda: Deferred.fromCoroutine(self._run(work, deadline)))

    def close(self) -> None:
        """Disconnect for good."""
        self._is_closed = True
        self._discard()

    async def _run(self, work: Callable[[Ask], Awaitable[_Result]], deadline: float) -> _Result:
        if self._is_closed:
            raise BackendUnavailable(f"{self._name}: it is closed")
        if deadline <= self._reactor.seconds():
            await deferLater(self._reactor, 0)  # Those behind this one fail as well, and not in each other's stacks.
            raise BackendUnavailable(f"{self._name}: no answer to others who asked before")
        try:
            connection = self._connection or await self._connect()
            return await self._in_time(_awaited(work(_ask(connection))), deadline - self._reactor.seconds())
        except BackendUnavailable:
            self._discard()
            raise
        except _TooLate as late:
            self._discard()
            raise BackendUnavailable(f"{self._name}: {late}") from None
        except (psycopg2.Error, ConnectionClosed, AlreadyPolling, UnexpectedPollResult, OSError, ValueError) as error:
            self._discard()
            raise BackendUnavailable(f"{self._name}: {_in_one_line(error)}") from error

    async def _connect(self) -> _WatchedConnection:
        connection = self._connection = _WatchedConnection(self._reactor)
        connection.on_broken = self._discard
        connecting = connection.connect(
            self._address,
            application_name="exoswitch",
            client_encoding="UTF8",
            options=_SETTINGS,
            tcp_user_timeout=_UNANSWERED_MS,
        )
        await self._in_time(connecting, self._answer_s)
        return connection

    def _in_time(self, asked: Deferred[_Result], seconds: float) -> Deferred[_Result]:
        """Wait for an answer, but not for ever; one that comes late is nobody's."""
        outcome: Deferred[_Result] = Deferred()
        timer: IDelayedCall = self._reactor.callLater(
            max(seconds, 0.0), lambda: outcome.errback(_TooLate(f"no answer within {seconds:.1f} s"))
        )

        def settle(result: Any) -> None:
            if timer.active():
                timer.cancel()
                outcome.callback(result)

        asked.addBoth(settle)
        return outcome

    def _discard(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # What is broken may be closed already, or never have been open.
                connection.close()


def _awaited(work: Awaitable[_Result]) -> Deferred[_Result]:
    async def wait() -> _Result:
        return await work

    return Deferred.fromCoroutine(wait())


def _ask(connection: _WatchedConnection) -> Ask:
    async def ask(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        cursor = connection.cursor()
        await cursor.execute(statement, parameters or None)
        rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        cursor.close()
        return rows

    return ask


def _in_one_line(error: Exception) -> str:
    """Say what the server said; a mistake in the address is told without the address, for a password is in it."""
    if isinstance(error, psycopg2.ProgrammingError) and "dsn" in str(error):
        return "the address is not one that libpq understands"
    return " ".join(str(error).split()) or type(error).__name__
