"""A call with a real TCP connection to its bot, on one of the media planes, on a test's clock.

The bot is a socket of the test; Asterisk's RTP is in memory.
"""

import random
import select
import socket
from contextlib import suppress

from attrs import evolve
from twisted.internet.address import IPv4Address
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from exoswitch.rtp.bound_leg import BoundLeg
from exoswitch.rtp.packet import Packetizer, parse
from exoswitch.rtp.planes import make_plane, thread_ticks
from exoswitch.rtp.session import LegSettings
from tests.harness.rtp_nodes import Call
from tests.harness.secured_bot import AUTHORITY, SecuredBot
from tests.harness.tls_ways import TlsWay
from tests.harness.wire import Wire, read_frames, stream_start

ASTERISK = ("10.0.0.1", 4000)


class Sockets(MemoryReactorClock):
    """A reactor that reads and writes real sockets in `turn`."""

    def turn(self):
        """Read and write until nothing is left to do."""
        for _ in range(1000):
            self.advance(0)
            readers, writers = self.getReaders(), self.getWriters()
            can_read, can_write, _ = select.select(readers, writers, [], 0)
            if not can_read and not can_write:
                return
            for selectable in can_read:
                self.ended(selectable, selectable.doRead())
            for selectable in can_write:
                if selectable in self.getWriters():
                    self.ended(selectable, selectable.doWrite())
        raise AssertionError("the sockets are never quiet")

    def ended(self, selectable, why):
        """Lose a connection as a reactor does."""
        if why is not None:
            self.removeReader(selectable)
            self.removeWriter(selectable)
            selectable.connectionLost(Failure(why))


class TcpTransport(Connection):
    """The gateway's end of the connection."""

    logstr = "bot"

    def __init__(self, reactor, protocol):
        self.is_open = True
        with socket.create_server(("127.0.0.1", 0)) as server:
            own = socket.create_connection(server.getsockname())
            self.peer, _ = server.accept()
        own.setblocking(False)
        self.peer.setblocking(False)
        self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(own, protocol, reactor)

    def makeConnection(self):
        self.connected = 1
        self.startReading()

    def getHost(self):
        return IPv4Address("TCP", "127.0.0.1", 1)

    getPeer = getHost


class Phone:
    """The caller's end of the RTP, in memory: the wire and the inbound of a plane with one call."""

    send_errors = 0

    def __init__(self):
        self.session, self.inbox, self.heard = None, [], []
        self.stream = Packetizer(0, 65_530, 2**32 - 500, 99)

    def speak(self, coded):
        """Send 20 ms."""
        self.inbox.append(self.stream.encode(coded, marker=False))

    def receive(self):
        inbox, self.inbox = self.inbox, []
        return [(self.session, data, ASTERISK) for data in inbox]

    def connect(self, address):
        """Do nothing: no other address sends."""

    def send(self, packet, address):
        assert address == ASTERISK
        self.heard.append(parse(packet).payload)


class TcpWire(Wire):
    """A started stream on a plane; `kind` is the plane's: python, compiled, or thread, which is the compiled one with
    the ticks of a thread, made by hand. All that the bot and the phone sent comes in a tick.

    `suite` names a suite of ciphers for TLS, see SecuredBot; `cut` is SecuredBot's. `is_native`: the TLS is in C.
    """

    def __init__(self, kind, start=None, *, suite=None, cut=0, is_native=None, **settings):
        self.suite, self.cut = suite, cut
        if suite is not None:
            start = start or stream_start()
            start = evolve(start, bot=evolve(start.bot, url=start.bot.url.replace("ws:", "wss:")))
        self.phone, self.failures, self.call, self.now = Phone(), [], Call(), 100.0
        is_compiled = kind != "python"
        plane = make_plane("compiled" if is_compiled else "python", self.phone, self.failures.append)
        self.ticks = thread_ticks(plane) if kind == "thread" else None
        settings = {"source_host": ASTERISK[0], **settings}
        session = plane.open(LegSettings(**settings), random.Random(7), self.phone, self.call, None)
        leg = BoundLeg("127.0.0.1", 1, session, self.call, lambda: plane.remove(session))
        leg.direct(*ASTERISK)
        self.plane, self.phone.session, self.heard = plane, session, b""
        is_native = is_compiled if is_native is None else is_native
        way = TlsWay(is_native=is_native and suite is not None).trusting(AUTHORITY.certificate)
        super().__init__(start, leg=leg, reactor=Sockets(), tls_options=way)

    @property
    def is_served(self):
        """Whether the plane reads and writes the socket."""
        return self.connection._socket._wire.is_served

    def tick(self, ticks=1):
        for _ in range(ticks):
            self.reactor.turn()
            self.now += 0.02
            if self.ticks is None:
                self.plane.tick(self.now)
            else:
                self.ticks.step(self.now, is_answered=True)
                self.ticks.deliver()
            self.reactor.turn()
        return self

    # --- the bot

    def dial(self):
        self.reactor.advance(0)
        factory = self.reactor.tcpClients[-1][2]
        self.socket = factory.buildProtocol(None)
        self.transport = TcpTransport(self.reactor, self.socket)
        self.bot = self.transport.peer
        if self.suite is not None:
            self.bot = SecuredBot(self.bot, self.suite, self.cut)
        self.transport.makeConnection()
        self.socket.makeConnection(self.transport)
        self.request_text = b""
        for _ in range(10):
            self.reactor.turn()
            with suppress(BlockingIOError):
                self.request_text += self.bot.recv(65536)
        return self

    def request(self):
        return self.request_text.decode().split("\r\n")

    def shake_hands(self):
        self.dial()
        self.bot.sendall(self.answer())
        self.flush()
        self.reactor.turn()
        return self

    def say(self, data):
        """Send bytes to the gateway."""
        self.bot.sendall(data)
        return self

    def flush(self):
        """Send the bytes that a cut holds back."""
        if self.suite is not None:
            self.bot.flush()
        return self

    def received(self):
        """Give the frames since the last call."""
        try:
            while data := self.bot.recv(1 << 20):
                self.heard += data
        except (BlockingIOError, ConnectionResetError):
            pass
        heard, self.heard = self.heard, b""
        return read_frames(heard)

    def end(self):
        """End the call and the connection."""
        self.connection.close(None)
        self.tick(2)
        self.bot.close()
        self.reactor.turn()
        self.reactor.advance(5)
        self.reactor.turn()
        self.leg.close()
