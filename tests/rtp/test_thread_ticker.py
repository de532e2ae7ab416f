"""The media tick in a thread of its own: on a made-up plane, and on the compiled one with real sockets."""

import errno
import gc
import os
import random
import select
import socket
import time
import weakref
from contextlib import suppress
from itertools import pairwise

import pytest
from twisted.internet.testing import MemoryReactorClock

from exoswitch.audio.frames import FRAME_SAMPLES
from exoswitch.audio.g711 import ULAW
from exoswitch.call.media import MediaEncoding
from exoswitch.config.model import RtpConfig
from exoswitch.errors import CannotStart
from exoswitch.exotel.stream.client_frames import ClientFrames
from exoswitch.network import native_tls
from exoswitch.rtp import planes
from exoswitch.rtp.packet import Packetizer, parse
from exoswitch.rtp.service import RtpService
from exoswitch.rtp.session import LegSettings
from exoswitch.rtp.thread_ticker import ThreadTicker
from exoswitch.rtp.ticker import Ticker
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.rtp_nodes import ENCODING, NEEDS_COMPILED, Call, SocketClock, SocketPeer, SocketsClock
from tests.harness.secured_bot import SecuredBot
from tests.harness.udp import MemoryUDP
from tests.harness.wire import read_frames

TONE = b"\x10\x20" * FRAME_SAMPLES
SPEECH = ULAW.encode(TONE)
TOO_LONG_S = 20


class MadeUpTicks:
    """Ticks that are only told of."""

    skipped = 2

    def __init__(self):
        self.told, self.lateness_s, self.error = [], [], None
        self.cannot_start = None

    def fileno(self):
        return 5

    def start(self):
        if self.cannot_start is not None:
            raise self.cannot_start
        self.told.append("start")

    def stop(self):
        self.told.append("stop")

    def deliver(self):
        self.told.append("deliver")
        if self.error is not None:
            raise self.error

    def take_lateness_s(self):
        taken, self.lateness_s = self.lateness_s, []
        return taken


@pytest.fixture
def ticks():
    return MadeUpTicks()


@pytest.fixture
def observed():
    return []


@pytest.fixture
def ticker(ticks, observed):
    return ThreadTicker(MemoryReactorClock(), ticks, observed.append)


def test_it_delivers_when_the_thread_has_found_something(ticker, ticks):
    ticker.start()
    assert ticker._reactor.readers == {ticker}
    ticker.doRead()
    ticker.stop()
    assert ticks.told == ["start", "deliver", "stop", "deliver"]
    assert not ticker._reactor.readers
    assert not ticker._reactor.getDelayedCalls()


def test_a_failed_delivery_is_logged_and_the_next_one_is_made(ticker, ticks, logged_failures):
    ticker.start()
    ticks.error = RuntimeError()
    assert ticker.doRead() is None
    ticks.error = None
    ticker.doRead()
    assert ticks.told == ["start", "deliver", "deliver"]
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_the_lateness_of_each_tick_is_observed_once_a_second(ticker, ticks, observed):
    ticker.start()
    ticks.lateness_s = [0.001, 0.004]
    ticker._reactor.advance(1)
    ticks.lateness_s = [0.002]
    ticker._reactor.advance(1)
    ticks.lateness_s = [0.003]
    ticker.stop()
    assert observed == [0.001, 0.004, 0.002, 0.003]
    assert (ticker.lateness().p50_ms, ticker.lateness().max_ms, ticker.skipped) == (3, 4, 2)


@pytest.mark.parametrize(("plane", "polled"), [("python", True), ("auto", False)])
def test_a_thread_is_refused_where_it_cannot_run(plane, polled):
    config = RtpConfig(plane=plane, tick="thread")
    with pytest.raises(CannotStart, match=r"rtp\.tick is thread, .*Set rtp\.tick to auto"):
        RtpService(MemoryUDP(), config, random.Random(1), MemoryMetrics(), polled=polled)


def test_a_thread_that_the_kernel_refuses_is_told_with_a_remedy(ticker, ticks):
    ticks.cannot_start = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    with pytest.raises(CannotStart, match=r"temporarily unavailable\. Raise the limit .*rtp\.tick to reactor"):
        ticker.start()
    assert not ticker._reactor.readers
    assert not ticker._reactor.getDelayedCalls()


def test_it_can_be_started_again(ticker, ticks):
    for _ in range(2):
        ticker.start()
        ticker.stop()
    assert ticks.told == ["start", "stop", "deliver"] * 2
    assert not ticker._reactor.getDelayedCalls()


@pytest.mark.parametrize(("tick", "ticker"), [("auto", ThreadTicker), ("reactor", Ticker)])
@NEEDS_COMPILED
def test_the_compiled_plane_ticks_in_a_thread_on_a_reactor_with_sockets(tick, ticker):
    plane = RtpService(SocketsClock(), RtpConfig(tick=tick), random.Random(1), MemoryMetrics())
    assert type(plane._ticker) is ticker
    assert plane.tick == ("reactor" if tick == "reactor" else "thread")


@pytest.mark.parametrize(("plane", "reactor"), [("python", SocketsClock), ("auto", SocketClock), ("auto", MemoryUDP)])
def test_it_ticks_in_the_reactor_where_no_thread_can_run(plane, reactor):
    service = RtpService(reactor(), RtpConfig(plane=plane), random.Random(1), MemoryMetrics())
    assert (service.tick, type(service._ticker)) == ("reactor", Ticker)


class Asterisk:
    """A call of a threaded plane, and the other end of its RTP."""

    send_errors = 0

    def __init__(self, plane):
        self.near, self.far, self.stream = SocketPeer(), SocketPeer(), Packetizer(0, 1, 2, 3)
        self.call, self.plane = Call(), plane
        settings = LegSettings(source_host="127.0.0.1")
        self.session = plane.open(settings, random.Random(1), self, self.call, self.near.socket.fileno())
        self.session.direct(*self.far.address)
        self.messages = self.session.attach(self.call, ENCODING)

    def speak(self):
        self.far.send(self.stream.encode(SPEECH, marker=False), self.near.address[1])

    def next_packets(self):
        """Wait until a tick has sent something; give the packets."""
        assert select.select([self.far.socket], [], [], TOO_LONG_S)[0]
        return self.far.received()

    def do(self, rng):
        """Do one of all that a call may ask of a session."""
        session = self.session
        rng.choice(
            [
                lambda: session.play(TONE * rng.randrange(9)),
                lambda: session.mark("said"),
                lambda: session.clear(finish_message=rng.random() < 0.5),
                session.hold,
                session.drain,
                lambda: session.attach(self.call, ENCODING),
                self.messages.hold,
                self.messages.release,
                lambda: session.record(self if rng.random() < 0.5 else None),
                session.counts,
                self.speak,
            ]
        )()

    def take(self, said, played):
        assert len(said) == len(played)

    def close(self):
        self.plane.remove(self.session)
        self.near.close()
        self.far.close()


@pytest.fixture
def threaded():
    """Give a compiled plane that a thread ticks, and its ticks."""
    if planes.choose_plane("auto") != "compiled":
        pytest.skip("this install has no compiled plane")
    failed = []
    plane = planes.make_plane("compiled", None, failed.append)
    ticks = planes.thread_ticks(plane)
    ticks.start()
    yield plane, ticks
    ticks.stop()
    assert not failed


@pytest.mark.loopback
def test_a_blocked_reactor_loses_no_packet_and_no_audio(threaded):
    plane, ticks = threaded
    ticks.stop()
    asterisk = Asterisk(plane)
    asterisk.session.play(TONE * 200)
    asterisk.session.mark("said")
    ticks.start()
    heard = []
    for _ in range(25):
        asterisk.speak()
        heard += asterisk.next_packets()
    for _ in range(3):
        heard += asterisk.next_packets()
    ticks.stop()
    heard += asterisk.far.received()
    ticks.deliver()
    counts = asterisk.session.counts()
    asterisk.close()
    assert [parse(packet).payload for packet in heard] == [SPEECH] * len(heard)
    assert len(asterisk.call.media) == len(heard)
    assert (counts.received, counts.lost) == (25, 0)
    assert asterisk.call.media.count(ULAW.decode(SPEECH)) >= 20


@pytest.mark.loopback
def test_messages_that_wait_too_long_are_dropped_and_counted(threaded):
    plane, ticks = threaded
    began = time.monotonic()
    asterisk = Asterisk(plane)
    dropped_ms = 0
    while dropped_ms < 60:
        time.sleep(0.02)
        dropped_ms += asterisk.messages.take_dropped_ms()
        assert time.monotonic() < began + TOO_LONG_S
    ticks.stop()  # it would fill slots that become free
    ended = time.monotonic()
    ticks.deliver()
    kept = len(asterisk.call.media)
    dropped_ms += asterisk.messages.take_dropped_ms()
    asterisk.close()
    assert 42 <= kept <= 43
    assert 900 <= 20 * kept + dropped_ms <= 1000 * (ended - began) + 100  # it makes up for ticks that were late


@pytest.mark.loopback
def test_calls_come_and_go_while_the_thread_ticks(threaded):
    plane, ticks = threaded
    rng = random.Random(7)
    calls = []
    end = time.monotonic() + 3.0
    while time.monotonic() < end:
        if len(calls) < 30:
            calls.append(Asterisk(plane))
        asterisk = rng.choice(calls)
        asterisk.do(rng)
        ticks.deliver()
        if rng.random() < 0.02:
            calls.remove(asterisk)
            asterisk.close()
    for asterisk in calls:
        asterisk.close()
    ticks.deliver()
    assert len(plane) == 0
    assert ticks.take_lateness_s()


@pytest.mark.loopback
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the sockets are forgotten too
def test_a_plane_that_is_forgotten_while_its_thread_ticks_is_freed():
    """The parts hold each other, so only the garbage collector frees them, in an order of its own."""
    if planes.choose_plane("auto") != "compiled":
        pytest.skip("this install has no compiled plane")
    for _ in range(20):
        plane = planes.make_plane("compiled", None, lambda _session: None)
        ticks = planes.thread_ticks(plane)
        for _ in range(20):
            asterisk = Asterisk(plane)
            asterisk.call.held = asterisk, ticks
            asterisk.session.record(asterisk)
        ticks.start()
        is_there = weakref.ref(asterisk)
        time.sleep(0.03)
        del asterisk, ticks, plane
        gc.collect()
        assert is_there() is None


@pytest.mark.loopback
def test_a_message_of_the_stream_follows_those_that_wait_for_the_reactor(threaded):
    plane, ticks = threaded
    asterisk = Asterisk(plane)
    sent = asterisk.call.media
    before = []
    for _ in range(5):
        for _ in range(2):  # so a whole tick has passed, and its message waits
            asterisk.next_packets()
        before.append((asterisk.messages.next_number(), len(sent)))
    ticks.deliver()
    asterisk.close()
    assert [number for number, _ in before] == [media + written for written, (_, media) in enumerate(before, 1)]
    assert all(earlier < later for (_, earlier), (_, later) in pairwise(before))


def secured(near, far):
    """Shake hands over TLS; give the engine, and let the far end read as a server."""
    if native_tls.openssl_version() is None:
        pytest.skip("this machine has no OpenSSL 3")
    from exoswitch.network._tls import Engine, Settings  # noqa: PLC0415 - compiled

    near.setblocking(False)
    engine, bot = Engine(Settings(), None, lambda _problem, _certificate: True), SecuredBot(far)
    while not (engine.is_open and bot.is_open):
        engine.do_handshake()
        near.sendall(engine.take_unsent())
        bot.exchange()
        with suppress(BlockingIOError):
            engine.feed(near.recv(1 << 20))
    return engine, bot


class SlowStream(Call):
    """A stream that offers its socket to the plane before it writes its first message, and is slow to write some."""

    def __init__(self, *, is_secured):
        super().__init__()
        self.near, self.far = socket.socketpair()
        self.far.setblocking(False)
        self.engine, self.bot = secured(self.near, self.far) if is_secured else (None, self.far)
        self.session, self.served, self.frames = None, None, ClientFrames(os.urandom)
        self.delays_s = [0.05, *[0.015] * 12]

    def send_media(self, message):
        if self.served is None:
            self.served = self.session.serve(self.near.fileno(), self, self.engine)
        if self.delays_s:
            time.sleep(self.delays_s.pop(0))
        self.served.write(self.frames.text(message))

    def received(self):
        data = b""
        with suppress(BlockingIOError):
            while True:
                data += self.bot.recv(1 << 20)
        return data


@pytest.mark.loopback
@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")  # Twisted 26.10 does it
@pytest.mark.parametrize("is_secured", [False, True])
def test_the_plane_writes_no_message_past_one_that_the_stream_is_about_to_write(threaded, is_secured):
    plane, ticks = threaded
    asterisk, stream = Asterisk(plane), SlowStream(is_secured=is_secured)
    stream.session = asterisk.session
    encoding = MediaEncoding(template=b'{"number":%d,"chunk":%d,"ms":%d,"audio":"%b"}', sample_rate_hz=8000)
    asterisk.session.attach(stream, encoding)
    for _ in range(25):
        asterisk.next_packets()
        ticks.deliver()
    stream.served.take_back()
    numbers = [message["number"] for _, message in read_frames(stream.received())]
    asterisk.close()
    stream.near.close()
    stream.far.close()
    assert len(numbers) > 10
    assert numbers == list(range(1, len(numbers) + 1))


@NEEDS_COMPILED
def test_ticks_without_a_plane_close_no_descriptor_of_others():
    with pytest.raises(TypeError):
        planes.thread_ticks(None)
    gc.collect()
    os.fstat(0)
