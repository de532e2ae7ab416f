"""Adapter: a limit for the head of an HTTP answer, which Twisted's client (26.10) collects without one."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import connectionDone
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from exoswitch.errors import RemoteProtocolError

MAX_HEAD_BYTES = 16 * 1024
"""The size of the status line and all headers, with those of interim answers (1xx); servers of the web send 2 kB."""

MAX_HEAD_LINES = 200
"""Each line takes the reactor 5 µs."""

MAX_WIRE_BYTES = 256 * 1024
MAX_WIRE_LINES = 1000
"""The size of a whole answer as it is sent, with the frames of its chunks: each is two lines, and takes 15 µs."""

_AT_ONCE = 1024  # bytes between two looks at the limits


@implementer(IStreamClientEndpoint, IAgentEndpointFactory)
class LimitedEndpoint:
    """An endpoint for one request of an HTTP client; `head_ended` reports that the head was read."""

    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint
        self._connection: _LimitedConnection | None = None

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect; give the client's own protocol, not the limit around it."""
        limited = WrappingFactory(protocolFactory)
        limited.protocol = _LimitedConnection
        limited.noisy = False
        return self._endpoint.connect(limited).addCallback(self._connected)

    def endpointForURI(self, _uri: URI) -> "LimitedEndpoint":  # noqa: N802 - Twisted's name
        """Give this endpoint, for every URI."""
        return self

    def head_ended(self) -> None:
        """Count no further bytes as the head's."""
        if self._connection is not None:
            self._connection.is_in_head = False

    def _connected(self, connection: Any) -> Any:
        self._connection = connection
        return connection.wrappedProtocol


class _LimitedConnection(ProtocolWrapper):
    """Hands on the bytes of an answer in small pieces, and drops the connection at a limit."""

    is_in_head = True
    _refusal: Failure | None = None
    _bytes = 0
    _lines = 0

    def dataReceived(self, data: bytes) -> None:
        for start in range(0, len(data), _AT_ONCE):
            if self._refusal is not None:
                return
            piece = data[start : start + _AT_ONCE]
            super().dataReceived(piece)
            self._count(piece)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(self._refusal or reason)

    def _count(self, piece: bytes) -> None:
        self._bytes += len(piece)
        self._lines += piece.count(b"\n")
        if self.is_in_head and (self._bytes > MAX_HEAD_BYTES or self._lines > MAX_HEAD_LINES):
            self._refuse(f"the head of its answer is longer than {MAX_HEAD_BYTES} bytes or {MAX_HEAD_LINES} lines")
        elif self._bytes > MAX_WIRE_BYTES or self._lines > MAX_WIRE_LINES:
            self._refuse(f"its whole answer is longer than {MAX_WIRE_BYTES} bytes or {MAX_WIRE_LINES} lines")

    def _refuse(self, why: str) -> None:
        self._refusal = Failure(RemoteProtocolError(why))
        transport: Any = self.transport
        transport.abortConnection()
