"""Facts of Exotel's protocol about media, marks and clears of a bot, tested with a whole stream."""

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.audio.g711 import ULAW
from tests.harness.exotel_talk import CLEAR, SILENT, TONE, TONE_CODED, mark, media
from tests.harness.wire import BINARY, PING, TEXT, Wire, frame

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=5,
)
OUTER_KEYS = st.sampled_from(["stream_sid", "streamSid", "sequence_number", "sequenceNumber", "mark", "x"])
INNER_KEYS = st.sampled_from(["chunk", "timestamp", "sequenceNumber", "track", "format", "x"])


# --- media from the bot


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


NAMES = ["", "a", "a", "ü€😀", '"\\/', "\u0000\n", "\ud800", "n" * 256, "क" * 85, "  "]


# --- marks and clear


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
