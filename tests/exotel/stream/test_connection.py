"""The stream between a call and its bot, over a connection in memory."""

import base64
import struct

import pytest
from twisted.logger import capturedLogs

from tests.harness.recorders import RecordedLeg
from tests.harness.wire import BINARY, CLOSE, PING, PONG, TEXT, frame, stream_start

MEDIA = {"event": "media", "media": {"payload": "AQI="}}


# --- the stream


def test_the_callers_audio_is_sent_in_chunks(wires):
    wire = wires(stream_start(chunk_ms=40))
    wire.messages()
    for byte in range(4):
        wire.leg.hear(bytes([byte]) * 320)
    first, second = wire.messages()
    assert base64.b64decode(first["media"]["payload"]) == b"\0" * 320 + b"\1" * 320
    assert (second["sequence_number"], second["media"]["chunk"], second["media"]["timestamp"]) == ("3", "2", "80")


class QuickLeg(RecordedLeg):
    """A leg whose plane ticks in a thread, as soon as a stream is attached: a message waits for the reactor."""

    def attach(self, stream, encoding):
        messages = super().attach(stream, encoding)
        self.waiting = [messages.add(bytes(320))]
        return self

    def deliver(self):
        while self.waiting:
            self.stream.send_media(self.waiting.pop())

    def next_number(self):
        """Tell of the messages that are numbered first, as the compiled plane does."""
        self.deliver()
        return self.messages.next_number()

    def take_dropped_ms(self):
        return self.messages.take_dropped_ms()


def test_audio_that_is_ready_before_the_stream_has_begun_follows_start(wires):
    wire = wires(leg=QuickLeg())
    wire.leg.deliver()
    wire.connection.send_digit("1", 100)
    connected, *numbered = wire.messages()
    assert connected == {"event": "connected"}
    told = [(one["event"], one["sequence_number"]) for one in numbered]
    assert told == [("start", "1"), ("media", "2"), ("dtmf", "3")]


def test_marks_and_keys_are_sent_in_order(wires):
    wire = wires()
    wire.messages()
    wire.connection.send_mark("greeting")
    wire.connection.send_digit("#", 120)
    mark, key = wire.messages()
    assert mark["mark"] == {"name": "greeting"}
    assert key["dtmf"] == {"duration": "120", "digit": "#"}
    assert (mark["sequence_number"], key["sequence_number"]) == ("2", "3")


def test_the_bots_messages_reach_the_leg_in_order(wires):
    wire = wires()
    mark = {"event": "mark", "mark": {"name": "m"}}
    wire.send(b"".join(map(frame, [MEDIA, mark, MEDIA, {"event": "clear"}, {"event": "stop"}])))
    assert wire.leg.asked == [("play", b"\1\2"), ("mark", "m"), ("play", b"\1\2"), ("clear",)]
    assert wire.metrics == {'bot_faults_total{kind="ignored"}': 1}


def test_a_message_that_comes_with_the_answer_is_read(wires):
    wire = wires(opens=False)
    wire.shake_hands(frame(MEDIA) + frame(MEDIA)[:5])
    wire.send(frame(MEDIA)[5:])
    assert wire.leg.asked == [("play", b"\1\2")] * 2


def test_messages_before_start_are_counted_and_dropped(wires):
    wire = wires(opens=False)
    wire.listener.on_open = None
    wire.shake_hands()
    wire.send(MEDIA)
    wire.connection.send_media(b"early")
    wire.connection.send_mark("m")
    wire.connection.send_digit("1", 100)
    assert wire.received() == []
    assert (wire.leg.asked, wire.metrics) == ([], {'bot_faults_total{kind="early"}': 1})


def test_malformed_messages_are_counted_and_the_stream_continues(wires):
    wire = wires()
    with capturedLogs() as log:
        wire.send(frame(b"hello") + frame(b"\xff\xfe") + frame(b"\0" * 50, BINARY) + frame(MEDIA))
    assert wire.metrics == {'bot_faults_total{kind="malformed"}': 2, 'bot_faults_total{kind="binary"}': 1}
    assert wire.leg.asked == [("play", b"\1\2")]
    assert len(log) == 1
    assert wire.listener.told == ["opened"]


def test_pings_are_answered_while_media_flows(wires):
    wire = wires()
    wire.messages()
    wire.send(frame(MEDIA) + frame(b"are you there", PING) + frame(MEDIA))
    assert wire.received() == [(PONG, b"are you there")]
    wire.send(MEDIA)
    assert wire.leg.asked == [("play", b"\1\2")] * 3


def test_a_fragmented_message_is_read_in_order(wires):
    wire = wires()
    data = frame({"event": "mark", "mark": {"name": "one"}})[2:]
    pieces = [
        frame(data[:7], TEXT, final=False),
        frame(b"", PING),
        frame(data[7:9], 0, final=False),
        frame(data[9:], 0),
    ]
    wire.send(frame(MEDIA) + b"".join(pieces) + frame(MEDIA))
    for piece in pieces:
        wire.send(piece)
    assert wire.leg.asked == [("play", b"\1\2"), ("mark", "one"), ("play", b"\1\2"), ("mark", "one")]


def everything():
    long = {"event": "media", "media": {"payload": base64.b64encode(bytes(640)).decode()}}
    mark = frame({"event": "mark", "mark": {"name": "m"}})
    parts = [frame(MEDIA), frame(long), frame(b"p", PING), frame(b"no"), frame(long), mark, frame(b"\0", BINARY)]
    parts += [
        frame(b'{"event":', final=False),
        frame(b'"clear"}', 0),
        frame(MEDIA),
        frame(struct.pack("!H", 1000), CLOSE),
    ]
    return b"".join(parts)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 10_000])
def test_data_in_pieces_of_any_size_has_the_same_effect(wires, size):
    wire = wires()
    wire.messages()
    data = everything()
    for start in range(0, len(data), size):
        wire.send(data[start : start + size])
    names = [asked[0] for asked in wire.leg.asked]
    assert names == ["play", "play", "play", "mark", "clear", "play"]
    assert wire.metrics == {'bot_faults_total{kind="malformed"}': 1, 'bot_faults_total{kind="binary"}': 1}
    assert [opcode for opcode, _ in wire.received()] == [PONG, CLOSE]
    wire.transport.loseConnection()
    wire.reactor.advance(0)
    assert wire.listener.told[1:] == [("closed", 1000, "")]


# --- a bot that does not read


def test_if_the_bot_does_not_read_only_the_newest_two_seconds_are_held(wires):
    wire = wires()
    wire.messages()
    wire.transport.producer.pauseProducing()
    for _ in range(150):
        wire.leg.hear(bytes(320))
    assert wire.messages() == []
    wire.transport.producer.resumeProducing()
    held = wire.messages()
    assert len(held) == 100
    assert (held[0]["sequence_number"], held[0]["media"]["timestamp"]) == ("2", "1020")
    assert wire.metrics == {"caller_audio_dropped_seconds_total": 1}
    wire.leg.hear(bytes(320))
    assert len(wire.messages()) == 1


def test_releasing_held_audio_stops_when_the_bot_stops_reading_again(wires):
    wire = wires()
    wire.transport.producer.pauseProducing()
    for _ in range(10):
        wire.leg.hear(bytes(320))
    wire.messages()
    write = wire.transport.write

    def write_and_fill(data):
        write(data)
        wire.transport.producer.pauseProducing()

    wire.transport.write = write_and_fill
    wire.transport.producer.resumeProducing()
    assert len(wire.messages()) == 1
    wire.transport.write = write
    wire.transport.producer.resumeProducing()
    assert len(wire.messages()) == 9


def test_unread_data_of_a_bot_that_does_not_read_is_limited(wires):
    wire = wires()
    wire.messages()
    wire.transport.producer.pauseProducing()
    wire.send(frame(b"x", PING))
    assert wire.received() == []
    for _ in range(300):
        wire.connection.send_mark("m" * 4000)
    wire.reactor.advance(0)
    assert wire.listener.told[1:] == [("closed", None, "the bot does not read what it is sent")]
    assert len(wire.transport.value()) < 1_200_000


def test_the_limit_of_unread_data_does_not_begin_anew_with_every_write(wires):
    wire = wires()
    wire.messages()
    producer = wire.transport.producer
    for _ in range(300):
        producer.pauseProducing()  # as Twisted does at every write to a full buffer
        wire.connection.send_mark("m" * 4000)
    wire.reactor.advance(0)
    assert wire.listener.told[1:] == [("closed", None, "the bot does not read what it is sent")]
    assert len(wire.transport.value()) < 1_200_000


def test_of_the_pings_of_a_bot_that_does_not_read_only_the_last_is_answered_once_it_reads(wires):
    wire = wires()
    wire.messages()
    wire.transport.producer.pauseProducing()
    for number in range(1000):
        wire.send(frame(b"%d" % number, PING))
    assert wire.received() == []
    wire.transport.producer.resumeProducing()
    wire.transport.producer.resumeProducing()
    assert wire.received() == [(PONG, b"999")]
