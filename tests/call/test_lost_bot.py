"""A bot that is lost is connected again; a bot that has closed is heard to its end."""

import pytest

from exoswitch.call import machine
from exoswitch.call.effects import (
    CloseStream,
    ConnectStream,
    DrainPlayout,
    HangUp,
    HoldCaller,
    RenewStream,
    SendDigit,
    StartStream,
    StartTimer,
    Timer,
)
from exoswitch.call.feeding import apply_close
from exoswitch.call.session import CallStatus, DisconnectedBy, StreamStatus
from exoswitch.call.stream_options import StreamOptions
from tests.harness.call_machine import FAILURE, PATHS, TO_DRAINING, TO_LOST, TO_TALKING, Call, ending_in

RECONNECT, DRAIN = StreamOptions(on_stream_loss="reconnect"), StreamOptions(drain_on_close=True)


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 4000, None])
@pytest.mark.parametrize("options", [StreamOptions(), RECONNECT, DRAIN], ids=["neither", "reconnect", "drain"])
def test_end_of_a_stream_depends_on_its_code_and_on_the_options(options, code):
    call = Call()
    call.feed_all(*TO_TALKING)
    effects = call.apply(apply_close, options, code, "said")
    if options is RECONNECT and code not in {1000, 1001}:
        assert effects[0] == HoldCaller()
    elif options is DRAIN and code in {1000, 1001}:
        assert effects == [DrainPlayout()]
    else:
        assert HangUp(16) in effects


def test_a_lost_bot_is_connected_again_after_a_second_as_another_stream():
    call = Call()
    assert call.feed_all(*TO_LOST) == [HoldCaller(), RenewStream(), StartTimer(Timer.RECONNECT, 1.0)]
    assert call.feed("reconnect_due") == [StartTimer(Timer.HANDSHAKE, 12.0), ConnectStream()]
    assert call.feed("stream_opened") == [StartStream()]
    assert call.feed("digit_pressed", "5", 120) == [SendDigit("5", 120)]


def test_a_lost_bot_is_connected_three_times_with_longer_waits_and_then_the_stream_has_failed():
    call = Call()
    call.feed_all(*TO_LOST)
    for wait_s in (2.0, 4.0):
        assert call.feed("reconnect_due")[-1] == ConnectStream()
        assert call.feed(*FAILURE) == [StartTimer(Timer.RECONNECT, wait_s)]
    assert call.feed("reconnect_due")[-1] == ConnectStream()
    assert HangUp(16) in call.feed("stream_failed", "3009 for the last time")
    ending = ending_in(call.feed("channel_hung_up", 16))
    assert (ending.status, ending.stream_status) == (CallStatus.COMPLETED, StreamStatus.FAILED)
    assert ending.stream_error == "3009 for the last time"
    assert ending.reason == "the bot was lost, and could not be reached again: 3009 for the last time"


@pytest.mark.parametrize("state", ["bot_lost_1", "bot_lost_2", "bot_lost_3"])
def test_after_a_successful_attempt_the_next_loss_has_three_attempts_again(state):
    call = Call()
    call.feed_all(*PATHS[state], "reconnect_due", "stream_opened")
    assert call.feed("stream_lost", None, "")[-1] == StartTimer(Timer.RECONNECT, 1.0)
    assert call.feed("reconnect_due")[-1] == ConnectStream()


@pytest.mark.parametrize("state", [state for state in PATHS if state.startswith(("bot_lost", "reconnecting"))])
def test_a_caller_who_waits_for_a_lost_bot_can_hang_up(state):
    call = Call()
    assert call.feed_all(*PATHS[state], ("digit_pressed", "5", 120)) == []
    effects = call.feed("channel_hung_up", 16)
    assert machine.owned_timers(call.core) == frozenset()
    assert ending_in(effects).disconnected_by is DisconnectedBy.USER


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (
            ("media_lost", 30.0199),
            "no audio came from Asterisk for 30 s; if none came at all, check rtp.advertise",
        ),
        (("duration_reached",), "its limit of 3600 s"),
        (("hang_up", "the gateway stopped"), "the gateway stopped"),
        (("handshake_timed_out",), "could not be reached again: no handshake within 10 s"),
    ],
)
def test_a_call_that_waits_for_a_lost_bot_ends_like_a_conversation(happens, words):
    call = Call()
    effects = call.feed_all(*TO_LOST, "reconnect_due", happens)
    assert HangUp(16) in effects
    assert machine.owned_timers(call.core) == {Timer.HANG_UP}
    assert words in ending_in(call.feed("channel_hung_up", 16)).reason


def test_audio_is_played_to_its_end_before_the_call_of_a_closed_bot_is_hung_up():
    call = Call()
    assert call.feed_all(*TO_DRAINING) == [DrainPlayout()]
    effects = call.feed("playout_finished")
    assert effects[0] == CloseStream(None)
    assert HangUp(16) in effects
    ending = ending_in(call.feed("channel_hung_up", 16))
    assert ending.reason == "the bot closed the stream (1000 bye)"
    assert (ending.stream_status, ending.disconnected_by) == (StreamStatus.COMPLETED, DisconnectedBy.BOT)


@pytest.mark.parametrize("happens", [("media_lost", 30.0), ("duration_reached",), ("hang_up", "stop")])
def test_draining_that_is_cut_short_still_counts_as_the_bots_hang_up(happens):
    call = Call()
    assert HangUp(16) in call.feed_all(*TO_DRAINING, happens)
    assert ending_in(call.feed("channel_hung_up", 16)).disconnected_by is DisconnectedBy.BOT


def test_a_caller_can_hang_up_while_audio_drains():
    effects = Call().feed_all(*TO_DRAINING, ("digit_pressed", "5", 120), ("channel_hung_up", 16))
    assert ending_in(effects).disconnected_by is DisconnectedBy.BOT
