"""A bot's end of a connection, in memory: bytes in, bytes out, on a test's clock."""

import base64
import hashlib
import json
import struct

from attrs import define, evolve, field
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from exoswitch.call.bot_address import parse_address
from exoswitch.call.session import BotTarget, Direction
from exoswitch.call.stream_options import StreamOptions
from exoswitch.call.stream_start import StreamStart
from exoswitch.exotel.stream.connection import ExotelBots
from exoswitch.exotel.stream.writer import StreamWriter, media_encoding
from exoswitch.interfaces.bots import IStreamListener
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.rtp.message_encoder import MessageEncoder
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.recorders import RecordedLeg

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def stream_start(url="ws://127.0.0.1:5000/ws?lang=hi", **options):
    return StreamStart(
        call_sid="8a2b1d3c4e5f60718293a4b5c6d718bl",
        stream_sid="5b4e5fbb46b3f42ed1fce7b3f5c618bl",
        account="acme1",
        customer="09812345610",
        exophone="08047491899",
        bot=BotTarget(url=url, options=StreamOptions(**options)),
        direction=Direction.INBOUND,
    )


@implementer(IStreamListener)
@define(eq=False)
class RecordedListener:
    told: list = field(factory=list)
    on_open: object = None

    def stream_opened(self):
        self.told.append("opened")
        if self.on_open is not None:
            self.on_open()

    def stream_failed(self, error):
        self.told.append(("failed", error))

    def stream_closed(self, code, reason):
        self.told.append(("closed", code, reason))


@implementer(IMetrics)
def frame(payload, opcode=TEXT, *, final=True):
    """Build a server's frame."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    size = len(data)
    head = bytes((opcode | (0x80 if final else 0),))
    if size <= 125:
        return head + bytes((size,)) + data
    return head + (b"\x7e" + struct.pack("!H", size) if size <= 0xFFFF else b"\x7f" + struct.pack("!Q", size)) + data


def read_frames(data):
    """Read a client's frames: opcodes with payloads, JSON already parsed."""
    read = []
    while data:
        size, start = data[1] & 0x7F, 2
        if size == 126:
            (size,), start = struct.unpack("!H", data[2:4]), 4
        elif size == 127:
            (size,), start = struct.unpack("!Q", data[2:10]), 10
        mask, masked = data[start : start + 4], data[start + 4 : start + 4 + size]
        assert data[0] & 0x80
        assert data[1] & 0x80
        assert len(masked) == size
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))
        read.append((data[0] & 0x0F, json.loads(payload) if data[0] & 0x0F == TEXT else payload))
        data = data[start + 4 + size :]
    return read


class Messages(StreamWriter):
    """All messages of one stream to a bot, media included; keywords change the stream's start."""

    def __init__(self, url="ws://127.0.0.1/", **start):
        begun, address = evolve(stream_start(url), **start), parse_address(url)
        self.encoder = MessageEncoder(media_encoding(begun, address.sample_rate_hz))
        super().__init__(begun, address, self.encoder.next_number)

    def media(self, pcm):
        return self.encoder.add(pcm)


class Transport(StringTransport):
    """A transport that reports its loss in the next turn of the reactor, as a real one does."""

    def __init__(self, reactor, protocol):
        super().__init__()
        self.reactor, self.protocol = reactor, protocol
        self.aborted = False
        self.is_reading = True

    def setTcpNoDelay(self, enabled):
        self.no_delay = enabled

    def pauseProducing(self):
        self.is_reading = False

    def resumeProducing(self):
        self.is_reading = True

    def unregisterProducer(self):
        self.producer = None

    def loseConnection(self):
        self.lose(ConnectionDone())

    def abortConnection(self):
        self.aborted = True
        self.lose(ConnectionAborted())

    def lose(self, error):
        if not self.disconnecting:
            self.disconnecting = True
            self.reactor.callLater(0, self.protocol.connectionLost, Failure(error))


class Wire:
    """One attempt to reach a bot; the test is the bot. `beside` is an attempt of the same gateway."""

    make_transport = Transport

    def __init__(self, start=None, *, opens=True, leg=None, beside=None, reactor=None, **bots):
        self.reactor = beside.reactor if beside else reactor or MemoryReactorClock()
        self.bots = beside.bots if beside else ExotelBots(self.reactor, metrics=MemoryMetrics(), **bots)
        self.metrics = self.bots.metrics.counts
        self.listener = RecordedListener()
        self.leg = leg or RecordedLeg()
        self.connection = self.bots.connect(start or stream_start(), self.leg, self.listener)
        self.listener.on_open = self.connection.start
        if opens:
            self.shake_hands()

    def dial(self):
        """Complete the TCP connection."""
        self.reactor.advance(0)
        factory = self.reactor.tcpClients[-1][2]
        self.socket = factory.buildProtocol(None)
        self.transport = self.make_transport(self.reactor, self.socket)
        self.socket.makeConnection(self.transport)
        return self

    def request(self):
        """Give the lines of the upgrade request."""
        return self.transport.value().decode().split("\r\n")

    def answer(self):
        """Build the right answer to the request."""
        (key,) = (line.split(": ")[1] for line in self.request() if line.startswith("Sec-WebSocket-Key"))
        digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324 - RFC 6455
        accept = base64.b64encode(digest).decode()
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
        ).encode()

    def shake_hands(self, more=b""):
        self.dial()
        answer = self.answer()
        self.transport.clear()
        self.send(answer + more)
        return self

    def send(self, data):
        """Send bytes unchanged, and other values as a JSON text message."""
        self.socket.dataReceived(data if isinstance(data, bytes) else frame(data))

    def received(self):
        """Give the frames since the last call, as opcodes with payloads."""
        data = self.transport.value()
        self.transport.clear()
        return read_frames(data)

    def messages(self):
        """Give the messages since the last call; all must be text."""
        frames = self.received()
        assert {opcode for opcode, _ in frames} <= {TEXT}
        return [payload for _, payload in frames]

    def end(self, code=1000):
        """Close as a correct bot does: the close frame, then the connection."""
        self.send(frame(struct.pack("!H", code), CLOSE))
        self.transport.loseConnection()
        self.reactor.advance(0)
