"""Adapter: the connections of the HTTP server: how many there are, and how much of their data is read in one turn."""

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import (
    IDelayedCall,
    IProtocolNegotiationFactory,
    IReactorTime,
    ISSLTransport,
    ITCPTransport,
)
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from zope.interface import implementer

from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.tasks.fair_turns import FairTurns
from exoswitch.web.admission import Admission
from exoswitch.web.client import UNIX, counted, plain
from exoswitch.web.limits import ABORT_S, CLOSE_S, DROPPED_BYTES, PIECE_BYTES, ConnectionLimits


class Connection(ProtocolWrapper):
    """One connection; it is read again when its data has had its turn, so at most one piece of it waits in memory."""

    factory: Any
    transport: Any
    wrappedProtocol: Any  # noqa: N815 - Twisted's names
    address = ""
    _received = b""
    _answer: Callable[[], None] | None = None
    _is_paused = False  # by the HTTP channel
    _is_read = True
    _abort: IDelayedCall | None = None

    def makeConnection(self, transport: Any) -> None:
        """Let one read give one piece; below TLS, since 64 KiB of records without data take 30 ms."""
        getattr(transport, "transport", transport).bufferSize = PIECE_BYTES
        super().makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        """Keep data until its turn; a connection that is closing drops it."""
        if not self.disconnecting:
            self._received += data
            self._go_on()

    def pauseProducing(self) -> None:
        """Hand over no more data until `resumeProducing`."""
        self._is_paused = True
        self._go_on()

    def resumeProducing(self) -> None:
        """Hand over data again."""
        self._is_paused = False
        self._go_on()

    def loseConnection(self) -> None:
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

    def connectionLost(self, reason: Any = None) -> None:
        """Forget the data that waits."""
        self.disconnecting, self._received = 1, b""
        if self._abort is not None and self._abort.active():
            self._abort.cancel()
        super().connectionLost(reason)

    def answer_in_turn(self, answer: Callable[[], None]) -> None:
        """Call `answer` as a part of the work of its own: data that was handed over can hold many requests."""
        self._answer = answer
        self.factory.turns.start(self)

    # --- the work of a turn, called by FairTurns

    def work(self) -> bool:
        """Answer a request, or hand over one piece of the data that waits."""
        if self._answer is not None:
            answer, self._answer = self._answer, None
            answer()
        elif self._has_work:
            piece, self._received = self._received[:PIECE_BYTES], self._received[PIECE_BYTES:]
            self.wrappedProtocol.dataReceived(piece)
        return self._has_work

    def pause(self) -> None:
        """Nothing is read already: data waits."""

    def resume(self) -> None:
        """Read if no data waits."""
        self._go_on()

    def give_up(self, why: str) -> None:  # noqa: ARG002 - it is in the log
        """Close at once."""
        self.abort()

    @property
    def _has_work(self) -> bool:
        return self._answer is not None or bool(self._received and not (self._is_paused or self.disconnecting))

    def _go_on(self) -> None:
        """Ask for a turn if data waits, and read only if none does."""
        if self._has_work:
            self.factory.turns.start(self)
        is_read = not (self._received or self._is_paused)
        if is_read != self._is_read and not self.disconnecting:
            self._is_read = is_read
            (self.transport.resumeProducing if is_read else self.transport.pauseProducing)()

    def _abort_after(self, seconds: float) -> None:
        if self._abort is None:
            self._abort = self.factory.clock.callLater(seconds, self.transport.abortConnection)


@implementer(IProtocolNegotiationFactory)
class ConnectionFactory(WrappingFactory[Connection]):
    """Accepts connections while there is room for them; `wrappedFactory` makes the HTTP channel of each.

    It also names the protocols for TLS. Without them Twisted rejects each client that offers any (ALPN, RFC 7301), as
    curl, browsers and most HTTP libraries do.
    """

    protocol = Connection
    noisy = False

    def __init__(
        self, site: Any, limits: ConnectionLimits, turns: FairTurns, clock: IReactorTime, metrics: IMetrics
    ) -> None:
        super().__init__(site)
        self.turns = turns
        self.clock = clock
        self.admission = Admission(limits)
        self._trusted_proxies = limits.trusted_proxies
        self._metrics = metrics
        metrics.read_from(lambda: [Reading("http_connections", len(self.admission))])

    def acceptableProtocols(self) -> list[bytes]:
        """Give the protocols of the wrapped site."""
        protocols: list[bytes] = self.wrappedFactory.acceptableProtocols()
        return protocols

    def buildProtocol(self, addr: Any) -> Connection | None:  # type: ignore[override] # its Site promises one
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

    def registerProtocol(self, p: Connection) -> None:
        """Count a connection that is made; its end is certain to be told."""
        super().registerProtocol(p)
        self.admission.add(p, p.address, self.clock.seconds())

    def unregisterProtocol(self, p: Connection) -> None:
        """Forget a connection that is over."""
        super().unregisterProtocol(p)
        self.admission.remove(p)


def _can_be_half_closed(transport: Any) -> bool:
    return bool(ITCPTransport.providedBy(transport)) and not ISSLTransport.providedBy(transport)


def address_of(peer: Any) -> str:
    """Give the address of a peer."""
    return plain(getattr(peer, "host", None) or UNIX)
