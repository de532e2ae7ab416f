import base64
import struct

import pytest
from twisted.internet import error
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from exoswitch.call.effects import StopReason
from exoswitch.call.endings import is_goodbye
from exoswitch.exotel.stream.observer import Side
from tests.harness.wire import BINARY, CLOSE, PING, PONG, TEXT, Wire, frame, stream_start

MEDIA = {"event": "media", "media": {"payload": "AQI="}}


@pytest.fixture
def wires():
    """Make wires; check at the end that no timer is left."""
    made = []

    def make(*args, **kwargs):
        made.append(Wire(*args, **kwargs))
        return made[-1]

    yield make
    for wire in made:
        if wire.listener.told in ([], ["opened"]):
            wire.connection.close(None)
            wire.reactor.advance(0)
            wire.reactor.advance(5)
            wire.reactor.advance(0)
        endings = [told for told in wire.listener.told if told != "opened"]
        assert len(endings) == 1
        wire.reactor.advance(60)
        assert wire.reactor.getDelayedCalls() == []


# --- the handshake


def test_the_request_is_exotels_and_has_credentials_only_in_its_header(wires):
    wire = wires(stream_start("ws://us%40er:pass@bot.example.org:5000/a%20b/?x=%2F&voice"), opens=False).dial()
    credentials = base64.b64encode(b"us@er:pass").decode()
    lines = wire.request()
    assert lines[:4] == [
        "GET /a%20b/?x=%2F&voice HTTP/1.1",
        "Host: bot.example.org:5000",
        "User-Agent: Go-http-client/1.1",
        f"Authorization: Basic {credentials}",
    ]
    assert {line.partition(":")[0] for line in lines[4:] if line} == {
        *("Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version"),
    }


def test_the_host_and_port_of_the_url_are_dialled_without_delay(wires):
    wire = wires()
    assert wire.reactor.tcpClients[0][:2] == ("127.0.0.1", 5000)
    assert wire.transport.no_delay


def test_the_listener_is_not_told_before_connect_returns(wires):
    for url in ("ws://127.0.0.1/", "not a url", "ws://bot..example/"):
        wire = wires(stream_start(url), opens=False)
        assert wire.listener.told == []
        assert wire.reactor.tcpClients == []


def test_an_accepted_stream_is_opened_and_started(wires):
    wire = wires()
    assert wire.listener.told == ["opened"]
    connected, start = wire.messages()
    assert connected == {"event": "connected"}
    assert start["sequence_number"] == "1"
    assert start["start"] == {
        "stream_sid": "5b4e5fbb46b3f42ed1fce7b3f5c618bl",
        "call_sid": "8a2b1d3c4e5f60718293a4b5c6d718bl",
        "account_sid": "acme1",
        "from": "09812345610",
        "to": "08047491899",
        "custom_parameters": {"lang": "hi"},
        "media_format": {"encoding": "base64", "sample_rate": "8000", "bit_rate": "128kbps"},
    }


def test_a_second_start_has_no_effect(wires):
    wire = wires()
    wire.messages()
    wire.connection.start()
    assert wire.messages() == []


def test_an_unusable_url_fails_the_stream(wires):
    wire = wires(stream_start("ftp://bot.example.org/"), opens=False)
    wire.reactor.advance(0)
    ((_, text),) = wire.listener.told
    assert text.startswith("3009 failed to establish ws conn: a bot's URL must be written as ws://")


def test_a_refused_connection_fails_the_stream(wires):
    wire = wires(opens=False)
    wire.reactor.advance(0)
    wire.reactor.tcpClients[0][2].clientConnectionFailed(None, Failure(error.ConnectionRefusedError()))
    wire.reactor.advance(1)
    assert wire.listener.told == [
        ("failed", "3009 failed to establish ws conn: 127.0.0.1:5000: Connection was refused by other side.")
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "[403]: Forbidden"),
        (b"HTTP/1.1 401 \x1b[31m\r\nWWW-Authenticate: Basic\r\n\r\n", "[401]: ?[31m"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "Upgrade header missing"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "SSH-2.0-OpenSSH_9.2"),
        (b"\r\n\r\n", "Bad HTTP response status line"),
        (b"\xff\xfe\xfd", "the answer is not HTTP"),
        (b"HTTP/1.1 101 \xff\r\n\r\n", "Upgrade header missing"),
        (b"HTTP/1.1 403 verw\xc3\xa4hrt\r\n\r\n", "[403]: verw??hrt"),
        (b"x" * 20_000, "the answer is not HTTP"),
        (b"HTTP/1.1 101 Yes\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", "the answer is not HTTP"),
    ],
)
def test_a_wrong_answer_fails_the_stream(wires, answer, words):
    wire = wires(opens=False).dial()
    wire.send(answer)
    wire.reactor.advance(0)
    ((_, text),) = wire.listener.told
    assert text.startswith("3009 failed to establish ws conn: 127.0.0.1:5000: ")
    assert words in text
    assert wire.transport.aborted


def test_a_header_that_is_not_ascii_does_not_fail_the_stream(wires):
    wire = wires(opens=False).dial()
    status, rest = wire.answer().split(b"\r\n", 1)
    wire.send(status + b"\r\nServer: \xc3\xbcber\xff\r\n" + rest)
    assert wire.listener.told == ["opened"]


def test_a_bot_that_hangs_up_on_the_request_fails_the_stream(wires):
    wire = wires(opens=False).dial()
    wire.transport.lose(error.ConnectionLost())
    wire.reactor.advance(0)
    ((_, text),) = wire.listener.told
    assert "connection was lost without a closing handshake" in text


def test_one_time_out_limits_connection_and_answer_together(wires):
    for reached in (False, True):
        wire = wires(opens=False, handshake_s=3.0)
        if reached:
            wire.dial()
            wire.send(b"HTTP/1.1 101 Switching")
        else:
            wire.reactor.advance(0)
        wire.reactor.advance(2.9)
        assert wire.listener.told == []
        wire.reactor.advance(0.2)
        assert wire.listener.told == [
            ("failed", "3009 failed to establish ws conn: 127.0.0.1:5000: no answer within 3 s")
        ]


@pytest.mark.parametrize("stage", ["before dialling", "connecting", "waiting for the answer"])
def test_a_handshake_can_be_abandoned_at_any_stage(wires, stage):
    wire = wires(opens=False)
    if stage == "connecting":
        wire.reactor.advance(0)
    elif stage == "waiting for the answer":
        wire.dial()
    wire.connection.close(StopReason.CALL_ENDED)
    assert wire.listener.told == []
    wire.reactor.advance(0)
    assert wire.listener.told == [("failed", "3009 failed to establish ws conn: given up before the bot answered")]
    wire.connection.close(None)


def test_neither_credentials_nor_the_query_reach_the_log_or_an_error(wires):
    with capturedLogs() as log:
        wire = wires(stream_start("ws://user:hunter2@127.0.0.1/?key=hunter3"), opens=False).dial()
        wire.send(b"HTTP/1.1 500 No\r\n\r\n")
        wire.reactor.advance(0)
    shown = repr(log) + repr(wire.listener.told)
    assert "hunter" not in shown
    assert base64.b64encode(b"user:hunter2").decode() not in shown


# --- the stream


def test_the_callers_audio_is_sent_in_chunks(wires):
    wire = wires(stream_start(chunk_ms=40))
    wire.messages()
    for byte in range(4):
        wire.leg.hear(bytes([byte]) * 320)
    first, second = wire.messages()
    assert base64.b64decode(first["media"]["payload"]) == b"\0" * 320 + b"\1" * 320
    assert (second["sequence_number"], second["media"]["chunk"], second["media"]["timestamp"]) == ("3", "2", "80")


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


# --- the end


def test_our_close_sends_stop_then_closes_and_waits_for_the_bot(wires):
    wire = wires()
    wire.messages()
    wire.connection.close(StopReason.CALL_ENDED)
    (_, stop), (opcode, code) = wire.received()
    assert stop["stop"]["reason"] == "callended"
    assert (opcode, code) == (CLOSE, struct.pack("!H", 1000))
    assert wire.listener.told == ["opened"]
    wire.send(MEDIA)
    wire.end()
    assert wire.leg.asked == []
    assert wire.listener.told[1:] == [("closed", 1000, "")]


def test_a_close_without_a_reason_sends_no_stop(wires):
    wire = wires()
    wire.messages()
    wire.connection.close(None)
    assert [opcode for opcode, _ in wire.received()] == [CLOSE]
    wire.end()


def test_a_close_in_the_middle_of_a_message_ends_the_stream_properly(wires):
    wire = wires()
    wire.send(frame(MEDIA)[:9])
    wire.connection.close(None)
    wire.send(frame(MEDIA)[9:])
    wire.end()
    assert wire.listener.told[1:] == [("closed", 1000, "")]


@pytest.mark.parametrize("replies", [False, True])
def test_a_bot_that_does_not_finish_closing_is_dropped_after_two_seconds(wires, replies):
    wire = wires()
    wire.connection.close(StopReason.STOPPED)
    if replies:
        wire.send(frame(struct.pack("!H", 1000), CLOSE))
    wire.reactor.advance(1.9)
    assert not wire.transport.aborted
    wire.reactor.advance(0.2)
    wire.reactor.advance(0)
    assert wire.transport.aborted
    closed = ("closed", 1000, "") if replies else ("closed", None, "the closing handshake was not finished in time")
    assert wire.listener.told[1:] == [closed]


def test_the_bots_close_is_answered_and_reported_with_its_code_and_reason(wires):
    wire = wires()
    wire.messages()
    wire.send(frame(struct.pack("!H", 4001) + b"bye\x1b", CLOSE))
    assert [opcode for opcode, _ in wire.received()] == [CLOSE]
    assert wire.listener.told == ["opened"]
    wire.transport.loseConnection()
    wire.reactor.advance(0)
    assert wire.listener.told[1:] == [("closed", 4001, "bye?")]


def test_a_lost_connection_is_reported_without_a_code(wires):
    wire = wires()
    wire.transport.lose(error.ConnectionLost())
    wire.reactor.advance(0)
    assert wire.listener.told[1:] == [("closed", None, "the connection was lost without a closing handshake (1006)")]


def test_after_the_close_no_method_has_an_effect(wires):
    wire = wires()
    wire.end()
    wire.transport.clear()
    wire.connection.start()
    wire.leg.hear(bytes(320))
    wire.connection.send_mark("m")
    wire.connection.send_digit("1", 100)
    wire.connection.close(StopReason.STOPPED)
    assert wire.received() == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x85mask\0\0\0\0\0", 1002),
        (b"\x83\x00", 1002),
        (b"\xc1\x01x", 1002),
        (b"\x81\x7f" + struct.pack("!Q", 2 * 1024 * 1024 + 1), 1009),
    ],
)
def test_a_websocket_protocol_error_ends_the_stream_with_its_close_code(wires, data, code):
    wire = wires()
    wire.messages()
    wire.send(data)
    (opcode, payload), *_ = wire.received()
    assert (opcode, struct.unpack("!H", payload[:2])[0]) == (CLOSE, code)
    wire.reactor.advance(2)
    wire.reactor.advance(0)
    assert wire.listener.told[1][:2] == ("closed", code)


@pytest.mark.parametrize(
    ("data", "code", "why"),
    [
        (b"\xc1\x01x", 1002, "RSV"),
        (b"\x81\x85mask\0\0\0\0\0", 1002, "masked"),
        (b"\x83\x00", 1002, "opcode 3"),
        (frame(struct.pack("!H", 1005), CLOSE), 1002, "close code 1005"),
        (frame(struct.pack("!H", 1006), CLOSE), 1002, "close code 1006"),
        (frame(struct.pack("!H", 1000) + b"\xff", CLOSE), 1007, "close reason"),
    ],
)
def test_data_that_we_refuse_is_no_goodbye_of_the_bot_even_if_it_closes_with_1000(wires, data, code, why):
    closed = []
    wire = wires()
    wire.connection._observer.closed = lambda *args, by: closed.append((*args, by))
    wire.send(data)
    wire.end(1000)
    ((_, told, reason),) = wire.listener.told[1:]
    assert told == code
    assert why in reason
    assert not is_goodbye(told)
    assert [by for *_, by in closed] == [Side.GATEWAY]


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
