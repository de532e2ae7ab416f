import pytest

from exoswitch.call.effects import StopReason
from exoswitch.exotel.trace.replay_caller import CallerStep, HangUp, Press, Speak, caller_steps
from exoswitch.exotel.trace.trace import MediaSettings, TraceError
from tests.harness.traces_at_hand import (
    FOLDER,
    bot,
    closed,
    gateway,
    media,
    message,
    recorded,
    trace,
)

START = gateway(100, message("start", stream_sid="s"))


def test_the_caller_repeats_audio_keys_and_hang_up_of_the_recording():
    call = trace(
        START,
        gateway(120, media(20, sample=5)),
        bot(130, media(20)),
        gateway(140, media(20)),
        gateway(150, message("dtmf", digit="7", duration="120")),
        gateway(160, message("stop", reason="stopped")),
        closed(170),
    )
    assert caller_steps(call) == (
        CallerStep(20, Speak(b"\5\0" * 160)),
        CallerStep(40, Speak(bytes(320))),
        CallerStep(50, Press("7", 120)),
        CallerStep(60, HangUp(StopReason.STOPPED)),
    )


def test_a_chunk_is_cut_into_its_frames():
    steps = caller_steps(trace(START, gateway(160, media(60)), gateway(165, message("dtmf", digit="1", duration=1))))
    assert [step.at_ms for step in steps] == [20, 40, 60, 65]


def test_a_frame_is_20_ms_long_at_any_sample_rate():
    call = trace(START, gateway(160, media(80)), media=MediaSettings(sample_rate_hz=16000))
    assert [(step.at_ms, len(step.does.pcm)) for step in caller_steps(call)] == [(40, 640), (60, 640)]


def test_the_caller_does_not_hang_up_if_the_bot_closed():
    assert caller_steps(trace(START, closed(200))) == ()


def test_the_caller_of_a_recorded_call_is_read():
    call = recorded(FOLDER / "echo_with_audio.jsonl")
    steps = caller_steps(call)
    assert {type(step.does) for step in steps} == {Speak, Press, HangUp}
    assert [step.at_ms for step in steps] == sorted(step.at_ms for step in steps)
    assert isinstance(steps[-1].does, HangUp)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (trace(closed(1)), "the trace has no started stream"),
        (trace(START, payloads=False), "the trace has no audio of the caller"),
        (trace(START, gateway(200, message("media", payload="%"))), "message at 200 ms cannot be read"),
        (trace(START, gateway(200, message("dtmf", digit="1"))), "KeyError"),
        (trace(START, gateway(200, message("stop", reason="bored"))), "ValueError"),
    ],
)
def test_the_error_says_why_a_caller_cannot_be_replayed(call, words):
    with pytest.raises(TraceError, match=words):
        caller_steps(call)
