"""Floods of a call's RTP port: the caller is heard whole, and the work of a tick is bounded."""

import socket
from functools import partial

import pytest

from exoswitch.audio.frames import FRAME_SAMPLES
from exoswitch.audio.g711 import ULAW
from exoswitch.rtp import inbound
from exoswitch.rtp.packet import Packetizer
from tests.harness.rtp_nodes import ENCODING, PLANES, MemoryNode, SocketNode

TONE = ULAW.encode(b"\x10\x20" * FRAME_SAMPLES)
HEARD = ULAW.decode(TONE)
FLOOD = 200  # datagrams in 20 ms: 10,000 a second

NODES = [
    pytest.param(MemoryNode, id="memory"),
    pytest.param(partial(SocketNode, polled=True), id="polled", marks=pytest.mark.loopback),
    pytest.param(partial(SocketNode, polled=False), id="queued", marks=pytest.mark.loopback),
]


@pytest.fixture(params=PLANES)
def kind(request):
    return request.param


@pytest.fixture(params=NODES)
def node(request, kind):
    node = request.param(plane=kind)
    yield node
    node.close()


class Flooded:
    """A call whose port gets a stranger's RTP, half of it before each packet of Asterisk."""

    def __init__(self, node):
        self.node, (self.leg, self.call) = node, node.open()
        self.asterisk, self.stranger = node.peer(), node.peer()
        self.speech, self.noise = Packetizer(0, 1, 2, 3), Packetizer(0, 7, 8, 9)
        self.leg.attach(self.call, ENCODING)

    def flood(self, count):
        for _ in range(count):
            self.stranger.send(self.noise.encode(TONE, marker=False), self.leg.port)

    def talk(self, ticks):
        for _ in range(ticks):
            self.flood(FLOOD // 2)
            self.asterisk.send(self.speech.encode(TONE, marker=False), self.leg.port)
            self.flood(FLOOD // 2)
            self.node.tick()


def test_a_flood_that_begins_before_the_address_is_announced_costs_no_frame(node):
    flooded = Flooded(node)
    flooded.flood(FLOOD)
    node.tick()
    flooded.leg.direct(*flooded.asterisk.address)
    before = len(flooded.call.media)
    flooded.talk(100)
    assert flooded.call.media[before:] == [HEARD] * 100


def test_a_flood_that_begins_within_the_call_costs_no_frame(node):
    flooded = Flooded(node)
    flooded.leg.direct(*flooded.asterisk.address)
    flooded.asterisk.send(flooded.speech.encode(TONE, marker=False), flooded.leg.port)
    node.tick(2)
    del flooded.call.media[:]
    flooded.talk(100)
    assert flooded.call.media == [HEARD] * 100


def test_strangers_do_not_reach_the_process_once_the_call_is_heard(node):
    flooded = Flooded(node)
    flooded.leg.direct(*flooded.asterisk.address)
    flooded.talk(2)
    seen = flooded.leg.statistics().foreign
    flooded.talk(50)
    assert flooded.leg.statistics().foreign == seen


@pytest.mark.loopback
def test_a_flood_of_ssrcs_from_the_calls_own_address_costs_no_frame(kind):
    """A spoofed source address passes the kernel."""
    node = SocketNode(polled=True, plane=kind)
    flooded = Flooded(node)
    flooded.leg.direct(*flooded.asterisk.address)
    for tick in range(50):
        flooded.asterisk.send(flooded.speech.encode(TONE, marker=False), flooded.leg.port)
        for number in range(FLOOD):
            forged = Packetizer(0, 7, 8, 1000 + tick * FLOOD + number)
            flooded.asterisk.send(forged.encode(TONE, marker=False), flooded.leg.port)
        node.tick()
    assert flooded.call.media == [HEARD] * 50
    assert flooded.leg.statistics().received == 50
    node.close()


@pytest.mark.loopback
def test_the_work_of_a_tick_is_bounded_and_every_call_has_its_turn(monkeypatch):
    monkeypatch.setattr(inbound, "_MAX_SURPLUS", 40)
    node = SocketNode(polled=True, plane="python")
    calls = [Flooded(node) for _ in range(4)]
    for flooded in calls:
        flooded.leg.direct(*flooded.asterisk.address)
        flooded.flood(100)
    node.tick()
    seen = [flooded.leg.statistics().foreign for flooded in calls]
    assert seen == [11] * 4
    node.tick(9)
    assert [flooded.leg.statistics().foreign for flooded in calls] == [100] * 4
    node.close()


@pytest.mark.loopback
def test_a_flood_beyond_the_share_of_a_call_is_counted_and_costs_only_this_call(monkeypatch):
    monkeypatch.setattr(inbound, "_SHARE", 64)
    node = SocketNode(polled=True, plane="python")
    flooded, sound = Flooded(node), Flooded(node)
    for call in (flooded, sound):
        call.leg.direct(*call.asterisk.address)
    flooded.flood(100)
    sound.flood(30)
    node.tick()
    assert [call.leg.statistics().foreign for call in (flooded, sound)] == [65, 30]
    assert node.metrics.count("rtp_flooded_ticks_total") == 1
    node.tick()
    assert flooded.leg.statistics().foreign == 100
    assert node.metrics.count("rtp_flooded_ticks_total") == 1
    node.close()


@pytest.mark.loopback
def test_a_flood_of_the_largest_share_is_counted_by_both_planes(kind):
    node = SocketNode(polled=True, plane=kind)
    flooded, sound = Flooded(node), Flooded(node)
    for call in (flooded, sound):
        bound = call.node.plane._bound[call.leg._session][1]
        bound.udp_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**21)
        call.leg.direct(*call.asterisk.address)
    for _ in range(700):
        flooded.stranger.send(b"", flooded.leg.port)
    sound.flood(30)
    node.tick()
    assert 513 <= flooded.leg.statistics().foreign <= 580
    assert sound.leg.statistics().foreign == 30
    assert node.metrics.count("rtp_flooded_ticks_total") == 1
    node.tick()
    assert flooded.leg.statistics().foreign == 700
    assert node.metrics.count("rtp_flooded_ticks_total") == 1
    node.close()


def test_datagrams_that_are_dropped_before_the_tick_are_a_flood(kind):
    node = MemoryNode(plane=kind)
    flooded = Flooded(node)
    for count in (64, 65, 0):
        flooded.flood(count)
        node.tick()
    assert node.metrics.count("rtp_flooded_ticks_total") == 1
    node.close()
