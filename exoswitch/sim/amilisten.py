"""Adapter: the TCP side of a simulated Asterisk's AMI."""

from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from exoswitch.ami.message import GREETING, AmiDecoder
from exoswitch.errors import RemoteProtocolError
from exoswitch.sim.amiserver import AmiServer


@define(eq=False, slots=False)
class AmiConnectionProtocol(Protocol):
    """One AMI connection."""

    _listener: "AmiListener" = field(repr=False)
    number: int
    transport: Any = field(init=False, repr=False)
    _decoder: AmiDecoder = field(init=False, factory=lambda: AmiDecoder(greeting=False), repr=False)

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Greet."""
        self.transport.write(GREETING + b"11.0.0\r\n")
        self._listener.opened(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Read actions."""
        try:
            for action in self._decoder.feed(data):
                self._listener.server.receive(self.number, action, self._listener.reactor.seconds())
        except RemoteProtocolError:
            self.transport.loseConnection()
        self._listener.received(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002, N802 - Twisted's name
        """Remove the connection."""
        self._listener.closed(self)


@define(eq=False, slots=False)
class AmiListener(Factory):
    """The AMI connections. It calls `carry_out` after each input, and `logged_in` once for each login."""

    noisy = False

    server: AmiServer
    reactor: Any
    _carry_out: Callable[[], None]
    _logged_in: Callable[[AmiConnectionProtocol], None]
    _connections: dict[int, AmiConnectionProtocol] = field(init=False, factory=dict)
    _known_logins: set[int] = field(init=False, factory=set)
    _last: int = field(init=False, default=0)

    def buildProtocol(self, addr: IAddress | None) -> AmiConnectionProtocol:  # noqa: ARG002, N802 - Twisted's name
        """Make the protocol of a new connection."""
        self._last += 1
        return AmiConnectionProtocol(self, self._last)

    def opened(self, connection: AmiConnectionProtocol) -> None:
        """Add a new connection."""
        self._connections[connection.number] = connection
        self.server.connected(connection.number)

    def received(self, connection: AmiConnectionProtocol) -> None:
        """Carry out the effects of a connection's actions."""
        self._carry_out()
        state = self.server.pbx.exchange.connections.get(connection.number)
        if state is not None and state.is_logged_in and connection.number not in self._known_logins:
            self._known_logins.add(connection.number)
            self._logged_in(connection)

    def closed(self, connection: AmiConnectionProtocol) -> None:
        """Remove a connection."""
        self._connections.pop(connection.number, None)
        self._known_logins.discard(connection.number)
        self.server.disconnected(connection.number)

    def send(self, number: int, data: bytes) -> None:
        """Send bytes on a connection, if it is open."""
        if number in self._connections:
            self._connections[number].transport.write(data)

    def disconnect(self, number: int) -> None:
        """Close a connection after all bytes are sent."""
        if number in self._connections:
            self._connections[number].transport.loseConnection()

    def drop_all(self) -> None:
        """Drop every connection."""
        for connection in tuple(self._connections.values()):
            connection.transport.abortConnection()

    def pause_all(self) -> None:
        """Stop reading."""
        for connection in self._connections.values():
            connection.transport.pauseProducing()

    def resume_all(self) -> None:
        """Continue reading."""
        for connection in self._connections.values():
            connection.transport.resumeProducing()
