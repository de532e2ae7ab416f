"""Nodes with a media plane, on UDP in memory or on real sockets, on a test's clock."""

import base64
import random
import select
import socket
from functools import partial
from unittest import mock

import pytest
from twisted.internet.interfaces import IReactorFDSet, IReactorTime, IReactorUDP
from twisted.internet.task import Clock, LoopingCall
from twisted.internet.udp import Port
from zope.interface import implementer

from exoswitch.audio.frames import FRAME_S
from exoswitch.call.media import MediaEncoding
from exoswitch.config.model import RtpConfig
from exoswitch.rtp.planes import choose_plane, thread_ticks
from exoswitch.rtp.service import RtpService
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.e2e.ports import free_ports
from tests.harness.udp import MemoryUDP

HAS_COMPILED = choose_plane("auto") == "compiled"
NEEDS_COMPILED = pytest.mark.skipif(not HAS_COMPILED, reason="this install has no compiled media plane")
PLANES = ["python", pytest.param("compiled", marks=NEEDS_COMPILED)]


ENCODING = MediaEncoding(template=b"%d %d %d %b", sample_rate_hz=8000)


def pcm_of(message):
    """Give the audio of a message in `ENCODING`."""
    return base64.b64decode(message.rpartition(b" ")[2])


class Call:
    """The listener and the stream of a leg; it records all calls of both."""

    def __init__(self):
        self.media, self.marks, self.lost, self.overflowed = [], [], [], []
        self.began = 0
        self.finished = 0

    def send_media(self, message):
        self.media.append(pcm_of(message))

    def send_mark(self, name):
        self.marks.append(name)

    def media_lost(self, silent_s):
        self.lost.append(silent_s)

    def playout_began(self):
        self.began += 1

    def playout_overflowed(self, dropped_ms):
        self.overflowed.append(dropped_ms)

    def playout_finished(self):
        self.finished += 1


class Node:
    """A started media plane with a few `ports`; its clock moves only in `tick`."""

    source_host = "127.0.0.1"

    def __init__(self, reactor, *, polled, ports=None, count=4, waiting_sound=b"", **config):
        self.ports = ports or self.choose_ports(count)
        config = {"bind": "127.0.0.1", "playout_max_s": 1, "silence_timeout_s": 1.0, **config, "ports": self.ports}
        self.reactor, self.metrics, self.peers = reactor, MemoryMetrics(), []
        ways = {"polled": polled, "waiting_sound": waiting_sound}
        self.plane = RtpService(reactor, RtpConfig(**config), random.Random(5), self.metrics, **ways)
        self.plane.startService()
        reactor.advance(0.001)  # so that the plane's ticks are between those of the test

    def choose_ports(self, count):
        return free_ports(count)

    def open(self):
        call = Call()
        return self.plane.open(self.source_host, call), call

    def tick(self, ticks=1):
        for _ in range(ticks):
            self.turn()
            self.reactor.advance(0.02)

    def turn(self):
        """Let the reactor read its sockets."""

    def close(self):
        self.plane.stopService()
        self.reactor.advance(0)
        for peer in self.peers:
            peer.close()


class MemoryPeer:
    """Another end at an address in memory."""

    def __init__(self, reactor, address):
        self.reactor, self.address = reactor, address

    def send(self, data, port):
        self.reactor.deliver(port, data, self.address)

    def received(self):
        """Give the packets sent here since the last call."""
        got = []
        for bound in self.reactor.ports.values():
            got += [data for data, address in bound.socket.sent if address == self.address]
            bound.socket.sent = [sent for sent in bound.socket.sent if sent[1] != self.address]
        return got

    def close(self):
        """Do nothing: no socket is open."""


class MemoryNode(Node):
    """A plane on UDP in memory."""

    def __init__(self, **config):
        super().__init__(MemoryUDP(), polled=False, **config)

    def choose_ports(self, count):
        return range(20_000, 20_000 + count)

    def peer(self):
        self.peers.append(MemoryPeer(self.reactor, (self.source_host, 30_000 + len(self.peers))))
        return self.peers[-1]


@implementer(IReactorUDP, IReactorTime)
class SocketClock(Clock):
    """Binds real sockets, and reads them in `read`."""

    def __init__(self):
        super().__init__()
        self.readers = set()

    def listenUDP(self, port, protocol, interface="", maxPacketSize=8192):
        bound = Port(port, protocol, interface, maxPacketSize, self)
        bound.startListening()
        return bound

    def addReader(self, reader):
        self.readers.add(reader)

    def removeReader(self, reader):
        self.readers.discard(reader)

    def removeWriter(self, writer):
        """Do nothing: no socket waits for writing."""

    def read(self):
        ready = select.select(self.readers, [], [], 0)[0] if self.readers else []
        for reader in ready:
            reader.doRead()


@implementer(IReactorFDSet)
class SocketsClock(SocketClock):
    """A SocketClock that a thread can wake; no socket of a node waits for writing."""

    def getReaders(self):
        return [*self.readers]

    def addWriter(self, writer):
        raise NotImplementedError

    def getWriters(self):
        return []

    def removeAll(self):
        raise NotImplementedError


class SteppedTicks:
    """The ticks of a thread, but each one when a clock says so: what they find is delivered by the reactor later."""

    def __init__(self, clock, plane):
        self._clock, self._ticks = clock, thread_ticks(plane)
        self._looping = LoopingCall(lambda: self._ticks.step(clock.seconds()))
        self._looping.clock = clock
        for name in ("deliver", "fileno", "take_lateness_s"):
            setattr(self, name, getattr(self._ticks, name))

    skipped = 0

    def start(self):
        self._looping.start(FRAME_S, now=False)

    def stop(self):
        self._looping.stop()


class SocketPeer:
    """A real socket on the loopback interface: data has arrived when `sendto` returns."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.address = self.socket.getsockname()

    def send(self, data, port, host="127.0.0.1"):
        self.socket.sendto(data, (host, port))

    def received(self):
        got = []
        try:
            while True:
                got.append(self.socket.recv(2048))
        except BlockingIOError:
            return got

    def close(self):
        self.socket.close()


class SocketNode(Node):
    """A plane on real sockets; with `polled` the tick reads them, otherwise the reactor."""

    def __init__(self, *, polled, **config):
        super().__init__(SocketClock(), polled=polled, **config)

    def peer(self):
        self.peers.append(SocketPeer())
        return self.peers[-1]

    def turn(self):
        self.reactor.read()


class ThreadNode(Node):
    """A plane on real sockets that ticks as in a thread; the reactor delivers after each tick."""

    def __init__(self, **config):
        reactor = SocketsClock()
        with mock.patch("exoswitch.rtp.service.thread_ticks", partial(SteppedTicks, reactor)):
            super().__init__(reactor, polled=True, tick="thread", **config)

    def peer(self):
        self.peers.append(SocketPeer())
        return self.peers[-1]

    def tick(self, ticks=1):
        for _ in range(ticks):
            self.reactor.advance(FRAME_S)
            self.turn()

    def turn(self):
        self.reactor.read()
