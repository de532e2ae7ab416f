import json
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.call.effects import StopReason
from exoswitch.sim.conversation import Connected, Conversation, Digit, Mark, Media, Nonsense, Stopped
from tests.harness.wire import Messages


def writer():
    return Messages("ws://127.0.0.1/?lang=hi", stream_sid="s" * 32, call_sid="c" * 32)


def begun():
    """Give a writer and a conversation after `start`."""
    stream, conversation = writer(), Conversation()
    conversation.feed(stream.connected().decode(), 0.0)
    conversation.feed(stream.start().decode(), 0.0)
    return stream, conversation


def media(**changes):
    message = {
        "event": "media",
        "stream_sid": "s" * 32,
        "sequence_number": "2",
        "media": {"chunk": "1", "timestamp": "20", "payload": b64encode(bytes(320)).decode()},
    }
    inner = changes.pop("media", {})
    return json.dumps(message | changes | {"media": message["media"] | inner})


def test_a_summary_names_the_close_and_the_faults():
    assert Conversation().summary(None) == "call (no start): the connection broke after 0.0 s of audio"
    _, conversation = begun()
    conversation.feed(media(), 1.0)
    conversation.feed("garbage", 1.0)
    told = conversation.summary(1011)
    assert told.startswith(f"call {'c' * 32}: closed with code 1011 after 0.0 s of audio; faults of the gateway: ")
    assert "'garbage' cannot be read" in told


def test_a_correct_stream_has_no_fault():
    stream, conversation = begun()
    told = [
        conversation.feed(data.decode(), 1.5)
        for data in (stream.media(b"\1\2" * 160), stream.dtmf("5", 100), stream.mark("m"), stream.media(bytes(640)))
    ]
    conversation.feed(stream.stop(StopReason.CALL_ENDED).decode(), 2.0)
    assert conversation.faults == []
    assert told[0].pcm == b"\1\2" * 160
    assert told[1:3] == [Digit("5", 100), Mark("m")]
    assert conversation.stopped == Stopped("callended")
    assert conversation.recording == b"\1\2" * 160 + bytes(640)
    assert (conversation.media_count, conversation.first_media_at) == (2, 1.5)


def test_start_has_both_numbers():
    _, conversation = begun()
    started = conversation.started
    assert (started.stream_sid, started.call_sid, started.account_sid) == ("s" * 32, "c" * 32, "acme1")
    assert (started.caller, started.callee) == ("09812345610", "08047491899")
    assert started.custom_parameters == {"lang": "hi"}


def test_all_events_but_media_are_kept_with_their_time():
    stream, conversation = begun()
    conversation.feed(stream.media(bytes(320)).decode(), 1.0)
    conversation.feed(stream.mark("m").decode(), 2.0)
    assert conversation.told(Mark) == [Mark("m")]
    assert conversation.events[-1] == (2.0, Mark("m"))
    assert conversation.told(Media) == []
    assert conversation.told(Connected) == [Connected()]


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (media(sequence_number="7"), "sequence_number is '7' instead of '2'"),
        (media(sequence_number=2), "sequence_number is 2 instead of '2'"),
        (media(stream_sid="other"), "stream_sid is 'other'"),
        (media(media={"chunk": "2"}), "chunk is '2' instead of '1'"),
        (media(media={"timestamp": "-1"}), "timestamp -1"),
        (media(media={"payload": "AAA="}), "media of 2 bytes"),
        (media(media={"payload": "%%%"}), "cannot be read"),
        (media(event="silence"), "unknown event 'silence'"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"event":"connected"}', "connected twice"),
        (writer().start().decode(), "start twice"),
    ],
)
def test_a_broken_rule_is_a_fault(message, fault):
    _, conversation = begun()
    conversation.feed(message, 0.0)
    assert any(fault in found for found in conversation.faults)


def test_media_before_start_and_after_stop_is_a_fault():
    conversation = Conversation()
    conversation.feed(media(sequence_number="1"), 0.0)
    assert conversation.faults[:2] == ["media before connected", "media before start"]
    stream, conversation = begun()
    conversation.feed(stream.stop(StopReason.STOPPED).decode(), 0.0)
    conversation.feed(stream.media(bytes(320)).decode(), 0.0)
    assert conversation.faults == ["media after stop"]


def test_dropped_audio_is_a_gap_in_the_timestamps_but_not_in_the_numbers():
    stream, conversation = begun()
    stream.encoder.hold()
    for _ in range(110):
        stream.media(bytes(320))
    assert stream.encoder.take_dropped_ms() == 200
    conversation.feed(stream.encoder.release().decode(), 0.0)
    assert conversation.faults == []


def test_the_number_of_faults_is_limited():
    conversation = Conversation()
    for _ in range(100):
        conversation.feed("{", 0.0)
    assert len(conversation.faults) == 20


@settings(max_examples=25, deadline=None)
@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_read_without_an_error(text):
    conversation = Conversation()
    assert isinstance(conversation.feed(text, 0.0), Nonsense)
    assert conversation.faults
