"""What a thread's ticks found reaches Python later: commands that come between, a stop within a delivery, errors."""

import random
import select
import socket
import statistics
import time

import pytest
from attrs import evolve

from exoswitch.audio.frames import FRAME_S, FRAME_SAMPLES
from exoswitch.audio.g711 import ULAW
from exoswitch.rtp import planes
from exoswitch.rtp.packet import parse
from exoswitch.rtp.session import LegSettings
from tests.harness.rtp_nodes import ENCODING, NEEDS_COMPILED, Call, Node, SocketPeer, SocketsClock, ThreadNode

pytestmark = [NEEDS_COMPILED, pytest.mark.loopback]
TONE = b"\x10\x20" * FRAME_SAMPLES
CODED = ULAW.encode(TONE)
TOO_LONG_S = 20


@pytest.fixture
def node():
    node = ThreadNode(plane="compiled")
    yield node
    node.close()


class RealNode(Node):
    """A plane that ticks in a real thread; `turn` is a turn of its reactor."""

    def __init__(self):
        super().__init__(SocketsClock(), polled=True, plane="compiled", tick="thread")

    def peer(self):
        self.peers.append(SocketPeer())
        return self.peers[-1]

    def turn(self):
        self.reactor.read()
        time.sleep(0.001)


@pytest.fixture
def real_node():
    node = RealNode()
    yield node
    node.close()


def talking(node, call=None):
    leg, listener = node.open()
    leg.direct(*node.peer().address)
    leg.attach(call or listener, ENCODING)
    return leg, call or listener


def tick(node, ticks):
    """Tick, and deliver nothing."""
    for _ in range(ticks):
        node.reactor.advance(FRAME_S)


def until(is_true, do):
    ends = time.monotonic() + TOO_LONG_S
    while not is_true():
        assert time.monotonic() < ends
        do()


def half_played(node):
    """Give a leg that has played its audio up to a first mark, which Python has not heard of, and not to the next."""
    leg, call = talking(node)
    leg.play(TONE)
    leg.mark("played")
    leg.play(TONE * 20)
    leg.mark("waits")
    tick(node, 5)
    assert call.marks == []
    return leg, call


def test_held_audio_follows_the_messages_that_wait_for_the_reactor(node):
    leg, call = node.open()
    leg.direct(*node.peer().address)
    messages = leg.attach(call, ENCODING)
    tick(node, 3)
    messages.hold()
    tick(node, 2)
    held = [messages.release(), len(call.media), messages.release(), messages.release()]
    assert [int(message.split()[0]) for message in (held[0], held[2])] == [4, 5]
    assert (held[1], held[3]) == (3, None)


def test_messages_that_wait_for_the_reactor_have_the_first_numbers_of_the_encoding(node):
    leg, call = node.open()
    messages = leg.attach(call, evolve(ENCODING, first_number=2))
    tick(node, 3)
    assert (messages.next_number(), len(call.media)) == (5, 3)


def test_marks_that_were_played_come_before_those_that_a_clear_answers(node):
    leg, call = half_played(node)
    leg.clear()
    assert call.marks == ["played", "waits"]
    node.turn()
    assert call.marks == ["played", "waits"]


def test_a_mark_that_was_played_is_told_where_a_clear_drops_the_others(node):
    leg, call = half_played(node)
    leg.clear(answer_marks=False)
    node.tick(2)
    assert call.marks == ["played"]


def test_marks_that_were_played_come_before_one_that_is_answered_at_once(node):
    leg, call = talking(node)
    leg.play(TONE)
    leg.mark("played")
    tick(node, 5)
    leg.mark("idle")
    assert call.marks == ["played", "idle"]


def test_a_stream_hears_nothing_after_it_was_detached(node):
    leg, call = talking(node)
    leg.play(TONE)
    leg.mark("said")
    tick(node, 5)
    leg.detach()
    node.tick()
    assert (call.media, call.marks) == ([], [])


def test_the_end_of_a_drain_is_not_told_to_a_call_that_has_a_stream_again(node):
    leg, call = talking(node)
    leg.play(TONE)
    leg.drain()
    tick(node, 5)
    leg.attach(call, ENCODING)
    node.tick()
    assert call.finished == 0


def test_a_delivery_that_is_late_brings_all_audio_in_order(node):
    leg, call = talking(node)
    tick(node, 20)
    node.turn()
    assert len(call.media) == 20
    assert leg.statistics().sent == 20


class Failing(Call):
    def send_media(self, message):
        super().send_media(message)
        raise RuntimeError


def test_what_the_last_tick_found_is_delivered_when_the_plane_stops(node):
    leg, call = talking(node)
    leg.play(TONE)
    leg.mark("played")
    tick(node, 5)
    node.plane.stopService()
    assert (len(call.media), call.marks) == (5, ["played"])
    node.plane.startService()


def test_an_error_in_one_call_does_not_end_the_delivery_to_the_others(node, logged_failures):
    calls = [talking(node, Failing() if number == 1 else None)[1] for number in range(3)]
    tick(node, 5)
    node.turn()
    assert [len(call.media) for call in calls] == [5, 5, 5]
    assert node.metrics.count("rtp_failures_total") == 5
    assert len(logged_failures) == 1
    logged_failures.clear()


class Ending(Call):
    """A stream that does something with its first message."""

    def __init__(self, act=None):
        super().__init__()
        self.act = act

    def send_media(self, message):
        super().send_media(message)
        if self.act is not None:
            act, self.act = self.act, None
            act()


def test_a_call_that_ends_within_a_delivery_hears_nothing_more(node):
    other, _ = talking(node)
    leg, call = talking(node, Ending())
    call.act = leg.close
    talking(node)
    tick(node, 5)
    node.turn()
    assert len(call.media) == 1
    assert node.plane.calls == 2
    other.close()


def test_a_thread_that_is_stopped_within_a_delivery_ends_and_starts_again(real_node):
    calls = [talking(real_node, Ending(real_node.plane.stopService))[1] for _ in range(3)]
    until(lambda: real_node.plane.calls == 0, real_node.turn)
    told = [len(call.media) for call in calls]
    assert sum(told) >= 1
    time.sleep(3 * FRAME_S)
    real_node.turn()
    assert [len(call.media) for call in calls] == told
    real_node.plane.startService()
    _, call = talking(real_node)
    until(lambda: len(call.media) > 5, real_node.turn)


def test_a_thread_that_is_started_twice_is_one_thread():
    plane = planes.make_plane("compiled", None, lambda _session: None)
    ticks = planes.thread_ticks(plane)
    ticks.start()
    ticks.start()
    until(ticks.take_lateness_s, lambda: time.sleep(0.01))
    ticks.stop()
    ticks.take_lateness_s()
    time.sleep(3 * FRAME_S)
    assert ticks.take_lateness_s() == []


def test_a_thread_whose_reactor_hangs_leaves_ticks_out_until_it_hears_of_it():
    from exoswitch.rtp._plane import Ticking  # noqa: PLC0415 - compiled

    plane = planes.make_plane("compiled", None, lambda _session: None)
    ticks = Ticking(plane, watchdog_s=0.5)
    ticks.start()
    until(lambda: ticks.skipped > 5, lambda: time.sleep(0.01))
    assert len(ticks.take_lateness_s()) >= 1
    until(ticks.take_lateness_s, lambda: time.sleep(0.01))
    ticks.stop()


class Wire:
    """A call's socket, on which nothing goes."""

    send_errors = 0


class InsistingBot(Call):
    """A stream whose bot says something for Python again and again."""

    def __init__(self, session):
        super().__init__()
        self.near, self.bot = socket.socketpair()
        self.near.setblocking(False)
        session.attach(self, ENCODING)
        self.served = session.serve(self.near.fileno(), self)
        self.bot.send(b"\x81\x02hi")

    def socket_waits(self):
        self.served.read()
        self.served.go_on(None)
        self.bot.send(b"\x81\x02hi")


def usual_lateness_s(ticks, turn):
    """Give the median of forty ticks."""
    ticks.take_lateness_s()
    lateness_s = []
    while len(lateness_s) < 40:
        turn()
        lateness_s += ticks.take_lateness_s()
    return statistics.median(lateness_s)


def test_a_reactor_that_needs_long_for_each_group_of_calls_delays_no_tick():
    plane = planes.make_plane("compiled", None, lambda _session: None)
    ticks = planes.thread_ticks(plane)
    silent = (LegSettings(source_host="127.0.0.1"), random.Random(1), Wire(), Call(), None)
    calls = [plane.open(*silent) for _ in range(32 * 64)]

    def slow_turn():
        select.select([ticks], [], [], TOO_LONG_S)
        time.sleep(0.0015)  # for all groups that is more than a tick
        ticks.deliver()

    ticks.start()
    undisturbed_s = usual_lateness_s(ticks, lambda: time.sleep(FRAME_S))
    bots = [InsistingBot(session) for session in calls[::64]]  # one in each group
    lateness_s = usual_lateness_s(ticks, slow_turn)
    ticks.stop()
    assert lateness_s < undisturbed_s + FRAME_S / 4
    for bot in bots:
        bot.near.close()
        bot.bot.close()


class SpeakingBot(Call):
    """A stream whose bot says, with each message, 20 ms that Python takes and plays."""

    def __init__(self, leg):
        super().__init__()
        self.leg, (self.near, self.bot) = leg, socket.socketpair()
        self.near.setblocking(False)
        leg.attach(self, ENCODING)
        self.served = leg.serve(self.near.fileno(), self)

    def socket_waits(self):
        if self.served.read():
            self.leg.play(TONE)
        self.served.go_on(None)

    def take_socket_back(self):
        self.served.take_back()


def packets(node, asterisk):
    """Give the packets at Asterisk as they come, while the reactor has nothing else to do."""
    while True:
        select.select([node.plane._ticker, asterisk.socket], [], [], TOO_LONG_S)
        node.reactor.read()
        yield from asterisk.received()


def test_what_a_bot_says_acts_in_the_tick_that_reads_it_while_the_reactor_is_quick(real_node):
    leg, _ = real_node.open()
    asterisk = real_node.peer()
    leg.direct(*asterisk.address)
    bot = SpeakingBot(leg)
    coming, waited = packets(real_node, asterisk), []
    while waited.count(1) < 8:  # a busy machine may delay the reactor
        next(coming)
        bot.bot.send(b"\x81\x02hi")
        waited.append(next(number for number, packet in enumerate(coming, 1) if parse(packet).payload == CODED))
        assert len(waited) < 200
    leg.close()
    bot.near.close()
    bot.bot.close()
