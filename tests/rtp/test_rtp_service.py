"""The media plane of a node, on UDP in memory."""

import errno
import gc
import weakref
from collections import Counter
from functools import partial

import pytest
from twisted.internet.error import CannotListenError
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from exoswitch.audio.g711 import ULAW
from exoswitch.errors import NoCapacity
from exoswitch.interfaces.media import IMediaLeg, IMediaPlane
from exoswitch.rtp.packet import Packetizer
from tests.harness.rtp_nodes import ENCODING, PLANES, MemoryNode

ASTERISK = ("10.0.1.5", 12000)
TONE = b"\x10\x20" * 160


class Node(MemoryNode):
    """A node whose Asterisk has its own address."""

    source_host = ASTERISK[0]

    def __init__(self, **config):
        super().__init__(**{"bind": "0.0.0.0", "ports": range(20_000, 20_004), "advertise": "10.0.0.5", **config})


@pytest.fixture(params=PLANES)
def begin(request):
    return partial(Node, plane=request.param)


@pytest.fixture
def node(begin):
    return begin()


def test_the_service_provides_the_media_interfaces(node):
    leg, _ = node.open()
    assert verifyObject(IMediaPlane, node.plane)
    assert verifyObject(IMediaLeg, leg)
    assert (leg.host, leg.port) == ("10.0.0.5", 20_000)


def test_if_every_port_is_taken_a_call_is_refused(node):
    for _ in range(4):
        node.open()
    with pytest.raises(NoCapacity):
        node.open()


def test_the_port_of_a_closed_call_is_in_quarantine_before_its_next_call(begin):
    node = begin(ports=range(20_000, 20_001), quarantine_s=5.0)
    leg, _ = node.open()
    leg.close()
    leg.close()
    node.tick()
    with pytest.raises(NoCapacity):
        node.open()
    node.tick(251)
    assert node.open()[0].port == 20_000


def test_a_late_packet_of_a_closed_call_does_not_reach_the_next_call_on_its_port(begin):
    node = begin(ports=range(20_000, 20_001), quarantine_s=1.0)
    packet = Packetizer(0, 1, 2, 3).encode(ULAW.encode(TONE), marker=False)
    leg, _ = node.open()
    leg.direct(*ASTERISK)
    node.reactor.deliver(20_000, packet, ASTERISK)
    leg.close()
    for _ in range(55):
        node.reactor.deliver(20_000, packet, ASTERISK)
        node.tick()
    leg, call = node.open()
    leg.attach(call, ENCODING)
    leg.direct(ASTERISK[0], 12_002)
    node.reactor.deliver(20_000, packet, ASTERISK)
    node.tick(3)
    assert (leg.statistics().received, leg.statistics().foreign) == (0, 1)
    assert set(call.media) == {bytes(320)}


def test_a_port_of_another_program_is_skipped_and_tried_again_later(node):
    node.reactor.occupied = {20_000, 20_001}
    with capturedLogs() as logs:
        assert node.open()[0].port == 20_002
    assert len(logs) == 2
    assert node.metrics.counts["rtp_port_failures_total"] == 2
    node.reactor.occupied = set()
    node.open()
    node.tick(300)
    assert node.open()[0].port == 20_000


def test_a_foreign_bind_address_is_refused_after_a_limited_search(begin):
    node = begin(ports=range(20_000, 24_000))
    node.reactor.occupied = set(range(20_000, 24_000))
    with capturedLogs() as logs, pytest.raises(NoCapacity, match=r"cannot be bound on 0\.0\.0\.0"):
        node.open()
    assert len(logs) == 32


def test_a_call_for_which_the_kernel_has_no_descriptor_is_refused_and_its_port_is_free_again(node, monkeypatch):
    class Full:
        def open(self, *_):
            raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(node.plane, "_plane", Full())
        for _ in range(4):
            with pytest.raises(NoCapacity, match="Too many open files"):
                node.open()
            node.reactor.advance(0)
            assert node.reactor.ports == {}
    assert node.plane.calls == 0
    node.tick(300)  # the quarantine
    assert [node.open()[0].port for _ in range(4)] == [*range(20_000, 20_004)]


def test_a_call_for_which_there_is_no_socket_is_refused_at_once(begin, monkeypatch):
    def refuse(port, _protocol, interface="", **_):
        raise CannotListenError(interface, port, OSError(errno.EMFILE, "Too many open files"))

    node = begin(ports=range(20_000, 20_002))
    with monkeypatch.context() as patched, capturedLogs() as logs:
        patched.setattr(node.reactor, "listenUDP", refuse)
        with pytest.raises(NoCapacity, match="Too many open files"):
            node.open()
    assert logs == []
    assert node.open()[0].port == 20_001


def test_a_call_is_refused_if_the_address_of_its_socket_cannot_be_chosen(node, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr("exoswitch.rtp.service.is_own", refuse)
        with pytest.raises(NoCapacity, match="Too many open files"):
            node.open()
    assert node.open()[0].port == 20_000


def test_a_call_whose_socket_the_kernel_does_not_watch_is_refused_and_leaves_nothing(node, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(type(node.plane._inbound), "add", refuse)
        with pytest.raises(NoCapacity, match="No space left on device"):
            node.open()
    node.reactor.advance(0)
    assert node.reactor.ports == {}
    assert (node.plane.calls, len(node.plane._plane)) == (0, 0)


def test_calls_are_refused_before_the_start_and_after_the_stop(node):
    node.plane.stopService()
    with pytest.raises(NoCapacity, match="not running"):
        node.open()
    node.reactor.advance(0)


def test_stopping_unbinds_every_port_and_its_deferred_fires_afterwards(node):
    node.open()
    node.open()
    stopped = node.plane.stopService()
    done = []
    stopped.addCallback(done.append)
    assert done == []
    node.reactor.advance(0)
    assert len(done) == 1
    assert node.reactor.ports == {}
    assert node.reactor.getDelayedCalls() == []


def test_packets_that_the_kernel_refuses_are_counted(node):
    leg, _ = node.open()
    leg.direct(*ASTERISK)
    node.reactor.ports[leg.port].socket.error = OSError(11, "try again")
    node.tick(3)
    leg.close()
    assert node.metrics.count("rtp_unsent_total") == 3
    assert node.metrics.count("rtp_packets_total", dir="out") == 3


def test_packets_to_an_asterisk_that_has_closed_its_port_do_not_count(node):
    """A connected socket is told so by ICMP, at the end of many calls."""
    leg, _ = node.open()
    leg.direct(*ASTERISK)
    node.reactor.ports[leg.port].socket.error = ConnectionRefusedError(111, "Connection refused")
    node.tick(3)
    leg.close()
    assert node.metrics.count("rtp_unsent_total") == 0


def test_a_connection_that_the_kernel_refuses_is_tried_again_once_a_packet_is_sent(node):
    leg, _ = node.open()
    leg.direct(*ASTERISK)
    socket = node.reactor.ports[leg.port].socket
    node.reactor.deliver(leg.port, Packetizer(0, 1, 2, 3).encode(ULAW.encode(TONE), marker=False), ASTERISK)
    socket.error = OSError(101, "Network is unreachable")
    node.tick()
    socket.error = None
    node.tick(3)
    assert ([address for _, address in socket.sent], socket.peer) == ([ASTERISK] * 3, ASTERISK)


def test_the_counts_of_an_ended_call_are_added_to_the_nodes_counters(node):
    leg, call = node.open()
    leg.direct(*ASTERISK)
    leg.attach(call, ENCODING)
    stream = Packetizer(0, 1, 2, 3)
    for _ in range(3):
        node.reactor.deliver(leg.port, stream.encode(ULAW.encode(TONE), marker=False), ASTERISK)
        node.tick()
    node.reactor.deliver(leg.port, b"?", ASTERISK)
    leg.play(TONE * 60)
    leg.play(TONE)
    node.tick()
    assert call.overflowed == [200]
    while_live = node.metrics.read()
    leg.close()
    after = node.metrics.read()
    assert (while_live["rtp_ports_in_use"], after["rtp_ports_in_use"]) == (1, 0)
    assert {series: value for series, value in (while_live - Counter(rtp_ports_in_use=1)).items() if value} == {
        "playout_dropped_seconds_total": pytest.approx(0.22),
        "concealed_seconds_total": 0.02,
        "rtp_malformed_total": 1,
        'rtp_packets_total{dir="in"}': 3,
        'rtp_packets_total{dir="out"}': 4,
        "rtp_ports_size": 4,
    }
    assert after == while_live - Counter(rtp_ports_in_use=1)


def test_the_loss_and_the_jitter_of_a_call_are_measured_at_its_end(node):
    leg, call = node.open()
    leg.attach(call, ENCODING)
    stream = Packetizer(0, 1, 2, 3)
    for n in range(5):
        packet = stream.encode(ULAW.encode(TONE), marker=False)
        if n != 2:
            node.reactor.deliver(leg.port, packet, ASTERISK)
        node.tick()
    assert "rtp_loss_ratio" not in node.metrics.observed
    leg.close()
    assert list(node.metrics.observed["rtp_loss_ratio"]) == [0.2]
    assert list(node.metrics.observed["rtp_jitter_seconds"]) == [pytest.approx(0, abs=1e-9)]


def test_the_longest_queue_of_a_call_is_measured_at_its_end(node):
    leg, _ = node.open()
    leg.direct(*ASTERISK)
    leg.play(TONE * 5)
    node.tick(4)
    leg.play(TONE)
    leg.close()
    assert list(node.metrics.observed["playout_queue_seconds"]) == [0.1]


def test_marks_are_counted_by_what_became_of_them(node):
    leg, call = node.open()
    leg.direct(*ASTERISK)
    leg.attach(call, ENCODING)
    leg.mark("at once")
    leg.play(TONE)
    leg.mark("played")
    node.tick()
    leg.play(TONE * 3)
    leg.mark("cleared")
    leg.clear()
    leg.play(TONE * 3)
    leg.mark("lost")
    leg.detach()
    leg.close()
    found = {outcome: node.metrics.count("marks_total", outcome=outcome) for outcome in ("played", "cleared", "lost")}
    assert found == {"played": 2, "cleared": 1, "lost": 1}
    assert node.metrics.count("clears_total") == 1


def test_a_packet_that_comes_after_all_does_not_lower_a_counter(node):
    leg, call = node.open()
    leg.attach(call, ENCODING)
    stream = Packetizer(0, 1, 2, 3)
    packets = [stream.encode(ULAW.encode(TONE), marker=False) for _ in range(3)]
    for packet in (packets[0], packets[2]):
        node.reactor.deliver(leg.port, packet, ASTERISK)
    node.tick()
    assert node.metrics.count("rtp_lost_total") == 1
    node.reactor.deliver(leg.port, packets[1], ASTERISK)
    node.tick()
    assert node.metrics.count("rtp_lost_total") == 1
    assert node.metrics.count("rtp_reordered_total") == 1


def test_the_plane_that_runs_is_in_the_log():
    with capturedLogs() as logs:
        Node(plane="python")
    assert next(event["log_format"].format(**event) for event in logs).startswith("media plane: python")


def test_the_lateness_of_each_tick_is_measured_once_a_second(node):
    node.tick(49)
    assert "tick_lateness_seconds" not in node.metrics.observed
    node.tick(2)
    assert len(node.metrics.observed["tick_lateness_seconds"]) == 50
    node.tick(49)
    assert len(node.metrics.observed["tick_lateness_seconds"]) == 100


def test_a_call_that_fails_in_every_tick_is_counted_and_logged_once(node, logged_failures):
    leg, call = node.open()
    leg.direct(*ASTERISK)
    call.send_media = None
    leg.attach(call, ENCODING)
    node.tick(10)
    assert node.metrics.counts["rtp_failures_total"] == 10
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_a_call_that_is_over_leaves_nothing_for_the_garbage_collector(node):
    leg, call = node.open()
    call.leg = leg
    leg.direct(*ASTERISK)
    leg.attach(call, ENCODING)
    node.tick(2)
    leg.play(TONE)
    leg.close()
    node.tick(2)
    gc.disable()
    try:
        gone = weakref.ref(call)
        del leg, call
        assert gone() is None
    finally:
        gc.enable()


def test_methods_of_a_closed_leg_have_no_effect(node):
    leg, call = node.open()
    leg.attach(call, ENCODING)
    leg.play(TONE)
    leg.mark("never")
    leg.close()
    leg.direct(*ASTERISK)
    leg.play(TONE * 9000)
    leg.mark("late")
    leg.clear()
    leg.hold()
    leg.drain()
    leg.detach()
    leg.drain()
    node.tick(3)
    assert (call.media, call.marks, leg.queued_ms, call.overflowed, call.finished) == ([], [], 0, [], 0)


def test_datagrams_beyond_the_limit_of_one_tick_replace_the_oldest(node):
    leg, _ = node.open()
    for _ in range(100):
        node.reactor.deliver(leg.port, b"", ASTERISK)
    node.tick()
    assert leg.statistics().malformed == 64


def test_the_lateness_of_ticks_is_reported(node):
    node.open()
    node.tick(5)
    assert (node.plane.calls, node.plane.skipped_ticks) == (1, 0)
    assert node.plane.lateness().max_ms < 1.1


def test_calls_survive_a_pause_of_the_process(node):
    calls = []
    for host in (ASTERISK, (ASTERISK[0], 12_002)):
        leg, call = node.open()
        leg.direct(*host)
        leg.attach(call, ENCODING)
        calls.append(call)
    node.tick(10)
    node.reactor.advance(3600)
    node.tick(30)
    assert [call.lost for call in calls] == [[], []]
    node.tick(20)
    assert [call.lost for call in calls] == [[pytest.approx(1.0, abs=0.03)]] * 2
