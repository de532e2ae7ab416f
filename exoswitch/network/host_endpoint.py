"""Adapter: TCP connections to a host by its name, to the first of its addresses that answers (RFC 8305)."""

import socket
from collections.abc import Sequence
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import IDelayedCall, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.errors import NO_ROOM, BackendUnavailable
from exoswitch.network.interfaces import INames
from exoswitch.network.reach import EVERYWHERE, Reach
from exoswitch.tasks.deferred import deferred

ATTEMPT_DELAY_S = 0.25  # RFC 8305 §5
_ANY_PORT = 9


@implementer(IStreamClientEndpoint)
@define(eq=False)
class HostEndpoint:
    """The endpoint of a host, by its name or its IP address, within the reach of those who named it.

    Each attempt to connect may take `timeout_s`. `account` is the account that named the host, ``""`` the operator.
    `source` is the address that we connect from; None leaves the choice to the system.
    """

    _reactor: Any
    _names: INames
    _host: str
    _port: int
    _timeout_s: float
    account: str = field(default="", kw_only=True)
    reach: Reach = field(default=EVERYWHERE, kw_only=True)
    source: str | None = field(default=None, kw_only=True)

    @deferred
    async def connect(self, protocolFactory: IProtocolFactory) -> IProtocol:
        """Connect.

        Raises:
            HostNotFound, BackendUnavailable: the name could not be looked up, or an address not checked.
            AddressRefused: no address of the host is within reach.
            ConnectError: no address could be connected to; this is the error of the first one.
        """
        addresses = await self._names.look_up(self._host, self.account)
        permitted = self.reach.permitted(self._host, addresses, is_own_address)
        source = None if self.source is None else (self.source, 0)
        endpoints: list[IStreamClientEndpoint] = [
            (TCP6ClientEndpoint if ":" in address else TCP4ClientEndpoint)(
                self._reactor, address, self._port, self._timeout_s, source
            )
            for address in alternating(permitted)
        ]
        return await _Race(self._reactor, endpoints, protocolFactory).run()


def alternating(addresses: Sequence[str]) -> list[str]:
    """Put IPv6 and IPv4 in turns; the family of the best address comes first (RFC 8305 §4)."""
    is_first_ipv6 = ":" in addresses[0]
    first = [address for address in addresses if (":" in address) is is_first_ipv6]
    second = [address for address in addresses if (":" in address) is not is_first_ipv6]
    return [address for address in chain.from_iterable(zip_longest(first, second)) if address is not None]


def is_own_address(address: str) -> bool:
    """Whether packets to an address stay on this machine: their source is the address itself. Nothing is sent.

    Raises:
        BackendUnavailable: it cannot be known now: the process or the kernel has no room for a socket.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, _ANY_PORT))
            source: str = probe.getsockname()[0]
    except OSError as problem:
        if problem.errno in NO_ROOM:
            raise BackendUnavailable(f"an address cannot be checked now: {problem.strerror}") from problem
        return False  # there is no way to it
    return ip_address(source.partition("%")[0]) == ip_address(address.partition("%")[0])


@define(eq=False)
class _Race:
    """Connects to one endpoint after the other, without waiting for the end of the earlier; the first one wins."""

    _reactor: Any
    _waiting: list[IStreamClientEndpoint]
    _factory: IProtocolFactory
    _under_way: list[Deferred[IProtocol]] = field(factory=list, init=False)
    _first_failure: Failure | None = field(default=None, init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)
    _is_over: bool = field(default=False, init=False)
    _won: Deferred[IProtocol] = field(init=False)

    def run(self) -> Deferred[IProtocol]:
        """Give the first connection; a cancellation ends all attempts."""
        self._won = Deferred(lambda _: self._stop())
        self._next()
        return self._won

    def _next(self) -> None:
        self._stop_timer()
        attempt = self._waiting.pop(0).connect(self._factory)
        self._under_way.append(attempt)
        attempt.addCallbacks(self._connected, self._failed, callbackArgs=(attempt,), errbackArgs=(attempt,))
        if self._waiting and self._timer is None and not self._is_over:
            self._timer = self._reactor.callLater(ATTEMPT_DELAY_S, self._next)

    def _connected(self, protocol: IProtocol, attempt: Deferred[IProtocol]) -> None:
        self._under_way.remove(attempt)
        self._stop()
        self._won.callback(protocol)

    def _failed(self, failure: Failure, attempt: Deferred[IProtocol]) -> None:
        self._under_way.remove(attempt)
        if self._is_over:
            return
        self._first_failure = self._first_failure or failure
        if self._waiting:
            self._next()
        elif not self._under_way:
            self._is_over = True
            self._won.errback(self._first_failure)

    def _stop(self) -> None:
        """End all attempts; they are not reported."""
        self._is_over = True
        self._stop_timer()
        for attempt in tuple(self._under_way):
            attempt.cancel()

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
