"""Facts of Exotel's protocol, tested with a whole stream: a bot's bytes in, a phone's packets out."""

import base64
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import error

from exoswitch.audio.frames import FRAME_SAMPLES
from exoswitch.audio.g711 import ULAW
from exoswitch.call.bot_address import parse_address
from exoswitch.call.effects import StopReason
from exoswitch.call.endings import bot_closed
from exoswitch.call.limits import CallLimits
from exoswitch.config.model import CallsConfig, RtpConfig
from exoswitch.rtp.packet import Packetizer, parse
from exoswitch.sim.conversation import Conversation, Mark
from tests.harness.rtp_nodes import MemoryNode
from tests.harness.wire import BINARY, CLOSE, PING, PONG, TEXT, Wire, frame, stream_start

SILENT = ULAW.silence * FRAME_SAMPLES
TONE = b"\x10\x20" * FRAME_SAMPLES
TONE_CODED = ULAW.encode(TONE)


class Talk:
    """A bot and a phone, with the gateway's stream and media between them."""

    def __init__(self, **options):
        self.node = MemoryNode(playout_max_s=RtpConfig().playout_max_s)
        self.leg, _ = self.node.open()
        self.phone, self.voice = self.node.peer(), Packetizer(0, 1, 160, 99)
        self.leg.direct(*self.phone.address)
        self.wire = Wire(stream_start(**options), leg=self.leg, entropy=bytes)
        self.bot = Conversation()
        self.texts = []

    def say(self, *messages):
        """Let the bot send messages: text unchanged, other values as JSON."""
        for message in messages:
            self.wire.send(frame(message.encode() if isinstance(message, str) else message))

    def speak(self, pcm=TONE):
        self.phone.send(self.voice.encode(ULAW.encode(pcm), marker=False), self.leg.port)

    def heard(self, ticks):
        """Let time pass; give the audio that the phone received."""
        self.node.tick(ticks)
        return [parse(data).payload for data in self.phone.received()]

    def told(self):
        """Give the names of the marks sent back to the bot since the last call."""
        return [told.name for told in self.read() if isinstance(told, Mark)]

    def read(self):
        """Let the bot read its messages."""
        texts = [json.dumps(message) for message in self.wire.messages()]
        self.texts += texts
        return [self.bot.feed(text, 0.0) for text in texts]


@pytest.fixture
def make():
    made = []

    def make(**options):
        made.append(Talk(**options))
        return made[-1]

    yield make
    for talk in made:
        talk.node.close()


@pytest.fixture
def talk(make):
    return make()


def media(pcm, **extra):
    return {"event": "media", "media": {"payload": base64.b64encode(pcm).decode()}, **extra}


def mark(name, **extra):
    return {"event": "mark", "mark": {"name": name}, **extra}


CLEAR = {"event": "clear"}


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


# --- media from the bot


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=5,
)
OUTER_KEYS = st.sampled_from(["stream_sid", "streamSid", "sequence_number", "sequenceNumber", "mark", "x"])
INNER_KEYS = st.sampled_from(["chunk", "timestamp", "sequenceNumber", "track", "format", "x"])


@settings(deadline=None, max_examples=25)
@given(st.dictionaries(OUTER_KEYS, ANY_JSON, max_size=4), st.dictionaries(INNER_KEYS, ANY_JSON, max_size=4))
def test_unknown_json_keys_are_ignored(outer, inner):
    wire = Wire()
    for pcm in (b"\1\2", b"\3\4"):
        message = media(pcm, **outer)
        message["media"] = {**inner, **message["media"]}
        wire.send(message)
    wire.send({**outer, "event": "mark", "mark": {**inner, "name": "m"}})
    wire.send({**outer, "event": "clear", "clear": inner})
    assert wire.leg.asked == [("play", b"\1\2"), ("play", b"\3\4"), ("mark", "m"), ("clear",)]
    assert wire.metrics == {}


@pytest.mark.parametrize(
    "text",
    [
        r'{"event":"media","media":{"payload":"\u002b\/8="}}',
        r'{"\u0065vent":"\u006dedia","media":{"payload":"+\/8\u003d"}}',
        '\n{ "media" :\t{ "x" : [ ] , "payload" : "+/8=" } ,\r\n "event" : "media" }\n',
        '{"stream_sid":null,"media":{"payload":"+/8=","chunk":1},"sequence_number":1e3,"event":"media"}',
        '{"event":"media","note":"\\ud83d\\ude00 \u00fc \\u0000","media":{"payload":"+/8="}}',
    ],
)
def test_all_valid_forms_of_json_are_read(text):
    wire = Wire()
    wire.send(frame(text.encode()) * 2 + frame(text.replace("8", "4").encode()))
    assert wire.leg.asked == [("play", b"\xfb\xff"), ("play", b"\xfb\xff"), ("play", b"\xfb\xfe")]


def test_an_echo_bot_can_return_messages_unchanged(talk):
    """Exotel's own echo bot returns the whole `media` object, with its counters."""
    talk.speak()
    talk.node.tick()
    talk.phone.received()
    talk.read()
    whole = json.loads(talk.texts[-1])
    talk.say(whole, {"event": "media", "stream_sid": whole["stream_sid"], "media": whole["media"]})
    assert talk.heard(3) == [TONE_CODED, TONE_CODED, SILENT]


@pytest.mark.parametrize(
    "size", [1, 2, 3, 319, 320, 321, 640, 1000, 3199, 3200, 3201, 100_000, 102_400, 102_401], ids=str
)
def test_a_message_of_any_size_is_played_completely(talk, size):
    samples = bytes(range(1, 251)) * (size // 250 + 1)
    talk.say(media(samples[:size]))
    coded = ULAW.encode(samples[: size & ~1])
    played = b"".join(talk.heard(-(-size // 320) + 1))
    assert played[: len(coded)] == coded
    assert set(played[len(coded) :]) == {ULAW.silence[0]}


def test_messages_of_odd_sizes_are_played_without_gaps(talk):
    pcm = bytes(range(1, 241)) * 40
    for at in range(0, len(pcm), 801):
        talk.say(media(pcm[at : at + 801]))
    assert b"".join(talk.heard(30)) == ULAW.encode(pcm)


def test_an_empty_message_is_no_fault():
    wire = Wire()
    wire.send(media(b""))
    wire.send(media(b"\1\2"))
    assert wire.leg.asked == [("play", b""), ("play", b"\1\2")]
    assert wire.metrics == {}


def test_a_minute_of_audio_at_once_is_queued_and_played_in_real_time(talk):
    talk.say(media(TONE * 3000), mark("a minute later"))
    assert talk.leg.queued_ms == 60_000
    assert set(talk.heard(2999)) == {TONE_CODED}
    assert b'"mark"' not in talk.wire.transport.value()
    assert talk.heard(2) == [TONE_CODED, SILENT]
    assert b'"mark":{"name":"a minute later"}' in talk.wire.transport.value()


def test_a_media_message_can_be_two_mebibytes_long():
    wire = Wire()
    around = len(json.dumps(media(b"")))
    payload = "A" * ((2 * 1024 * 1024 - around) & ~3)
    wire.send({"event": "media", "media": {"payload": payload}})
    assert [len(pcm) for _, pcm in wire.leg.asked] == [len(payload) // 4 * 3]
    assert wire.listener.told == ["opened"]


def test_fragments_that_make_too_long_a_message_end_the_stream():
    wire = Wire()
    wire.messages()
    wire.send(frame(b"x" * 5_000_000, TEXT, final=False) + frame(b"x" * 5_000_000, 0))
    assert struct.unpack("!H", wire.received()[0][1][:2]) == (1009,)


def test_a_fragment_can_end_within_a_character():
    wire = Wire()
    data = json.dumps(mark("ü€"), ensure_ascii=False).encode()
    cut = data.index("€".encode()) + 1
    wire.send(frame(data[:cut], TEXT, final=False) + frame(b"?", PING) + frame(data[cut:], 0))
    assert wire.leg.asked == [("mark", "ü€")]


def test_audio_is_always_played_at_the_streams_rate(talk):
    """The rate is not guessed: 100 ms at 16 kHz are 200 ms of a stream at 8 kHz, and sound low."""
    talk.say(media(bytes(3200)))
    assert talk.leg.queued_ms == 200


def test_late_audio_makes_a_gap_and_the_bot_is_not_told(talk):
    talk.say(media(TONE))
    assert talk.heard(3) == [TONE_CODED, SILENT, SILENT]
    talk.say(media(TONE))
    assert talk.heard(1) == [TONE_CODED]
    assert talk.told() == []


@pytest.mark.parametrize("event", ["stop", "dtmf", "connected", "start", "silence", "transfer", "", "MEDIA"])
def test_other_messages_of_bots_are_counted_and_ignored(event):
    wire = Wire()
    wire.messages()
    wire.send({"event": event, event or "x": {"payload": "AQI=", "name": "m", "digit": "1"}})
    assert (wire.leg.asked, wire.received(), wire.listener.told) == ([], [], ["opened"])
    assert wire.metrics == {'bot_faults_total{kind="ignored"}': 1}


def test_a_stop_message_of_the_bot_does_not_change_its_close():
    wire = Wire()
    wire.send({"event": "stop", "stop": {"reason": "done"}})
    wire.end()
    assert wire.listener.told == ["opened", ("closed", 1000, "")]


@pytest.mark.parametrize("data", [b"", json.dumps(media(TONE)).encode()])
def test_binary_messages_are_counted_also_if_they_have_json(data):
    wire = Wire()
    wire.send(frame(data, BINARY) + frame(media(b"\1\2")))
    assert wire.leg.asked == [("play", b"\1\2")]
    assert wire.metrics == {'bot_faults_total{kind="binary"}': 1}


# --- marks and clear


NAMES = ["", "a", "a", "ü€😀", '"\\/', "\u0000\n", "\ud800", "n" * 256, "क" * 85, "  "]


def test_mark_names_are_sent_back_unchanged(talk):
    talk.say(media(TONE), *map(mark, NAMES))
    talk.node.tick()
    assert talk.told() == NAMES


def test_a_mark_before_the_first_audio_is_answered_at_once_and_the_next_after_its_audio(talk):
    """bolna sends marks before its first chunk and after each chunk."""
    talk.say(mark("before"), media(TONE * 2), mark("after"))
    assert talk.told() == ["before"]
    talk.node.tick()
    assert talk.told() == []
    talk.node.tick()
    assert talk.told() == ["after"]
    talk.say(mark("idle"))
    assert talk.told() == ["idle"]


def test_each_mark_is_sent_back_once_with_any_clears_between(talk):
    talk.say(media(TONE * 2), mark("played"), media(TONE * 3), mark("cleared"))
    assert talk.heard(3) == [TONE_CODED] * 3
    talk.say(CLEAR, mark("idle"), media(TONE), CLEAR, mark("idle too"), media(TONE), mark("said"))
    assert talk.told() == ["played", "cleared", "idle", "idle too"]
    assert talk.heard(2) == [TONE_CODED, SILENT]
    assert talk.told() == ["said"]


def test_cleared_marks_are_dropped_if_configured(make):
    talk = make(marks_on_clear="drop")
    talk.say(media(TONE * 3), mark("cleared"), CLEAR, mark("idle"))
    assert talk.told() == ["idle"]
    assert talk.heard(1) == [SILENT]


def test_clears_without_audio_do_nothing(talk):
    talk.say(CLEAR, CLEAR, {"event": "clear", "stream_sid": "another", "mark": "x"})
    talk.say(media(TONE))
    assert talk.heard(2) == [TONE_CODED, SILENT]
    assert talk.told() == []


def test_a_clear_within_a_message_lets_its_20_ms_frame_finish(talk):
    talk.say(media(TONE * 100))
    assert talk.heard(2) == [TONE_CODED] * 2
    talk.say(CLEAR)
    assert talk.heard(2) == [SILENT] * 2


# --- the end


CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 4000, 4999]


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
