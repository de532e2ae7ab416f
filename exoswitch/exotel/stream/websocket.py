"""Adapter: a client's WebSocket, over autobahn, with a fast path for whole text messages.

autobahn handles the handshake, pings, closing, fragments and protocol errors. Whole text messages go through
`websocket_frames` both ways, while autobahn is between two messages. autobahn's timers are never used, because they
run on the global reactor.
"""
# ruff: noqa: N802, N803, N815 - Twisted and autobahn give these names

import base64
from collections.abc import Callable
from typing import Any, Protocol

import txaio
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.call.bot_address import BotAddress
from exoswitch.exotel.stream.handshake import upgrade_request
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.stream.websocket_frames import ClientFrames, ServerFrames

_MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""Base64 of 98 s of audio at 8,000 Hz, or 32 s at 24,000 Hz; Exotel's own limit is 100 kB (spec §3.1)."""

_MAX_HANDSHAKE_BYTES = 16 * 1024
_MAX_UNREAD_BYTES = 1024 * 1024  # written while the other side does not read
_NORMAL_CLOSURE = 1000  # RFC 6455 §7.4.1


class SocketListener(Protocol):
    """Is told the events of a WebSocket."""

    def socket_opened(self) -> None:
        """The handshake succeeded."""

    def text_received(self, message: bytes) -> None:
        """A text message came; it need not be UTF-8."""

    def binary_received(self, size: int) -> None:
        """A binary message of `size` bytes came, and was dropped."""

    def socket_congested(self, *, congested: bool) -> None:
        """The other side reads too slowly, or has caught up."""

    def socket_closing(self) -> None:
        """The closing handshake has begun, on either side; the socket does not limit its time."""

    def socket_lost(self, socket: "WebSocket", code: int | None, reason: str, *, by: Side) -> None:
        """The connection is gone, open or not; `code` is the close code, if any, `by` the side that ended it."""


class WebSockets(Factory):
    """Makes the sockets of one attempt to connect: several if the host has several addresses."""

    noisy = False

    def __init__(
        self, reactor: Any, address: BotAddress, listener: SocketListener, entropy: Callable[[int], bytes]
    ) -> None:
        self._factory = WebSocketClientFactory(reactor=reactor)  # type: ignore[no-untyped-call]
        self._address = address
        self._listener = listener
        self._entropy = entropy

    def buildProtocol(self, _addr: object) -> "WebSocket":
        """Make one."""
        socket = WebSocket(self._address, self._listener, self._entropy)
        socket.factory = self._factory
        return socket


@implementer(IPushProducer)
class WebSocket(WebSocketClientProtocol):
    """One WebSocket, from our side."""

    transport: Any
    log = txaio.make_logger(level="none")  # type: ignore[attr-defined] # it would log requests with credentials

    tcpNoDelay = True  # autobahn 26.10 does not set it without this line
    openHandshakeTimeout = closeHandshakeTimeout = serverConnectionDropTimeout = 0
    utf8validateIncoming = False  # invalid text is reported, and does not end the call
    maxMessagePayloadSize = _MAX_MESSAGE_BYTES
    failByDrop = False  # the other side sees the close code of its error, not a 1006

    def __init__(self, address: BotAddress, listener: SocketListener, entropy: Callable[[int], bytes]) -> None:
        super().__init__()
        self._address = address
        self._listener = listener
        self._entropy = entropy
        self._incoming = ServerFrames(_MAX_MESSAGE_BYTES)
        self._outgoing = ClientFrames(entropy)
        self._unread_bytes = 0
        self._unanswered_ping: bytes | None = None
        self._ended_by = Side.BOT
        self.is_congested = False

    def send_text(self, message: bytes) -> None:
        """Send one message, past autobahn; too many messages to a congested side drop the connection."""
        if self.state != self.STATE_OPEN:
            return
        if self.is_congested:
            self._unread_bytes += len(message)
            if self._unread_bytes > _MAX_UNREAD_BYTES:
                self.give_up("the bot does not read what it is sent")
                return
        self.transport.write(self._outgoing.text(message))

    def close(self) -> None:
        """Begin the closing handshake."""
        self._end()
        self.sendClose(_NORMAL_CLOSURE)

    def hang_up(self) -> None:
        """End the connection without a closing handshake; data in the transport's buffer is sent first."""
        self._end()
        self.wasNotCleanReason = "we dropped the connection"
        self._listener.socket_closing()
        self.dropConnection()

    def give_up(self, why: str) -> None:
        """Drop the connection at once."""
        self._end()
        self.wasNotCleanReason = why
        self.dropConnection(abort=True)

    def _end(self) -> None:
        if self.state == self.STATE_OPEN:
            self._ended_by = Side.GATEWAY

    # --- called by Twisted

    def dataReceived(self, data: bytes) -> None:
        """Take whole text messages off the head of the data; give the rest to autobahn."""
        if self.state != self.STATE_OPEN:
            self._dataReceived(self._incoming.release() + data)
            return
        if self.current_frame is None and not self.inside_message and not self.data:
            messages, data = self._incoming.feed(data)
            for message in messages:
                self._listener.text_received(message)
        if data:
            self._dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Remember the cause, if none is known yet."""
        if self.wasNotCleanReason is None:
            self.wasNotCleanReason = _why_lost(reason)
        super().connectionLost(reason)

    def pauseProducing(self) -> None:
        """The transport's buffer is full; Twisted says so again at every further write."""
        if self.is_congested:
            return
        self.is_congested = True
        self._unread_bytes = 0
        self._listener.socket_congested(congested=True)

    def resumeProducing(self) -> None:
        """The transport's buffer is empty again."""
        if not self.is_congested:
            return
        self.is_congested = False
        ping, self._unanswered_ping = self._unanswered_ping, None
        if ping is not None:
            self.sendPong(ping)  # type: ignore[no-untyped-call]
        self._listener.socket_congested(congested=False)

    def stopProducing(self) -> None:
        """Do nothing: `connectionLost` follows."""

    # --- called by autobahn

    def startHandshake(self) -> None:
        """Send our own request: autobahn's has headers that Exotel does not send."""
        self.websocket_key = base64.b64encode(self._entropy(16))
        self.sendData(upgrade_request(self._address, self.websocket_key.decode("ascii")))

    def processHandshake(self) -> Any:
        """Let autobahn check the answer, if it is readable HTTP.

        autobahn fails on bytes that are not ASCII; HTTP allows them in a header's value (RFC 9110 §5.5).
        """
        head, end, rest = self.data.partition(b"\r\n\r\n")
        is_http = head.isascii() or head.startswith(b"HTTP/")
        if not is_http or len(head) > _MAX_HANDSHAKE_BYTES:
            return self.failHandshake("the answer is not HTTP")  # type: ignore[no-untyped-call]
        self.data = _ascii(head) + end + rest
        return super().processHandshake()  # type: ignore[no-untyped-call]

    def onOpen(self) -> None:
        """The handshake succeeded."""
        self.transport.registerProducer(self, streaming=True)
        self._listener.socket_opened()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Pass on a message that autobahn read."""
        if isBinary:
            self._listener.binary_received(len(payload))
        else:
            self._listener.text_received(payload)

    def onPing(self, payload: bytes) -> None:
        """Answer; while the other side does not read, keep only the last ping (RFC 6455 §5.5.3 allows it)."""
        if self.is_congested:
            self._unanswered_ping = payload
        else:
            self.sendPong(payload)  # type: ignore[no-untyped-call]

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        """Report that closing has begun, on either side; without a request of ours, autobahn found an error."""
        was_open = self.state == self.STATE_OPEN
        if not isReply:
            self._end()
        super().sendCloseFrame(code, reasonUtf8, isReply)
        if was_open:
            self._listener.socket_closing()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """The connection is gone. If we refused the other side's data, our code and reason say why."""
        if self.failedByMe and self.closedByMe:
            code, reason = self.localCloseCode, (self.localCloseReason or b"").decode("utf-8")
        elif not wasClean:
            code, reason = None, self.wasNotCleanReason
        elif code is None:
            # `close()` in Node and in browsers does so; RFC 6455 §7.1.5 calls it 1005, and it is a normal end.
            code, reason = _NORMAL_CLOSURE, "without a code"
        self._listener.socket_lost(self, code, _printable(reason or ""), by=self._ended_by)


def _why_lost(reason: Failure) -> str:
    if isinstance(reason.value, ConnectionDone | ConnectionLost):
        return "the connection was lost without a closing handshake (1006)"
    return f"the connection was lost: {reason.getErrorMessage()}"


def _ascii(head: bytes) -> bytes:
    return head if head.isascii() else head.decode("latin-1").encode("ascii", "replace")


def _printable(text: str) -> str:
    """Make text of the other side safe for a log line."""
    return "".join(character if character.isprintable() else "?" for character in text[:200])
