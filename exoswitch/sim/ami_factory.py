"""Adapter: the TCP side of a simulated Asterisk's AMI."""

from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from exoswitch.ami.message import GREETING, AmiDecoder
from exoswitch.errors import RemoteProtocolError
from exoswitch.sim.ami_server import AmiServer


@define(eq=False, slots=False)
class AmiConnectionProtocol(Protocol):
    """One AMI connection."""

    _factory: "AmiFactory" = field(repr=False)
    _number: int
    transport: Any = field(init=False, repr=False)
    _decoder: AmiDecoder = field(init=False, factory=lambda: AmiDecoder(greeting=False), repr=False)

    def connectionMade(self) -> None:
        """Greet."""
        self.transport.write(GREETING + b"11.0.0\r\n")
        self._factory.transports[self._number] = self.transport
        self._factory.server.connected(self._number)

    def dataReceived(self, data: bytes) -> None:
        """Carry out actions."""
        try:
            for action in self._decoder.feed(data):
                self._factory.server.receive(self._number, action, self._factory.reactor.seconds())
        except RemoteProtocolError:
            self.transport.loseConnection()
        self._factory.carry_out()

    def connectionLost(self, _reason: Failure = connectionDone) -> None:
        """Remove the connection."""
        self._factory.transports.pop(self._number, None)
        self._factory.server.disconnected(self._number)


@define(eq=False, slots=False)
class AmiFactory(Factory):
    """The AMI connections, and the `transports` of the open ones. It calls `carry_out` after each input."""

    noisy = False

    server: AmiServer
    reactor: Any
    carry_out: Callable[[], None]
    transports: dict[int, Any] = field(init=False, factory=dict)
    _last: int = field(init=False, default=0)

    def buildProtocol(self, _addr: IAddress | None) -> AmiConnectionProtocol:
        """Make the protocol of a new connection."""
        self._last += 1
        return AmiConnectionProtocol(self, self._last)
