"""Adapter: a virtual reactor: memory in place of sockets, and a clock that jumps to the next event.

A gateway, its Asterisk and its bots run on it together.
"""

from collections.abc import Container, Coroutine
from functools import partial
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.error import CannotListenError, ConnectionRefusedError  # noqa: A004 - Twisted's own
from twisted.internet.interfaces import (
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IReactorUDP,
)
from twisted.internet.task import Clock
from twisted.internet.testing import SynchronousResolver
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.sim.memory_tcp import connect

Address = tuple[str, int]
T = TypeVar("T")

_FIRST_FREE_PORT = 49152  # RFC 6335: dynamic ports begin here


@define(eq=False)
class MemoryUdpPort:
    """A bound UDP port. It is its own handle, so that a media plane can write to the socket directly."""

    _reactor: "VirtualReactor"
    _address: Address
    protocol: Any
    is_open: bool = field(init=False, default=True)
    peer: Address | None = field(init=False, default=None)  # datagrams of others are dropped

    def write(self, data: bytes, address: Address) -> None:
        """Send a datagram. It arrives one turn later, if a port is bound there."""
        self._reactor.callLater(0, self._reactor.deliver, bytes(data), self._address, address)

    sendto = write

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """Do nothing: memory has no limits to set."""

    def connect(self, address: Address) -> None:
        """Drop datagrams from all other addresses from now on."""
        self.peer = address

    def send(self, data: bytes) -> None:
        """Send a datagram to the peer."""
        if self.peer is None:
            raise AssertionError("the port is not connected")
        self.write(data, self.peer)

    def getHost(self) -> IPv4Address:
        """Give the address."""
        return IPv4Address("UDP", *self._address)

    def getHandle(self) -> "MemoryUdpPort":
        """Give this port in place of the socket."""
        return self

    def stopReading(self) -> None:
        """Refuse: there is no socket to read."""
        raise AssertionError("a virtual reactor's ports are read by the reactor alone")

    def stopListening(self) -> Deferred[None]:
        """Unbind."""
        if self.is_open:
            self.is_open = False
            del self._reactor.udp_ports[self._address[1]]
            self.protocol.doStop()
        return succeed(None)


@define(eq=False)
class MemoryTcpPort:
    """A listening TCP port."""

    _reactor: "VirtualReactor"
    number: int
    factory: Any

    def getHost(self) -> IPv4Address:
        """Give the address."""
        return IPv4Address("TCP", "127.0.0.1", self.number)

    def stopListening(self) -> Deferred[None]:
        """Stop listening. Connections stay open."""
        if self._reactor.tcp_ports.pop(self.number, None) is not None:
            self.factory.doStop()
        return succeed(None)


@define(eq=False)
class MemoryConnector:
    """An attempt to connect."""

    _reactor: "VirtualReactor"
    number: int
    factory: Any
    _is_abandoned: bool = field(init=False, default=False)

    def stopConnecting(self) -> None:  # noqa: N802 - Twisted's name
        """Abandon the attempt."""
        self._is_abandoned = True

    disconnect = stopConnecting

    def connect(self) -> None:
        """Connect, or report that the port is closed."""
        listening = self._reactor.tcp_ports.get(self.number)
        server = None if listening is None else listening.factory.buildProtocol(None)
        if self._is_abandoned or listening is None or server is None:
            self.factory.clientConnectionFailed(self, Failure(ConnectionRefusedError()))
            return
        here = IPv4Address("TCP", "127.0.0.1", self._reactor.free_port())
        there = listening.getHost()
        connect(self.factory.buildProtocol(there), server, partial(self._reactor.callLater, 0), (here, there))


@implementer(IReactorTCP, IReactorUDP, IReactorTime, IReactorPluggableNameResolver)
class VirtualReactor(Clock):
    """The parts of a reactor that telephony needs. `run` advances the time without waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.tcp_ports: dict[int, MemoryTcpPort] = {}
        self.udp_ports: dict[int, MemoryUdpPort] = {}
        self.nameResolver = SynchronousResolver()  # every host is 127.0.0.1
        self._last_port = _FIRST_FREE_PORT

    def run(self, work: Deferred[T] | Coroutine[Deferred[Any], Any, T], limit_s: float = 3600.0) -> T:
        """Advance the time until the work is done; give its result.

        Raises:
            TimeoutError: the work is not done within so many virtual seconds, or no event is left.
        """
        outcome: list[Any] = []
        ensureDeferred(work).addBoth(outcome.append)
        end = self.seconds() + limit_s
        while not outcome:
            calls = self.getDelayedCalls()
            if not calls or calls[0].getTime() > end:
                raise TimeoutError(f"the work is not done after {limit_s:g} virtual seconds, or no event is left")
            self.advance(max(0.0, calls[0].getTime() - self.seconds()))
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        result: T = outcome[0]
        return result

    def free_port(self) -> int:
        """Give an unused port."""
        self._last_port += 1
        return self._last_port

    def deliver(self, data: bytes, source: Address, target: Address) -> None:
        """Deliver a datagram to a bound port. Only the port number counts."""
        port = self.udp_ports.get(target[1])
        if port is not None and port.peer in {None, source}:
            port.protocol.datagramReceived(data, source)

    def listenUDP(self, port: int, protocol: Any, interface: str = "", *_more: Any, **_options: Any) -> Any:
        """Bind a UDP port."""
        number = self._new_port(port, interface, self.udp_ports)
        bound = self.udp_ports[number] = MemoryUdpPort(self, ("127.0.0.1", number), protocol)
        protocol.makeConnection(bound)
        return bound

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:  # noqa: ARG002 - as a reactor
        """Listen on a TCP port."""
        number = self._new_port(port, interface, self.tcp_ports)
        listening = self.tcp_ports[number] = MemoryTcpPort(self, number, factory)
        factory.doStart()
        return listening

    def connectTCP(self, host: str, port: int, factory: Any, *_more: Any, **_options: Any) -> Any:  # noqa: ARG002 - as a reactor
        """Connect to a TCP port."""
        connector = MemoryConnector(self, port, factory)
        factory.doStart()
        factory.startedConnecting(connector)
        self.callLater(0, connector.connect)
        return connector

    def _new_port(self, port: int, interface: str, taken: Container[int]) -> int:
        if port in taken:
            raise CannotListenError(interface, port, OSError("it is in use"))
        return port or self.free_port()

    def installNameResolver(self, resolver: Any) -> Any:
        """Replace the resolver; give the earlier one."""
        before, self.nameResolver = self.nameResolver, resolver
        return before
