"""Adapter: the connection to one server: made, prepared, and made again when it breaks.

    down ── connect ──► connected ── prepare ──► up
     ▲                      │                     │
     └───── wait, longer after each failure ◄─────┘

The link prepares a connection after ClientService has made it, and not in ClientService's prepareConnection: Twisted
26.10 raises NoTransition for a connection that is lost while it is being prepared, and leaves one open whose
preparation failed.
"""

import random
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from attrs import frozen
from twisted.application.internet import ClientService, backoffPolicy
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory
from twisted.logger import Logger, LogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable
from exoswitch.tasks.spawn import spawn

REPEAT_WARNING_S = 60.0  # a server that stays away is logged once a minute, not at each attempt


class Connection(Protocol):
    """A protocol that the link has connected."""

    transport: ITCPTransport


C = TypeVar("C", bound=Connection)
Found = TypeVar("Found")


@frozen(kw_only=True)
class Pace:
    """How patient a link is: the first and the longest pause between attempts, and how long a stop may take.

    Up to 1 s of jitter is added to each pause.
    """

    first_s: float
    longest_s: float
    stop_s: float


class Link(Service, Generic[C, Found]):
    """Keeps one connection to a server while the service runs.

    A subclass says how a connection is made (`make_protocol`), prepared (`prepare`) and used (`came_up`,
    `went_down`). Its protocols report `connected` and `lost`. `server` and `where` name the server and its address in
    the log. `rng` spreads the attempts of many gateways. `extra_wait_s` is added to each pause between attempts.
    """

    _log = Logger()

    connection: C | None = None
    is_up = False
    extra_wait_s = 0.0

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        *,
        server: str,
        where: str,
        pace: Pace,
        clock: IReactorTime,
        rng: random.Random,
    ) -> None:
        self.server = server
        self.where = where
        self._pace = pace
        self._clock = clock
        self._backoff = backoffPolicy(pace.first_s, pace.longest_s, factor=2.0, jitter=rng.random)
        self._failures = 0
        self._next_wait_s: float | None = None
        self._warned = ""
        self._warned_at = 0.0
        factory = Factory.forProtocol(self.make_protocol)
        factory.noisy = False
        self._client = _QuietClient(
            _WatchedEndpoint(endpoint, self._unreachable),
            factory,
            retryPolicy=self._retry_delay,
            clock=clock,
        )

    # --- What a subclass says -------------------------------------------------------------------------------------

    def make_protocol(self) -> Any:
        """Make the protocol of a connection that is about to be made."""
        raise NotImplementedError

    async def prepare(self, connection: C) -> Found:
        """Log in, for instance, and read what `came_up` needs.

        Raises:
            BackendUnavailable: this connection is of no use; the link drops it.
        """
        raise NotImplementedError

    def came_up(self, connection: C, found: Found) -> None:
        """Use the connection from now on; `found` is the result of `prepare`."""

    def went_down(self, reason: str) -> None:
        """Stop using a connection that was up; not called once the service is stopped."""

    # --- IService -------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Begin to connect."""
        super().startService()
        self._client.startService()

    def stopService(self) -> Deferred[None]:
        """Disconnect; abort the connection if the server does not take the rest of our bytes in time."""
        super().stopService()
        forced = self._clock.callLater(self._pace.stop_s, self.drop, "stopped")

        def stopped(_: None) -> None:
            if forced.active():
                forced.cancel()

        return self._client.stopService().addCallback(stopped)

    # --- One connection -------------------------------------------------------------------------------------------

    def connected(self, connection: C) -> None:
        """Prepare a new connection."""
        self.connection = connection
        spawn(self._prepare(connection), self._log, f"preparing the connection to {self.server}")

    def lost(self, connection: C, reason: str) -> None:
        """Forget a connection; only the first call for each counts."""
        if connection is not self.connection:
            return
        self.connection = None
        was_up, self.is_up = self.is_up, False
        if self.running:
            self._warn("the link to {server} is down: {reason}", reason)
            if was_up:
                self.went_down(reason)

    def drop(self, reason: str) -> None:
        """Abort the connection, if there is one; it counts as lost at once."""
        connection = self.connection
        if connection is not None:
            self.lost(connection, reason)
            connection.transport.abortConnection()

    async def _prepare(self, connection: C) -> None:
        try:
            found = await self.prepare(connection)
        except Exception as problem:
            if connection is self.connection:
                self.drop(str(problem))
            if isinstance(problem, BackendUnavailable):
                return
            raise
        if connection is self.connection:
            self._failures, self._warned, self.is_up = 0, "", True
            self._log.info("{server} is ready at {where}", server=self.server, where=self.where)
            self.came_up(connection, found)

    def _unreachable(self, failure: Failure) -> None:
        if self.running:
            self._warn("{server} cannot be reached at {where}: {reason}", failure.getErrorMessage())

    def _warn(self, text: str, reason: str, *, retries: bool = True) -> None:
        """Warn of a trouble once, and again after a while; with `retries` say when the link is tried again."""
        now = self._clock.seconds()
        if reason != self._warned or now >= self._warned_at + REPEAT_WARNING_S:
            self._warned, self._warned_at = reason, now
            trouble = text.format(server=self.server, where=self.where, reason=reason.rstrip("."))
            if not retries:
                self._log.warn("{trouble}", trouble=trouble)
                return
            wait_s = self._choose_wait()
            self._log.warn("{trouble}; the next attempt is in {wait_s:.1f} s", trouble=trouble, wait_s=wait_s)

    def _retry_delay(self, _: int) -> float:
        wait_s = self._choose_wait()
        self._next_wait_s = None
        return wait_s

    def _choose_wait(self) -> float:
        """Count the failures ourselves: ClientService forgets them at each connection, also at one of no use."""
        if self._next_wait_s is None:
            self._failures += 1
            self._next_wait_s = self._backoff(self._failures) + self.extra_wait_s
        return self._next_wait_s


class _QuietClient(ClientService):
    """A client whose attempts are told by the link: the client's own lines are many, and give no reason."""

    _log = Logger(observer=LogPublisher())


@implementer(IStreamClientEndpoint)
@frozen
class _WatchedEndpoint:
    """An endpoint that reports why it could not connect; ClientService keeps the reason to itself."""

    endpoint: IStreamClientEndpoint
    failed: Callable[[Failure], None]

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        def report(failure: Failure) -> Failure:
            self.failed(failure)
            return failure

        return self.endpoint.connect(protocolFactory).addErrback(report)
