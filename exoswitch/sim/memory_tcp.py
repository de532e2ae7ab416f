"""Adapter: TCP in memory: a pair of connected transports."""

from collections.abc import Callable, Iterable
from typing import Any

from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IProtocol, IPushProducer, ITransport
from twisted.python.failure import Failure
from zope.interface import implementer

Later = Callable[[Callable[[], None]], object]


@implementer(ITransport, IConsumer, IPushProducer)
@define(eq=False)
class MemoryTransport:
    """One end of a connection. Bytes and the close arrive at the far end one turn later.

    While the far end is paused, its bytes wait without a limit: tests are short.
    """

    _later: Later
    _host: IPv4Address
    _peer: IPv4Address
    _protocol: IProtocol
    far_end: "MemoryTransport" = field(init=False)
    disconnecting: bool = field(init=False, default=False)
    _is_over: bool = field(init=False, default=False)
    _is_paused: bool = field(init=False, default=False)
    _waiting: list[bytes] = field(init=False, factory=list)
    _reason: Failure | None = field(init=False, default=None)

    def write(self, data: bytes) -> None:
        """Send bytes, unless the connection is closed or closing."""
        if data and not (self._is_over or self.disconnecting):
            self._later(lambda: self.far_end.arrive(bytes(data)))

    def writeSequence(self, data: Iterable[bytes]) -> None:  # noqa: N802 - Twisted's names, from here on
        """Send bytes."""
        self.write(b"".join(data))

    def loseConnection(self, *_reasons: object) -> None:
        """Close after all bytes are sent."""
        if not (self._is_over or self.disconnecting):
            self.disconnecting = True
            self._later(lambda: self._part(ConnectionDone()))

    stopProducing = loseConnection

    def abortConnection(self) -> None:
        """Close at once."""
        if not self._is_over:
            self.disconnecting = True
            self._later(lambda: self._part(ConnectionLost()))

    def pauseProducing(self) -> None:
        """Stop delivering bytes to the protocol."""
        self._is_paused = True

    def resumeProducing(self) -> None:
        """Deliver the bytes that wait."""
        self._is_paused = False
        self._later(self._drain)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Ask a pull producer once. Memory is never full."""
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """Do nothing: there is no producer to remove."""

    def getHost(self) -> IPv4Address:
        """Give the address of this end."""
        return self._host

    def getPeer(self) -> IPv4Address:
        """Give the address of the far end."""
        return self._peer

    def arrive(self, data: bytes) -> None:
        """Take bytes from the far end."""
        self._waiting.append(data)
        self._drain()

    def end(self, reason: Failure) -> None:
        """Take the close from the far end, after all its bytes."""
        self._reason = reason
        self._drain()

    def _drain(self) -> None:
        while self._waiting and not self._is_paused and not self._is_over:
            self._protocol.dataReceived(self._waiting.pop(0))
        if self._reason is not None and not self._waiting:
            self._finish(self._reason)

    def _part(self, error: Exception) -> None:
        reason = Failure(error)
        self.far_end.end(reason)
        self._finish(reason)

    def _finish(self, reason: Failure) -> None:
        if not self._is_over:
            self._is_over = self.disconnecting = True
            self._protocol.connectionLost(reason)


def connect(client: IProtocol, server: IProtocol, later: Later, addresses: tuple[IPv4Address, IPv4Address]) -> None:
    """Connect two protocols at these addresses."""
    near, far = MemoryTransport(later, *addresses, client), MemoryTransport(later, *addresses[::-1], server)
    near.far_end, far.far_end = far, near
    client.makeConnection(near)
    server.makeConnection(far)
