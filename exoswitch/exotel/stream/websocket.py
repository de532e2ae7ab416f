"""Adapter: a client's WebSocket, over autobahn, with messages of our own, whose cost is bounded.

autobahn handles the handshake, pings and closing. `server_frames` and `client_frames` read and write the messages.
Each frame is taken in its turn (`FairTurns`), and reading is paused meanwhile. autobahn's timers are never used,
because they run on the global reactor.
"""
# ruff: noqa: N802, N803, N815 - Twisted and autobahn give these names

import base64
from collections.abc import Callable
from typing import Any, Protocol

import txaio
from attrs import frozen
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.call.bot_address import BotAddress
from exoswitch.exotel.stream.client_frames import ClientFrames
from exoswitch.exotel.stream.handshake import readable_answer, upgrade_request
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.stream.server_frames import (
    MESSAGE_TOO_BIG,
    Binary,
    Control,
    Event,
    ServerFrames,
    Step,
    Violation,
)
from exoswitch.exotel.stream.unfinished import Unfinished
from exoswitch.exotel.stream.wire import Wire
from exoswitch.interfaces.media import IMediaLeg
from exoswitch.printable import printable
from exoswitch.tasks.fair_turns import FairTurns

_MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""Base64 of 98 s of audio at 8,000 Hz, or 32 s at 24,000 Hz; Exotel's own limit is 100 kB (spec §3.1)."""

_READ_BYTES = 16 * 1024
_READ_BYTES_TLS = 4 * 1024
"""Read from the network at once: records of one byte cost 0.3 ms in no turn, and each connection can send them."""

_MAX_UNREAD_BYTES = 1024 * 1024  # written while the other side does not read
_NORMAL_CLOSURE = 1000  # RFC 6455 §7.4.1
_REASON_SHOWN = 200


class SocketListener(Protocol):
    """Is told the events of a WebSocket."""

    def socket_opened(self) -> None:
        """The handshake succeeded."""

    def text_received(self, message: bytes) -> None:
        """A text message came; it need not be UTF-8."""

    def work(self) -> bool:
        """After `start_work`: do a part of the work, before another message is taken; say whether more is left."""

    def media_form(self) -> tuple[bytes, bytes] | None:
        """Give the form of messages that need not be taken one by one; see ServedSocket."""

    def binary_received(self, size: int) -> None:
        """A binary message of `size` bytes came, and was dropped."""

    def socket_congested(self, *, congested: bool) -> None:
        """The other side reads too slowly, or has caught up."""

    def socket_closing(self) -> None:
        """The closing handshake has begun, on either side; the socket does not limit its time."""

    def socket_lost(self, socket: "WebSocket", code: int | None, reason: str, *, by: Side) -> None:
        """The connection is gone, open or not; `code` is the close code, if any, `by` the side that ended it."""


@frozen(eq=False)
class Shared:
    """The parts that all sockets share: their turns, their unfinished messages, and random bytes."""

    turns: FairTurns
    unfinished: "Unfinished[WebSocket]"
    entropy: Callable[[int], bytes]


class WebSockets(Factory):
    """Makes the sockets of one attempt to connect: several if the host has several addresses."""

    noisy = False

    def __init__(self, reactor: Any, address: BotAddress, listener: SocketListener, shared: Shared) -> None:
        self._factory = WebSocketClientFactory(reactor=reactor)
        self._address = address
        self._listener = listener
        self._shared = shared

    def buildProtocol(self, _addr: object) -> "WebSocket":
        """Make one."""
        socket = WebSocket(self._address, self._listener, self._shared)
        socket.factory = self._factory
        return socket


@implementer(IPushProducer)
class WebSocket(WebSocketClientProtocol):
    """One WebSocket, from our side."""

    transport: Any
    _wire: Wire
    log = txaio.make_logger(level="none")  # type: ignore[attr-defined] # it would log requests with credentials

    tcpNoDelay = True  # autobahn 26.10 does not set it without this line
    openHandshakeTimeout = closeHandshakeTimeout = serverConnectionDropTimeout = 0
    utf8validateIncoming = False  # invalid text is reported, and does not end the call
    failByDrop = False  # the other side sees the close code of its error, not a 1006

    def __init__(self, address: BotAddress, listener: SocketListener, shared: Shared) -> None:
        super().__init__()
        self._address = address
        self._listener = listener
        self._shared = shared
        self._incoming = ServerFrames(_MAX_MESSAGE_BYTES)
        self._outgoing = ClientFrames(shared.entropy)
        self._handshake = b""  # of the other side, that has come
        self._has_part = False  # whether a part of a message is held
        self._listener_waits = False
        self._is_reading = True
        self._lost: Failure | None = None
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
        self._wire.write(self._outgoing.text(message))

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

    # --- the work of a turn, called by FairTurns

    def start_work(self) -> None:
        """Do the work that the listener has, in this turn or in one of the next."""
        self._listener_waits = True
        self._shared.turns.start(self)

    def work(self) -> bool:
        """Shake hands, do a part of the listener's work, or take one frame; after all, report a lost connection."""
        if self._handshake:
            data, self._handshake = self._handshake, b""
            self._dataReceived(data)
            return self._incoming.has_data or self._lost is not None
        if self.state != self.STATE_CLOSED:
            if self._listener_waits:
                self._listener_waits = self._listener.work()
                return True
            event = self._incoming.next()
            if event is Step.PARTIAL or self._has_part:
                self._note_unfinished()
            if event is not None:
                self._take(event)
                return self._listener_waits or self._incoming.has_data or self._lost is not None
        if self._lost is not None:
            self._report_lost(self._lost)
        return False

    def pause(self) -> None:
        """Leave data in the network: what has come waits for its turn."""
        if self._lost is None and self.state != self.STATE_CLOSED:
            self._is_reading = False
            self._wire.pause()

    def resume(self) -> None:
        """Read again."""
        if not self._is_reading and self._lost is None:
            self._is_reading = True
            self._wire.resume()
            if self._go_on():
                self.socket_waits()

    def _take(self, event: Event) -> None:
        if isinstance(event, bytes):
            self._listener.text_received(event)
        elif isinstance(event, Control):
            self._dataReceived(event.frame)
        elif isinstance(event, Binary):
            self._listener.binary_received(event.size)
        elif isinstance(event, Violation):
            self._fail_connection(event.code, event.why)

    def _note_unfinished(self) -> None:
        """Give up the longest message that is unfinished, if there are too many of them."""
        size = self._incoming.unfinished_bytes
        self._has_part = size > 0
        longest = self._shared.unfinished.note(self, size)
        if longest is not None:
            longest.refuse_unfinished()

    def refuse_unfinished(self) -> None:
        """End the connection, because its unfinished message takes room that others need."""
        self._fail_connection(MESSAGE_TOO_BIG, "the message was not finished while others needed its room")

    # --- while a media plane reads and writes the socket

    def let_serve(self, leg: IMediaLeg) -> bool:
        """Let the leg's plane read and write the socket, if nothing waits on either side; False: it never can."""
        is_idle = self._is_reading and self._incoming.is_between_messages
        if self.state != self.STATE_OPEN or self._wire.is_served or not is_idle:
            return True
        can_serve = self._wire.let_serve(leg, self)
        self._go_on()
        return can_serve

    def socket_waits(self) -> None:
        """Take the frames that the plane leaves to us, in this turn or in one of the next."""
        while True:
            data = self._wire.read()
            if data:
                self._take_in(data)
            if not self._is_reading or not self._go_on():
                return

    def _go_on(self) -> bool:
        return self._wire.go_on(self._listener.media_form() if self._incoming.is_between_messages else None)

    def take_socket_back(self) -> None:
        """Read and write the socket ourselves again."""
        self._wire.take_back()

    def _feed_later(self, data: bytes) -> None:
        self._incoming.feed(data)
        self._shared.turns.queue(self)

    # --- called by Twisted

    def connectionMade(self) -> None:
        """Read less at once than Twisted does; its transports have no method for it."""
        tcp = self.transport
        while hasattr(tcp, "transport"):  # below TLS
            tcp = tcp.transport
        if hasattr(tcp, "bufferSize"):
            tcp.bufferSize = _READ_BYTES if tcp is self.transport else _READ_BYTES_TLS
        self._wire = Wire(self.transport, self._feed_later)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        """Take data, in this turn or in one of the next."""
        if self.state == self.STATE_CONNECTING:
            self._handshake += data
        self._take_in(data)

    def _take_in(self, data: bytes) -> None:
        if self.state not in {self.STATE_CONNECTING, self.STATE_CLOSED}:
            self._incoming.feed(data)
        self._shared.turns.start(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Report it, after the messages that came before it."""
        self.take_socket_back()
        self._lost = reason
        self._shared.turns.start(self)

    def _report_lost(self, reason: Failure) -> None:
        if self.wasNotCleanReason is None:
            self.wasNotCleanReason = _why_lost(reason)
        self._incoming.drop_messages()
        self._shared.unfinished.note(self, 0)
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
            self.sendPong(ping)
        self._listener.socket_congested(congested=False)

    def stopProducing(self) -> None:
        """Do nothing: `connectionLost` follows."""

    # --- called by autobahn

    def startHandshake(self) -> None:
        """Send our own request: autobahn's has headers that Exotel does not send."""
        self.websocket_key = base64.b64encode(self._shared.entropy(16))
        self.sendData(upgrade_request(self._address, self.websocket_key.decode("ascii")))

    def processHandshake(self) -> Any:
        """Let autobahn check the answer, if it is readable HTTP."""
        answer = readable_answer(self.data)
        if answer is None:
            return self.failHandshake("the answer is not HTTP")
        self.data = answer
        return super().processHandshake()

    def onOpen(self) -> None:
        """The handshake succeeded."""
        self.transport.registerProducer(self, streaming=True)
        self._listener.socket_opened()
        data, self.data = self.data, b""
        if data:
            self.dataReceived(data)

    def onPing(self, payload: bytes) -> None:
        """Answer; while the other side does not read, keep only the last ping (RFC 6455 §5.5.3 allows it)."""
        if self.is_congested:
            self._unanswered_ping = payload
        else:
            self.sendPong(payload)

    def sendData(self, data: bytes, *_how: Any) -> None:
        """Send the request or a frame of control, behind the messages that were sent."""
        self._wire.write(data)

    def dropConnection(self, abort: bool = False) -> None:
        """Drop the connection: the transport's own, in every case."""
        self.take_socket_back()
        super().dropConnection(abort)

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        """Report that closing has begun, on either side; without a request of ours, autobahn found an error."""
        self.take_socket_back()
        was_open = self.state == self.STATE_OPEN
        if not isReply:
            self._end()
        super().sendCloseFrame(code, reasonUtf8, isReply)
        self._incoming.drop_messages()
        self._shared.unfinished.note(self, 0)
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
        self._listener.socket_lost(self, code, printable((reason or "")[:_REASON_SHOWN]), by=self._ended_by)


def _why_lost(reason: Failure) -> str:
    if isinstance(reason.value, ConnectionDone | ConnectionLost):
        return "the connection was lost without a closing handshake (1006)"
    return f"the connection was lost: {reason.getErrorMessage()}"
