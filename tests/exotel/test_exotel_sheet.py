"""Facts of Exotel's protocol, tested with a whole stream: a bot's bytes in, a phone's packets out."""

import base64
import json

import pytest
from twisted.internet import error

from exoswitch.call.bot_address import parse_address
from exoswitch.call.effects import StopReason
from exoswitch.call.endings import bot_closed
from exoswitch.call.limits import CallLimits
from exoswitch.config.model import CallsConfig
from tests.harness.exotel_talk import CLEAR, SILENT, TONE, TONE_CODED, mark, media
from tests.harness.wire import CLOSE, PING, PONG, TEXT, Wire, frame, stream_start

# --- the connection


def test_a_handshake_can_take_ten_seconds():
    assert CallsConfig().handshake_s == 10
    wire = Wire(opens=False).dial()
    wire.reactor.advance(9.9)
    assert wire.listener.told == []
    wire.reactor.advance(0.2)
    ((_, text),) = wire.listener.told
    assert text.endswith("no answer within 10 s")


def test_a_stream_lasts_at_most_an_hour():
    assert CallsConfig().max_duration_s == CallLimits().max_duration_s == 3600


@pytest.mark.parametrize(
    ("credentials", "pair"),
    [
        ("caf%C3%A9:p%40ss%3A%2F%3F%23", "café:p@ss:/?#"),
        (":pass", ":pass"),
        ("user:", "user:"),
        ("user:a:b", "user:a:b"),
        ("100%:50%zz", "100%:50%zz"),
        ("a+b:c+d", "a+b:c+d"),
        ("us%0D%0Aer:x", "us\r\ner:x"),
        ("u" * 90 + ":" + "p" * 90, "u" * 90 + ":" + "p" * 90),
    ],
)
def test_credentials_of_any_characters_arrive_in_one_header(credentials, pair):
    request = Wire(stream_start(f"ws://{credentials}@h/ws"), opens=False).dial().request()
    (header,) = (line for line in request if line.startswith("Authorization: Basic "))
    assert base64.b64decode(header.rpartition(" ")[2]) == pair.encode()
    assert request[:2] == ["GET /ws HTTP/1.1", "Host: h"]


def test_a_long_query_is_whole_in_the_request_and_cut_in_custom_parameters():
    query = "token=" + "x" * 500 + "&lang=hi"
    wire = Wire(stream_start(f"ws://h/ws?{query}"), opens=False).dial()
    assert wire.request()[0] == f"GET /ws?{query} HTTP/1.1"
    assert parse_address(f"ws://h/ws?{query}").custom_parameters() == {"token": "x" * 250}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Sec-WebSocket-Protocol: audio", 'subprotocol selected by server "audio"'),
        ("Sec-WebSocket-Extensions: permessage-deflate", "permessage-compress extension response from server denied"),
        ("Sec-WebSocket-Extensions: x-bot", 'extension "x-bot" we did not request'),
    ],
)
def test_an_answer_with_a_subprotocol_or_extension_not_offered_fails_the_handshake(header, words):
    wire = Wire(opens=False).dial()
    wire.send(wire.answer().replace(b"\r\n\r\n", b"\r\n" + header.encode() + b"\r\n\r\n"))
    wire.reactor.advance(0)
    ((_, text),) = wire.listener.told
    assert words in text


def test_other_headers_of_the_answer_are_ignored():
    wire = Wire(opens=False).dial()
    answer = wire.answer().replace(b"Upgrade: websocket", b"UPGRADE: WebSocket").replace(b"Switching", b"OK")
    wire.send(answer.replace(b"\r\n\r\n", b"\r\nServer: x\r\nSet-Cookie: a=1\r\nSec-WebSocket-Protocol:\r\n\r\n"))
    assert wire.listener.told == ["opened"]


def test_a_bot_that_is_silent_for_an_hour_is_neither_pinged_nor_dropped():
    wire = Wire()
    wire.messages()
    assert wire.reactor.getDelayedCalls() == []
    wire.reactor.advance(3600)
    assert (wire.received(), wire.listener.told) == ([], ["opened"])


def test_pings_of_any_size_are_answered_and_pongs_are_ignored():
    wire = Wire()
    wire.messages()
    pings = [b"", b"\xff" * 125]
    wire.send(b"".join(frame(data, PING) for data in pings) + frame(b"unasked", PONG))
    assert wire.received() == [(PONG, data) for data in pings]
    assert wire.listener.told == ["opened"]


# --- events to the bot


def test_a_whole_stream_equals_exotels_protocol(talk):
    """There are only these events and keys; `sequence_number` counts all of them."""
    for number in range(4):
        talk.say(media(TONE), mark(str(number)))
        talk.speak()
        talk.node.tick()
        talk.wire.connection.send_digit("5", 120)
        talk.say(CLEAR, {"event": "stop"})
    talk.wire.connection.close(StopReason.CALL_ENDED)
    *frames, (opcode, _) = talk.wire.received()
    assert opcode == CLOSE
    for opcode, message in frames:
        assert opcode == TEXT
        talk.bot.feed(json.dumps(message), 0.0)
    assert talk.bot.faults == []
    messages = [message for _, message in frames]
    assert [message.get("sequence_number") for message in messages] == [None, *map(str, range(1, len(messages)))]
    assert {message["event"]: list(message) for message in messages} == {
        "connected": ["event"],
        **{
            name: ["event", "stream_sid", "sequence_number", name]
            for name in ("start", "media", "mark", "dtmf", "stop")
        },
    }
    assert {tuple(message["media"]) for message in messages if message["event"] == "media"} == {
        ("chunk", "timestamp", "payload")
    }


def test_every_key_of_a_phone_is_sent_as_one_event():
    wire = Wire()
    wire.messages()
    for digit in "0123456789*#":
        wire.connection.send_digit(digit, 100)
    assert [message["dtmf"] for message in wire.messages()] == [
        {"duration": "100", "digit": digit} for digit in "0123456789*#"
    ]


def test_payloads_are_standard_base64_with_padding():
    wire = Wire()
    wire.messages()
    pcm = b"\xfb\xff\xbf" * 106 + b"\xfb\xff"
    wire.leg.hear(pcm)
    (message,) = wire.messages()
    payload = message["media"]["payload"]
    assert base64.b64decode(payload, validate=True) == pcm
    assert payload[:4] + payload[-4:] == "+/+/+/8="


def test_a_bots_audio_is_not_sent_back_to_it(talk):
    talk.read()
    talk.say(media(TONE * 5))
    assert talk.heard(5) == [TONE_CODED] * 5
    assert {told.pcm for told in talk.read()} == {bytes(320)}


CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 4000, 4999]


# --- the end


@pytest.mark.parametrize("code", CODES)
def test_the_bots_close_code_is_reported_and_stored(code):
    wire = Wire()
    wire.end(code)
    assert wire.listener.told == ["opened", ("closed", code, "")]
    ending = bot_closed(code, "")
    assert f"({code})" in ending.reason
    assert ending.stream_error == (None if code in {1000, 1001} else str(code))


def test_a_close_without_a_code_is_a_normal_end():
    wire = Wire()
    wire.send(frame(b"", CLOSE))
    wire.transport.loseConnection()
    wire.reactor.advance(0)
    assert wire.listener.told == ["opened", ("closed", 1000, "without a code")]


def test_a_protocol_error_answered_without_a_code_is_no_normal_end():
    wire = Wire()
    wire.send(b"\x83\x00" + frame(b"", CLOSE))
    wire.transport.loseConnection()
    wire.reactor.advance(0)
    ((_, code, reason),) = wire.listener.told[1:]
    assert code == 1002
    assert "opcode" in reason


def test_a_lost_connection_is_reported_as_1006():
    wire = Wire()
    wire.transport.lose(error.ConnectionLost())
    wire.reactor.advance(0)
    ((_, code, reason),) = wire.listener.told[1:]
    assert code is None
    assert reason.endswith("(1006)")
    assert bot_closed(code, reason).stream_error == reason


def test_queued_audio_is_not_played_after_the_bot_closes(talk):
    talk.say(media(TONE * 50), mark("never"))
    assert talk.heard(1) == [TONE_CODED]
    talk.read()
    talk.wire.end()
    talk.leg.detach()  # as the engine does
    assert talk.heard(3) == [SILENT] * 3
