"""The messages of a bot, of any kind and number, do not delay the audio of other calls.

Work is counted in turns of a reactor on which each part of it takes time: a timer that is due waits for one turn.
"""

import base64
import json

import pytest

from tests.harness.recorders import RecordedLeg
from tests.harness.turns import LOOK_S, SlowReactor
from tests.harness.wire import BINARY, PING, PONG, TEXT, Transport, Wire, frame, stream_start

LATE_AT_MOST_S = 0.020
MEDIA = {"event": "media", "media": {"payload": "AQI="}}
MARK = {"event": "mark", "mark": {"name": "m"}}


def of_64_kib(part):
    """As much as a transport reads at once."""
    return part * (65_536 // len(part))


FLOODS = {
    "pings": frame(b"", PING),
    "pongs": frame(b"", PONG),
    "empty messages": frame(b""),
    "media": frame(MEDIA),
    "marks": frame(MARK),
    "binary messages": frame(b"", BINARY),
    "fragments": frame(b"", TEXT, final=False) + frame(b"", 0, final=False) * 30_000,
    "lists": frame(b"[" + b"[]," * 200 + b"1]"),
    "frames after a violation": b"\x83\x00",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_worked_off_in_turns_while_reading_is_paused(flood):
    reactor = SlowReactor()
    wire = Wire(reactor=reactor)
    began = reactor.rightNow
    wire.send(of_64_kib(FLOODS[flood]))
    assert reactor.rightNow - began < LATE_AT_MOST_S
    assert not wire.transport.is_reading
    turns = 0
    while not wire.transport.is_reading:
        assert reactor.turn() < LATE_AT_MOST_S
        turns += 1
    assert turns > 1


def test_a_honest_bot_is_served_between_the_floods_of_thirty_others():
    reactor = SlowReactor()
    honest = Wire(reactor=reactor)
    floods = [Wire(beside=honest) for _ in range(30)]
    for flood in floods:
        flood.send(of_64_kib(frame(b"", PING)))
    honest.send(MEDIA)
    turns = 0
    while not honest.leg.asked:
        assert reactor.turn() < LATE_AT_MOST_S
        turns += 1
    assert turns <= 6


def test_handshakes_that_are_answered_at_the_same_moment_are_finished_in_turns():
    reactor = SlowReactor()
    first = Wire(reactor=reactor)
    wires = [Wire(beside=first, opens=False).dial() for _ in range(100)]
    began = reactor.rightNow
    for wire in wires:
        wire.send(wire.answer())
    assert reactor.rightNow - began < LATE_AT_MOST_S
    assert any(not wire.listener.told for wire in wires)
    for _ in range(100):
        assert reactor.turn() < LATE_AT_MOST_S
    assert all(wire.listener.told == ["opened"] for wire in wires)


def test_the_audio_that_was_held_for_many_bots_is_sent_in_turns_and_in_order():
    reactor = SlowReactor()
    first = Wire(stream_start(chunk_ms=20), reactor=reactor)
    wires = [first, *(Wire(stream_start(chunk_ms=20), beside=first) for _ in range(19))]
    for wire in wires:
        wire.received()
        wire.connection._socket.pauseProducing()
        for _ in range(90):
            wire.leg.hear(bytes(320))
    began = reactor.rightNow
    for wire in wires:
        wire.connection._socket.resumeProducing()
        wire.leg.hear(bytes(320))
    assert reactor.rightNow - began < LATE_AT_MOST_S
    assert not wires[-1].transport.value()
    while reactor.getDelayedCalls():
        assert reactor.turn() < LATE_AT_MOST_S
    for wire in wires:
        assert [int(message["media"]["chunk"]) for message in wire.messages()] == list(range(1, 92))


@pytest.mark.parametrize(("is_secure", "read_bytes"), [(False, 16 * 1024), (True, 4 * 1024)])
def test_little_is_read_at_once_because_tls_is_read_in_no_turn(is_secure, read_bytes):
    wire = Wire()
    tcp = transport = Transport(wire.reactor, wire.socket)
    tcp.bufferSize = 64 * 1024
    if is_secure:
        transport = Transport(wire.reactor, wire.socket)
        transport.transport = tcp
    wire.socket._wrappedProtocol.makeConnection(transport)
    assert tcp.bufferSize == read_bytes


def test_a_timer_is_late_by_one_turn_at_most_during_a_flood():
    reactor = SlowReactor()
    wires = [Wire(reactor=reactor)]
    wires.append(Wire(beside=wires[0]))
    late = []

    def tick(due):
        late.append(reactor.rightNow - due)
        reactor.callLater(0.020, tick, reactor.rightNow + 0.020)

    reactor.callLater(0.020, tick, reactor.rightNow + 0.020)
    for wire in wires:
        wire.send(of_64_kib(frame(b"", PING)))
    while not all(wire.transport.is_reading for wire in wires):
        reactor.turn()
    assert len(late) > 50
    assert max(late) < LATE_AT_MOST_S


class Pieces(RecordedLeg):
    """Notes the size of each piece of audio."""

    def play(self, pcm, *, continues=False):
        self.asked.append((len(pcm), continues))


@pytest.mark.parametrize("rate", ["", "?sample-rate=24000"])
def test_a_long_message_is_read_and_played_in_pieces_over_several_turns(rate):
    reactor = SlowReactor()
    wire = Wire(reactor=reactor, leg=Pieces())
    wire.send(frame({"event": "media", "media": {"payload": base64.b64encode(bytes(1_500_000)).decode()}}))
    turns = 0
    while not wire.transport.is_reading:
        reactor.turn()
        turns += 1
    sizes = [size for size, _ in wire.leg.asked]
    assert sum(sizes) == 1_500_000
    assert max(sizes) <= 32 * 1024
    assert [continues for _, continues in wire.leg.asked] == [False] + [True] * (len(sizes) - 1)
    assert turns > 1


def test_the_marks_of_a_clear_are_sent_in_turns_and_in_order():
    reactor = SlowReactor()
    wire = Wire(reactor=reactor)
    wire.messages()
    for number in range(4096):
        wire.connection.send_mark(str(number))
    turns = 1
    while wire.connection._due_marks:
        assert reactor.turn() < LATE_AT_MOST_S
        turns += 1
    assert turns > 4096 * LOOK_S / LATE_AT_MOST_S
    marks = wire.messages()
    assert [mark["mark"]["name"] for mark in marks] == [str(number) for number in range(4096)]
    assert [int(mark["sequence_number"]) for mark in marks] == list(range(2, 4098))


class FullOfMarks(RecordedLeg):
    """Has 500 marks that a clear answers."""

    def clear(self, **_):
        for number in range(500):
            self.stream.send_mark(str(number))


def test_marks_that_wait_are_sent_before_the_next_message_is_taken():
    reactor = SlowReactor()
    wire = Wire(reactor=reactor, leg=FullOfMarks())
    wire.messages()
    wire.send(frame({"event": "clear"}) + frame(MEDIA))
    while not wire.leg.asked:
        reactor.turn()
    assert len(wire.messages()) == 500


def test_the_end_of_a_connection_is_told_after_the_messages_before_it():
    reactor = SlowReactor()
    wire = Wire(reactor=reactor)
    wire.send(frame(MEDIA) * 1000)
    wire.transport.loseConnection()
    reactor.turn()
    assert wire.listener.told == ["opened"]
    while len(wire.listener.told) == 1:
        reactor.turn()
    assert len(wire.leg.asked) == 1000


def test_a_connection_that_we_drop_ends_at_once_whatever_waits():
    reactor = SlowReactor()
    wire = Wire(reactor=reactor)
    wire.send(frame(MEDIA) * 1000)
    wire.connection._socket.give_up("enough")
    for _ in range(3):
        reactor.turn()
    assert wire.listener.told[1:] == [("closed", None, "enough")]
    assert len(wire.leg.asked) < 100


@pytest.mark.parametrize("text", ["[" * 60_000, "[" + "[]," * 20_000 + "1]", "[" + "{}," * 20_000 + "1]"])
def test_nested_json_is_refused_before_it_is_parsed(text, monkeypatch):
    wire = Wire()
    monkeypatch.setattr(json, "loads", None)
    wire.send(frame(text.encode()))
    assert wire.metrics['bot_faults_total{kind="malformed"}'] == 1
