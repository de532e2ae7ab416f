"""Adapter: TLS towards servers that are not trusted: what they send is decrypted in turns.

Records cost time whatever is in them: 16 KiB of TLS 1.3's KeyUpdate messages take 5 to 10 ms, and carry no data.
"""

from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IProtocolFactory, IReactorTime, ITransport
from twisted.internet.protocol import connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer_only

from exoswitch.network.prompt import PromptTransport, prompt
from exoswitch.tasks.fair_turns import FairTurns

if TYPE_CHECKING:
    from exoswitch.network._tls import Engine

PIECE_BYTES = 4096
"""Decrypted in one part: of KeyUpdate messages they take 3 ms, and a message of a bot is one part."""


class TlsInTurnsFactory(TLSMemoryBIOFactory):
    """Makes the TLS connections of a client; `turns` are those of all such connections."""

    noisy = False

    def __init__(
        self,
        check: IOpenSSLClientConnectionCreator,
        factory: IProtocolFactory,
        clock: IReactorTime,
        turns: FairTurns,
    ) -> None:
        super().__init__(check, isClient=True, wrappedFactory=factory, clock=clock)
        self.protocol = _TlsInTurns
        self.turns = turns


@implementer_only(ITransport)  # not ISSLTransport: autobahn would ask pyOpenSSL's Connection for the TLS channel's ID
class _TlsInTurns(TLSMemoryBIOProtocol):
    """One TLS connection; it reads no further while data waits for its turn, or the protocol above has paused it."""

    factory: Any
    transport: Any
    _waiting = b""
    _lost: Failure | None = None
    _is_behind = False
    _is_paused = False
    _is_read = True
    _has_records = False  # whether the connection may hold records that have come and are not decrypted

    # --- called by Twisted, and by the protocol above

    def makeConnection(self, transport: Any) -> None:
        """Send at once what is written: it is a whole message, and no other is due in this tick."""
        super().makeConnection(prompt(transport))

    def dataReceived(self, data: bytes) -> None:
        """Decrypt data, in this turn or in one of the next."""
        self._waiting += data
        self.factory.turns.start(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Report it, after the data that came before it."""
        self._lost = reason
        self.factory.turns.start(self)

    def pauseProducing(self) -> None:
        """Read no further until `resumeProducing`."""
        self._is_paused = True
        self._read_or_not()

    def resumeProducing(self) -> None:
        """Read on."""
        self._is_paused = False
        self._read_or_not()

    # --- while a media plane serves the socket

    @property
    def engine(self) -> "Engine | None":
        """The connection that a media plane can serve together with the socket; None if it cannot."""
        is_tcp = isinstance(self.transport, PromptTransport)
        return getattr(self._tlsConnection, "engine", None) if is_tcp else None

    def fileno(self) -> int:
        """Give the socket's descriptor."""
        return int(self.transport.fileno())

    def is_idle(self) -> bool:
        """Tell whether a plane can serve it: the handshake is done, all that came is decrypted, and all is sent."""
        if self.engine is None or not self.engine.is_open or self._lost is not None:
            return False
        has_read = not (self._waiting or self._has_records)
        return has_read and not self._appSendBuffer and bool(self.transport.is_idle())

    def take_up(self) -> None:
        """Go on after a plane: send the records that it left, and read what it left in one of the next turns."""
        if self.connected and not self._lostTLSConnection:
            self._has_records = True
            self._flushSendBIO()
            self.factory.turns.queue(self)

    # --- the work of a turn, called by FairTurns

    def work(self) -> bool:
        """Decrypt one piece; after all that came, report a lost connection."""
        if (self._waiting or self._has_records) and not self._aborted:
            piece, self._waiting = self._waiting[:PIECE_BYTES], self._waiting[PIECE_BYTES:]
            super().dataReceived(piece)
            self._has_records = getattr(self._tlsConnection, "has_records", False)
            return bool(self._waiting) or self._has_records or self._lost is not None
        self._waiting = b""
        if self._lost is not None:
            super().connectionLost(self._lost)
        return False

    def pause(self) -> None:
        """Leave data in the network: what has come waits for its turn."""
        self._is_behind = True
        self._read_or_not()

    def resume(self) -> None:
        """Read again."""
        self._is_behind = False
        self._read_or_not()

    def give_up(self, _why: str) -> None:
        """Drop the connection at once."""
        self.transport.abortConnection()

    def _read_or_not(self) -> None:
        is_read = not (self._is_behind or self._is_paused)
        if is_read != self._is_read and self._lost is None:
            self._is_read = is_read
            (self.transport.resumeProducing if is_read else self.transport.pauseProducing)()
