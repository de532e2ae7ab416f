"""Adapter: the link to one Asterisk's manager: connected, logged in, booted, filtered, listed; and all that again.

A link goes through these stages, and starts over, later and later, from wherever it broke::

    down ─ connect ─► logging in ─ FullyBooted ─► filtering ─ CoreShowChannels ─► ready

It logs in after ClientService has connected and not in its prepareConnection: ClientService (Twisted 26.10) raises
NoTransition for a connection that is lost while it is being prepared, and leaves one open whose preparation failed.
"""

import random
from collections.abc import Callable
from typing import Protocol

from attrs import frozen
from twisted.application.internet import ClientService, backoffPolicy
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.ami.actions import list_channels
from exoswitch.ami.client import AmiListener, AmiProtocol, LoginRefused
from exoswitch.ami.filters import WANTED_EVENTS, filter_actions
from exoswitch.ami.message import AmiMessage
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import BackendUnavailable, ConfigError, Problem
from exoswitch.tasks.spawn import spawn

BOOT_WAIT_S = 120.0
LOGIN_RETRY_S = 60.0  # a wrong secret does not mend itself; and Asterisk counts and logs each attempt
STOP_WAIT_S = 2.0


class LinkUser(Protocol):
    """Whoever a link serves."""

    def link_ready(self, ami: AmiProtocol, channels: list[AmiMessage]) -> None:
        """Everything can be asked of Asterisk; `channels` are the CoreShowChannel events of all that are up."""

    def link_event(self, message: AmiMessage) -> None:
        """Take an event; they come from the login on, before and after `link_ready`."""

    def link_lost(self, reason: str) -> None:
        """Know that the link was ready, and is so no more; called before any waiting action fails."""


class _AmiFactory(Factory):
    noisy = False

    def __init__(self, make_protocol: Callable[[], AmiProtocol]) -> None:
        self._make_protocol = make_protocol

    def buildProtocol(self, addr: IAddress | None) -> AmiProtocol:  # noqa: ARG002, N802 - Twisted's name
        return self._make_protocol()


@implementer(IStreamClientEndpoint)
@frozen
class _ToldEndpoint:
    """An endpoint that tells why it could not connect, which ClientService keeps to itself."""

    endpoint: IStreamClientEndpoint
    failed: Callable[[Failure], None]

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803 - Twisted's name
        def tell(failure: Failure) -> Failure:
            self.failed(failure)
            return failure

        return self.endpoint.connect(protocolFactory).addErrback(tell)


class AmiLink(Service):
    """Keeps a connection to one Asterisk for as long as it runs.

    Raises:
        ConfigError: the configuration's `ami` is no endpoint.
    """

    _log = Logger()

    def __init__(self, config: AsteriskConfig, reactor: IReactorTime, rng: random.Random, user: LinkUser) -> None:
        self._config = config
        self._clock = reactor
        self._user = user
        self._backoff = backoffPolicy(initialDelay=0.5, maxDelay=30.0, factor=2.0, jitter=rng.random)
        self._failures = 0
        self._is_refused = False
        self._is_ready = False
        self._ami: AmiProtocol | None = None
        try:
            endpoint = clientFromString(reactor, config.ami)  # type: ignore[no-untyped-call]
        except (ValueError, TypeError, KeyError) as problem:
            where = f"asterisks[{config.name}].ami"
            remedy = f"{config.ami!r} is no endpoint ({problem}): write it like tcp:10.0.1.5:5038"
            raise ConfigError((Problem(where, remedy),)) from problem
        self._client = ClientService(
            _ToldEndpoint(endpoint, self._unreachable),
            _AmiFactory(self._make_protocol),
            retryPolicy=self._retry_delay,
            clock=reactor,
        )

    def startService(self) -> None:  # noqa: N802
        """Begin to connect."""
        super().startService()  # type: ignore[no-untyped-call]
        self._client.startService()

    def stopService(self) -> Deferred[None]:  # noqa: N802
        """Disconnect; by force where Asterisk does not take what is yet to be sent to it."""
        super().stopService()  # type: ignore[no-untyped-call]
        forced = self._clock.callLater(STOP_WAIT_S, self._drop)

        def stopped(_: None) -> None:
            if forced.active():
                forced.cancel()

        return self._client.stopService().addCallback(stopped)

    def _drop(self) -> None:
        if self._ami is not None:
            self._ami.drop("stopped")

    def _make_protocol(self) -> AmiProtocol:
        listener = AmiListener(connected=self._connected, event=self._user.link_event, lost=self._lost)
        return AmiProtocol(self._clock, listener, WANTED_EVENTS)

    def _retry_delay(self, _: int) -> float:
        """Wait longer each time, also between connections that were made but came to nothing."""
        self._failures += 1
        jitter = self._backoff(self._failures)
        return LOGIN_RETRY_S + jitter if self._is_refused else jitter

    def _unreachable(self, failure: Failure) -> None:
        if self.running:
            self._log.warn(
                "Asterisk {name} cannot be reached at {ami}: {reason}",
                name=self._config.name,
                ami=self._config.ami,
                reason=failure.getErrorMessage(),
            )

    # --- One connection -----------------------------------------------------------------------------------------

    def _connected(self, ami: AmiProtocol) -> None:
        self._ami = ami
        spawn(self._establish(ami), self._log, "the link to Asterisk {name}", name=self._config.name)

    async def _establish(self, ami: AmiProtocol) -> None:
        try:
            await self._log_in(ami)
            channels = await self._survey(ami)
        except BackendUnavailable as problem:
            ami.drop(str(problem))
            return
        self._failures = 0
        self._is_ready = True
        self._log.info("Asterisk {name} is ready, with {count} channels", name=self._config.name, count=len(channels))
        self._user.link_ready(ami, channels)

    async def _log_in(self, ami: AmiProtocol) -> None:
        try:
            await ami.log_in(self._config.username, self._config.secret)
        except LoginRefused as problem:
            self._is_refused = True
            self._log.error(
                "Asterisk {name} refuses us: {problem}. Compare username and secret with its manager.conf.",
                name=self._config.name,
                problem=str(problem),
            )
            raise
        self._is_refused = False
        ami.keep_alive()
        try:
            await ami.when_booted().addTimeout(BOOT_WAIT_S, self._clock)
        except DeferredTimeout as problem:
            raise BackendUnavailable(
                f"no FullyBooted from Asterisk within {BOOT_WAIT_S:g} s: its AMI user needs read = system"
            ) from problem

    async def _survey(self, ami: AmiProtocol) -> list[AmiMessage]:
        for number, action in enumerate(filter_actions()):
            response = await ami.action(action)
            if not response.succeeded and number:
                raise BackendUnavailable(f"Asterisk took only some event filters: {response.get('Message')}")
            if not response.succeeded:
                self._log.info("Asterisk {name} filters no events; we do it", name=self._config.name)
                break
        return await ami.collect(list_channels())

    def _lost(self, reason: str) -> None:
        self._ami = None
        was_ready, self._is_ready = self._is_ready, False
        if not self.running:
            return
        self._log.warn("the link to Asterisk {name} is down: {reason}", name=self._config.name, reason=reason)
        if was_ready:
            self._user.link_lost(reason)
