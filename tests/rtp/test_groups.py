"""Many calls in one plane: the compiled one sends a group of 64 before it reads the next group."""

import random
import socket
from contextlib import ExitStack

import pytest

from exoswitch.rtp.session import LegSettings
from tests.harness.rtp_nodes import ENCODING, NEEDS_COMPILED, PLANES
from tests.rtp.test_plane import Node, Party

HOST = "127.0.0.1"
GROUP = 64


def opened_on(node, own):
    return node.plane.open(LegSettings(source_host=HOST), random.Random(1), Party(), Party(), own.fileno())


def sent(party):
    return [told[0] for told in party.told].count("packet")


@pytest.mark.parametrize("kind", PLANES)
def test_each_of_many_calls_has_its_packet_in_each_tick_whoever_leaves(kind):
    node = Node(kind)
    parties = [Party() for _ in range(2 * GROUP + 10)]
    lines = [node.line(party) for party in parties]
    node.tick()
    for line in lines[::2]:
        node.plane.remove(line)
    late = [Party() for _ in range(GROUP)]
    for party in late:
        node.line(party)
    node.tick(2)
    assert [sent(party) for party in parties[1::2]] == [3] * (GROUP + 5)
    assert [sent(party) for party in parties[::2]] == [1] * (GROUP + 5)
    assert [sent(party) for party in late] == [2] * GROUP
    assert node.failed == []


@NEEDS_COMPILED
@pytest.mark.loopback
def test_a_call_is_read_after_the_calls_of_the_groups_before_it_were_sent():
    with ExitStack() as opened:
        first, last = (opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
        for each in (first, last):
            each.bind((HOST, 0))
            each.settimeout(0)
        node = Node("compiled")
        one = opened_on(node, first)
        for _ in range(GROUP - 1):
            node.line(Party())
        other = opened_on(node, last)
        for line, far in ((one, last), (other, first)):
            line.direct(*far.getsockname())
            line.attach(Party(), ENCODING)
        node.tick()
        assert (one.counts().received, other.counts().received) == (0, 1)
        node.tick()
        assert (one.counts().received, other.counts().received) == (1, 2)


@NEEDS_COMPILED
@pytest.mark.loopback
def test_a_flood_of_a_call_is_counted_also_where_many_calls_leave_it_a_smaller_share():
    with ExitStack() as opened:
        own, stranger = (opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 * 1024)
        own.bind((HOST, 0))
        node = Node("compiled")
        flooded = opened_on(node, own)
        for _ in range(7 * GROUP):
            node.line(Party())
        for _ in range(200):
            stranger.sendto(b"no RTP", own.getsockname())
        node.tick(3)
        assert flooded.counts().flooded == 1
        assert flooded.counts().malformed == 200
