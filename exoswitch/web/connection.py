"""Adapter: the connections of the HTTP server: how many there are, and how much of their data is read in one turn."""

# mypy: disallow-untyped-calls=False

from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime, ISSLTransport, ITCPTransport
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.web.admission import Admission
from exoswitch.web.client import UNIX, counted, plain
from exoswitch.web.limits import ABORT_S, CLOSE_S, DROPPED_BYTES, PIECE_BYTES, ConnectionLimits
from exoswitch.web.turns import Turns


class Connection(ProtocolWrapper):
    """One connection; it is read again when its data has had its turn, so at most one piece of it waits in memory."""

    factory: Any
    transport: Any
    wrappedProtocol: Any  # noqa: N815 - Twisted's names
    address = ""
    _log = Logger()
    _received = b""
    _has_asked = False
    _is_paused = False  # by the HTTP channel
    _is_read = True
    _abort: IDelayedCall | None = None

    def makeConnection(self, transport: Any) -> None:  # noqa: N802 - Twisted's name
        """Let one read give one piece."""
        transport.bufferSize = PIECE_BYTES
        super().makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Keep data until its turn; a connection that is closing drops it."""
        if not self.disconnecting:
            self._received += data
            self._go_on()

    def pauseProducing(self) -> None:  # noqa: N802
        """Hand over no more data until `resumeProducing`."""
        self._is_paused = True
        self._go_on()

    def resumeProducing(self) -> None:  # noqa: N802
        """Hand over data again."""
        self._is_paused = False
        self._go_on()

    def loseConnection(self) -> None:  # noqa: N802
        """Close once all data is sent; abort if the client does not take it."""
        super().loseConnection()
        self._abort_after(ABORT_S)

    def refuse(self) -> None:
        """Close in two steps, so that a client that is still sending can read the answer: it is not reset at once."""
        self.disconnecting, self._received = 1, b""
        self.transport.bufferSize = DROPPED_BYTES
        if _can_be_half_closed(self.transport):
            self.transport.loseWriteConnection()
            self.transport.resumeProducing()
        else:
            self.transport.loseConnection()
        self._abort_after(CLOSE_S)

    def abort(self) -> None:
        """Close at once."""
        self.disconnecting, self._received = 1, b""
        self.transport.abortConnection()

    def connectionLost(self, reason: Any = None) -> None:  # noqa: N802
        """Forget the data that waits."""
        self.disconnecting, self._received = 1, b""
        if self._abort is not None and self._abort.active():
            self._abort.cancel()
        super().connectionLost(reason)

    def _go_on(self) -> None:
        """Ask for a turn if data waits, and read only if none does."""
        if self.disconnecting:
            return
        if self._received and not self._is_paused and not self._has_asked:
            self._has_asked = True
            self.factory.turns.ask(self._take_turn)
        is_read = not (self._received or self._is_paused)
        if is_read != self._is_read:
            self._is_read = is_read
            (self.transport.resumeProducing if is_read else self.transport.pauseProducing)()

    def _take_turn(self) -> None:
        self._has_asked = False
        if self.disconnecting or self._is_paused:
            return
        piece, self._received = self._received[:PIECE_BYTES], self._received[PIECE_BYTES:]
        try:
            self.wrappedProtocol.dataReceived(piece)
        except Exception:  # noqa: BLE001 - the turns of other connections come after this one
            self._log.failure("a connection is closed: its data cannot be handled")
            self.abort()
        self._go_on()

    def _abort_after(self, seconds: float) -> None:
        if self._abort is None:
            self._abort = self.factory.clock.callLater(seconds, self.transport.abortConnection)


class ConnectionFactory(WrappingFactory[Connection]):
    """Accepts connections while there is room for them; `wrappedFactory` makes the HTTP channel of each."""

    protocol = Connection
    noisy = False

    def __init__(
        self, site: Any, limits: ConnectionLimits, turns: Turns, clock: IReactorTime, metrics: IMetrics
    ) -> None:
        super().__init__(site)
        self.turns = turns
        self.clock = clock
        self.admission = Admission(limits)
        self._trusted_proxies = limits.trusted_proxies
        self._metrics = metrics
        metrics.read_from(lambda: [Reading("http_connections", len(self.admission))])

    def buildProtocol(self, addr: Any) -> Connection | None:  # type: ignore[override] # noqa: N802
        """Accept a connection, or close it at once if there is no room and none can be made."""
        peer, now = address_of(addr), self.clock.seconds()
        address = peer if peer in self._trusted_proxies else counted(peer)
        if self.admission.is_full(address):
            longest_waiting: Any = self.admission.in_the_way(address, now)
            self._metrics.add("http_connections_refused_total")
            if longest_waiting is None:
                return None
            self.admission.remove(longest_waiting)
            longest_waiting.abort()
        connection = super().buildProtocol(addr)
        connection.address = address
        return connection

    def registerProtocol(self, p: Connection) -> None:  # noqa: N802
        """Count a connection that is made; its end is certain to be told."""
        super().registerProtocol(p)
        self.admission.add(p, p.address, self.clock.seconds())

    def unregisterProtocol(self, p: Connection) -> None:  # noqa: N802
        """Forget a connection that is over."""
        super().unregisterProtocol(p)
        self.admission.remove(p)


def _can_be_half_closed(transport: Any) -> bool:
    return bool(ITCPTransport.providedBy(transport)) and not ISSLTransport.providedBy(transport)


def address_of(peer: Any) -> str:
    """Give the address of a peer."""
    return plain(getattr(peer, "host", None) or UNIX)
