import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.replay_gateway import SentMark, compare, replay
from exoswitch.exotel.trace.trace import Cut, MediaSettings, Message, TraceError
from tests.harness.traces_at_hand import (
    RECORDED,
    bot,
    closed,
    gateway,
    mark,
    media,
    message,
    recorded,
    trace,
)

START = gateway(100, message("start", stream_sid="s"))
END = closed(3000)


def stream(*entries, **words):
    return trace(START, *entries, END, **words)


# --- recorded calls: each file in the folder is a test


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_the_gateway_answers_as_in_the_recording(path):
    call = recorded(path)
    assert not call.is_torn
    assert list(map(str, compare(call, replay(call)))) == []


def test_there_are_recorded_calls():
    assert len(RECORDED) >= 3


# --- the results of a replay


def test_marks_come_back_when_their_audio_has_been_played():
    replayed = replay(stream(bot(200, media(400)), bot(210, mark("said")), bot(1000, mark("idle"))))
    assert [mark.name for mark in replayed.marks] == ["said", "idle"]
    assert [mark.at_ms for mark in replayed.marks] == pytest.approx([600, 1000], abs=20)
    assert (replayed.started_ms, replayed.ended_ms, replayed.spoken_ms) == (100, 3000, 400)


def test_the_bots_audio_is_played_at_its_time():
    replayed = replay(stream(bot(200, media(100, sample=8031))))
    heard = [replayed.played[at : at + 320] for at in range(0, len(replayed.played), 320)]
    loud = [place for place, frame in enumerate(heard) if any(frame)]
    assert loud == list(range(loud[0], loud[0] + 5))
    assert 20 * loud[0] == pytest.approx(100, abs=20)
    assert int.from_bytes(heard[loud[0]][:2], "little") == pytest.approx(8031, rel=0.05)


def test_omitted_audio_is_replayed_as_silence_of_its_length():
    with_audio = stream(bot(200, media(400, sample=99)), bot(210, mark("said")))
    left_out = Message(200, Side.BOT, b'{"event":"media","media":{}}', 6400)
    without = stream(left_out, bot(210, mark("said")), payloads=False)
    assert replay(without).marks == replay(with_audio).marks
    assert replay(without).spoken_ms == 400


def test_a_clear_answers_marks_at_once_unless_they_are_dropped():
    said = (bot(200, media(2000)), bot(210, mark("said")), bot(500, {"event": "clear"}))
    assert replay(stream(*said)).marks == (SentMark(500, "said"),)
    assert replay(stream(*said, media=MediaSettings(marks_on_clear="drop"))).marks == ()


def test_a_clear_finishes_the_message_if_configured():
    said = (bot(200, media(2000)), bot(210, media(1000)), bot(220, mark("said")), bot(500, {"event": "clear"}))
    assert replay(stream(*said)).spoken_ms == pytest.approx(300, abs=20)
    assert replay(stream(*said, media=MediaSettings(clear_granularity="message"))).spoken_ms == 2000


@pytest.mark.parametrize("rate_hz", [16000, 24000])
def test_audio_of_another_sample_rate_is_played_at_8000_hz(rate_hz):
    ratio = rate_hz // 8000
    replayed = replay(stream(bot(200, media(400 * ratio)), media=MediaSettings(sample_rate_hz=rate_hz)))
    assert replayed.spoken_ms == pytest.approx(400, abs=20)


def test_messages_without_effect_are_reported():
    replayed = replay(stream(bot(200, b"no"), bot(210, {"event": "stop"}), bot(220, b"\xff"), bot(230, media(20))))
    assert [oddity.at_ms for oddity in replayed.malformed] == [200, 220]
    assert [(oddity.at_ms, oddity.why) for oddity in replayed.ignored] == [(210, "stop")]


def test_messages_before_and_after_the_stream_are_not_played():
    early, late = bot(50, mark("early")), bot(2900, mark("late"))
    stop = gateway(2800, message("stop", reason="callended"))
    assert replay(stream(early, stop, late)).marks == ()


def test_ticks_have_the_phase_of_the_recording():
    caller = gateway(113, media(20))
    replayed = replay(stream(caller, bot(200, media(20)), bot(201, mark("said"))))
    assert replayed.marks == (SentMark(213, "said"),)


def test_a_trace_without_a_stream_cannot_be_replayed():
    with pytest.raises(TraceError, match="the trace has no started stream"):
        replay(trace(END))


# --- the results of a comparison


def differences(*entries, **words):
    call = stream(*entries, **words)
    return [str(difference) for difference in compare(call, replay(call))]


SAID = (bot(200, media(400)), bot(210, mark("one")), bot(220, media(400)), bot(230, mark("two")))


def sent(at_ms, name):
    return gateway(at_ms, mark(name))


def test_marks_within_the_tolerance_do_not_differ():
    assert differences(*SAID, sent(640, "one"), sent(960, "two")) == []


def test_marks_that_are_missing_new_or_at_another_time_are_reported():
    assert differences(*SAID, sent(600, "one"), sent(1500, "two"), sent(1600, "three"), sent(1700, "one")) == [
        "mark 'two': at 1.50 s in the recording, at 1.00 s now",
        "mark 'three': at 1.60 s in the recording, never now",
        "mark 'one': at 1.70 s in the recording, never now",
    ]
    assert differences(*SAID, sent(1000, "two")) == ["mark 'one': never in the recording, at 0.60 s now"]


def test_another_order_of_marks_is_reported():
    said = (bot(200, mark("one")), bot(200, mark("two")))
    assert differences(*said, sent(200, "two"), sent(200, "one")) == [
        "order of marks: 'two' first in the recording, 'one' first now"
    ]


def test_a_mark_at_the_end_of_the_stream_is_not_compared():
    last = (bot(2980, mark("bye")),)
    assert differences(*last) == []
    assert differences(*last, sent(2985, "bye")) == []
    assert differences(bot(2000, mark("cut")), sent(2000, "cut"), Cut(2990, "too long")) == []


BODY = (
    st.none()
    | st.integers()
    | st.text()
    | st.dictionaries(st.sampled_from(["name", "payload"]), st.text() | st.none())
)
EVENT = st.sampled_from(["start", "media", "mark", "clear", "stop", "other"])
SAYING = st.builds(lambda event, body: {"event": event, event: body}, EVENT, BODY)
SAYINGS = st.tuples(st.sampled_from([bot, gateway]), st.integers(0, 3000), SAYING)


@settings(deadline=None, max_examples=50)
@given(st.lists(SAYINGS, max_size=10))
def test_any_messages_can_be_replayed(sayings):
    differences(*(said(at_ms, words) for said, at_ms, words in sayings))
