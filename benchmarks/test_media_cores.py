# ruff: noqa: D103 - the names of benchmarks say what they measure
"""The cost of 20 ms of one call, part by part, without sockets and reactor; run with pytest-benchmark.

    pytest benchmarks/test_media_cores.py --benchmark-columns=min,median,ops

Each benchmark is one call's share of one tick; 50 of them make a second of a call. A core carries as many calls as
fit into 20 ms.
"""

import random
import struct
from itertools import cycle

import pytest

from exoswitch.audio.frames import FRAME_S, FRAME_SAMPLES
from exoswitch.audio.g711 import ALAW, ULAW
from exoswitch.call.media import MediaEncoding
from exoswitch.rtp.jitter import JitterBuffer
from exoswitch.rtp.leg import MediaLeg
from exoswitch.rtp.message_encoder import MessageEncoder
from exoswitch.rtp.packet import Packetizer, parse
from exoswitch.rtp.plane import Plane
from exoswitch.rtp.playout import Playout
from exoswitch.rtp.session import LegSettings

ASTERISK = ("10.0.1.5", 12000)
CALLS = 100
SPEECH = struct.pack(f"<{FRAME_SAMPLES}h", *[random.Random(1).randrange(-8000, 8000) for _ in range(FRAME_SAMPLES)])
CODED = ULAW.encode(SPEECH)
ENCODING = MediaEncoding(
    template=b'{"event":"media","stream_sid":"' + b"5b" * 16 + b'","sequence_number":"%d",'
    b'"media":{"chunk":"%d","timestamp":"%d","payload":"%b"}}',
    sample_rate_hz=8000,
)


@pytest.mark.parametrize("law", [ULAW, ALAW], ids=lambda law: law.name)
def test_decode(benchmark, law):
    benchmark(law.decode, CODED)


@pytest.mark.parametrize("law", [ULAW, ALAW], ids=lambda law: law.name)
def test_encode(benchmark, law):
    benchmark(law.encode, SPEECH)


def test_encode_100_ms(benchmark):
    benchmark(ULAW.encode, SPEECH * 5)


def test_parse(benchmark):
    benchmark(parse, Packetizer(0, 1, 2, 3).encode(CODED, marker=False))


def test_pack(benchmark):
    stream = Packetizer(0, 1, 2, 3)
    benchmark(lambda: stream.encode(CODED, False))


def test_jitter_push_and_pop(benchmark):
    buffer, timestamps = JitterBuffer(1600), cycle(range(0, 2**32, FRAME_SAMPLES))

    def turn():
        buffer.push(next(timestamps), SPEECH, True)
        return buffer.pop()

    assert benchmark(turn) is SPEECH


def test_message_of_20_ms(benchmark):
    encoder = MessageEncoder(ENCODING)
    benchmark(lambda: encoder.add(SPEECH))


def test_playout_of_20_ms_messages(benchmark):
    playout = Playout(ULAW, max_s=300)

    def turn():
        playout.play(SPEECH)
        return playout.pop()

    assert benchmark(turn) == CODED


def test_playout_of_one_long_message(benchmark):
    """Only takes frames: the message was encoded on arrival."""
    playout = Playout(ULAW, max_s=10**6)
    playout.play(SPEECH * 50 * 60)

    def turn():
        if not playout.queued_ms:
            playout.play(SPEECH * 50 * 60)
        return playout.pop()

    assert benchmark(turn) == CODED


class Driven:
    """A leg with audio in both directions."""

    def __init__(self):
        self.leg = MediaLeg(LegSettings(source_host=ASTERISK[0]), random.Random(1))
        self.leg.direct(*ASTERISK)
        self.leg.attach()
        self.stream = Packetizer(0, 1, 2, 3)
        self.now = 0.0

    def packets(self, count):
        return [self.stream.encode(CODED, marker=False) for _ in range(count)]


def test_leg_with_both_directions(benchmark):
    """All parts except the sockets, the WebSocket and its JSON."""
    driven = Driven()
    leg = driven.leg

    def setup():
        return (driven.packets(50),), {}

    def second(packets):
        for packet in packets:
            driven.now += FRAME_S
            leg.playout.play(SPEECH)
            leg.datagram(packet, ASTERISK, driven.now)
            leg.tick(driven.now)

    benchmark.pedantic(second, setup=setup, rounds=200, warmup_rounds=5)


def test_leg_that_listens(benchmark):
    """The caller speaks, the bot is silent."""
    driven = Driven()
    leg = driven.leg

    def setup():
        return (driven.packets(50),), {}

    def second(packets):
        for packet in packets:
            driven.now += FRAME_S
            leg.datagram(packet, ASTERISK, driven.now)
            leg.tick(driven.now)

    benchmark.pedantic(second, setup=setup, rounds=200, warmup_rounds=5)


class Nothing:
    """A wire, a stream and a listener that do nothing."""

    def send(self, packet, address):
        """Send nowhere."""

    connect = send_media = send_mark = media_lost = lambda self, what: None


class Inbound:
    """Gives the datagrams in `ready`."""

    def __init__(self):
        self.ready = []

    def receive(self):
        return self.ready


def test_tick_of_100_calls(benchmark):
    """The plane's tick with audio in both directions, and messages to the bots; without sockets."""
    inbound, rng, settings = Inbound(), random.Random(1), LegSettings(source_host=ASTERISK[0])
    plane = Plane(inbound, lambda line: pytest.fail(f"{line} failed"))
    lines = [plane.open(settings, rng, Nothing(), Nothing(), None) for _ in range(CALLS)]
    speech = [Packetizer(0, 1, 2, 3) for _ in lines]
    for line in lines:
        line.direct(*ASTERISK)
        line.attach(Nothing(), ENCODING)
    clock = {"now": 0.0}

    def setup():
        inbound.ready = [
            (line, packets.encode(CODED, marker=False), ASTERISK) for line, packets in zip(lines, speech, strict=True)
        ]
        for line in lines:
            line.play(SPEECH)
        clock["now"] += FRAME_S
        return (clock["now"],), {}

    benchmark.pedantic(plane.tick, setup=setup, rounds=300, warmup_rounds=5)
