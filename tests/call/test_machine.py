"""The life of one call: what it asks of the world, input by input."""

import inspect

import pytest
from automat import NoTransition

from exoswitch.call import machine as call
from exoswitch.call import outputs as call_steps
from exoswitch.call.effects import (
    BridgeCall,
    CloseStream,
    ConnectStream,
    DirectMedia,
    DrainPlayout,
    HangUp,
    HoldCaller,
    Originate,
    RecordEnding,
    RecordProgress,
    ReleaseCall,
    RenewStream,
    SendDigit,
    StartStream,
    StartTimer,
    StopReason,
    StopTimer,
    TakeOverCall,
    Timer,
)
from exoswitch.call.inputs import CallCore, CallInputs, apply_close
from exoswitch.call.limits import CallLimits
from exoswitch.call.session import CallStatus, DisconnectedBy, Ending, StreamStatus
from exoswitch.call.stream_options import StreamOptions

LIMITS = CallLimits(ring_s=30.0, handshake_s=10.0, max_duration_s=3600.0)


class Life:
    """A call's machine with its effects at hand."""

    def __init__(self) -> None:
        self.core = CallCore(LIMITS)
        self.inputs = call.machine(self.core)

    def feed(self, name, *details):
        getattr(self.inputs, name)(*details)
        return self.core.drain()

    def feed_all(self, *inputs):
        """Feed inputs, each a name or a tuple of a name and its details; give the effects of the last."""
        effects = []
        for item in inputs:
            effects = self.feed(item) if isinstance(item, str) else self.feed(*item)
        return effects


def ending_in(effects) -> Ending:
    """Find the one ending that was recorded, and see that the call was released after it."""
    endings = [effect.ending for effect in effects if isinstance(effect, RecordEnding)]
    assert len(endings) == 1
    assert effects[-1] == ReleaseCall()
    return endings[0]


TO_DIALLING = ("dial",)
TO_RINGING = (*TO_DIALLING, "channel_dialled", "channel_ringing")
TO_CONNECTING = (*TO_RINGING, "channel_answered")
TO_TALKING = (*TO_CONNECTING, "stream_opened")
FAILURE = ("stream_failed", "3009 refused")
TO_LOST = (*TO_TALKING, ("stream_lost", 1006, "gone"))
TO_DRAINING = (*TO_TALKING, ("bot_finished", 1000, "bye"))

PATHS = {
    "new": (),
    "dialling": TO_DIALLING,
    "trying": (*TO_DIALLING, "channel_dialled"),
    "ringing": TO_RINGING,
    "connecting": TO_CONNECTING,
    "retrying": (*TO_CONNECTING, ("stream_failed", "refused")),
    "talking": TO_TALKING,
    "reconnecting_1": TO_LOST,
    "reconnecting_2": (*TO_LOST, "reconnect_due", FAILURE),
    "reconnecting_3": (*TO_LOST, "reconnect_due", FAILURE, "reconnect_due", FAILURE),
    "draining": TO_DRAINING,
    "dropped": (*TO_DIALLING, "channel_dialled", ("channel_hung_up", 19)),
    "ending": (*TO_TALKING, ("hang_up", "by request")),
    "over": ("dial", ("refused", "no")),
}


def test_outbound_call_is_dialled_and_waited_for():
    assert Life().feed("dial") == [Originate(30.0), StartTimer(Timer.RING, 40.0)]


def test_ringing_is_recorded_once():
    life = Life()
    assert life.feed_all(*TO_RINGING) == [RecordProgress(CallStatus.RINGING)]
    assert life.feed("channel_ringing") == []


def test_answer_connects_the_bot_and_starts_the_waits():
    effects = Life().feed_all(*TO_CONNECTING)
    assert RecordProgress(CallStatus.IN_PROGRESS) in effects
    assert StartTimer(Timer.DURATION, 3600.0) in effects
    assert StartTimer(Timer.HANDSHAKE, 22.0) in effects
    assert effects[-1] == ConnectStream(attempt=1)


def test_inbound_call_is_bridged_and_connected_at_once():
    life = Life()
    effects = life.feed("arrive")
    assert effects[0] == BridgeCall()
    assert effects[-1] == ConnectStream(attempt=1)


def test_bot_that_shakes_hands_starts_the_stream():
    assert Life().feed_all(*TO_TALKING)[-1] == StartStream()


def test_failed_handshake_is_tried_exactly_once_more():
    life = Life()
    assert life.feed_all(*TO_CONNECTING, ("stream_failed", "refused")) == [ConnectStream(attempt=2)]
    effects = life.feed("stream_failed", "3009 refused again")
    assert HangUp(16) in effects
    ending = ending_in(life.feed("channel_hung_up", 16))
    assert (ending.status, ending.stream_status) == (CallStatus.COMPLETED, StreamStatus.FAILED)
    assert ending.stream_error == "3009 refused again"


def test_second_handshake_may_succeed():
    assert Life().feed_all(*PATHS["retrying"], "stream_opened")[-1] == StartStream()


def test_connection_that_says_nothing_ends_the_call():
    life = Life()
    assert HangUp(16) in life.feed_all(*TO_CONNECTING, "handshake_timed_out")
    assert ending_in(life.feed("channel_hung_up", 16)).stream_status is StreamStatus.FAILED


def test_media_address_and_digits_are_passed_on():
    life = Life()
    life.feed_all(*TO_TALKING)
    assert life.feed("media_announced", "10.0.1.5", 15100) == [DirectMedia("10.0.1.5", 15100)]
    assert life.feed("digit_pressed", "5", 120) == [SendDigit("5", 120)]


def test_digit_before_the_bot_is_there_is_dropped():
    assert Life().feed_all(*TO_CONNECTING, ("digit_pressed", "5", 120)) == []


def test_caller_who_hangs_up_gives_the_bot_its_stop():
    effects = Life().feed_all(*TO_TALKING, ("channel_hung_up", 16))
    assert effects[0] == CloseStream(StopReason.CALL_ENDED)
    ending = ending_in(effects)
    assert (ending.status, ending.stream_status) == (CallStatus.COMPLETED, StreamStatus.CANCELLED)
    assert ending.disconnected_by is DisconnectedBy.USER


def test_bot_that_closes_hangs_the_call_up():
    life = Life()
    effects = life.feed_all(*TO_TALKING, ("stream_closed", 1000, "bye"))
    assert effects[0] == CloseStream(None)
    assert HangUp(16) in effects
    ending = ending_in(life.feed("channel_hung_up", 16))
    assert (ending.stream_status, ending.disconnected_by) == (StreamStatus.COMPLETED, DisconnectedBy.BOT)
    assert ending.stream_error is None


def test_bot_connection_lost_without_a_close_frame_is_told_to_the_operator():
    life = Life()
    life.feed_all(*TO_TALKING, ("stream_closed", 1006, "connection was closed uncleanly"))
    ending = ending_in(life.feed("channel_hung_up", 16))
    assert ending.stream_error is not None
    assert "abnormally" in ending.reason


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (("media_lost", 30.0), "no audio came from Asterisk for 30 s"),
        (("duration_reached",), "its limit of 3600 s"),
        (("hang_up", "the gateway stopped"), "the gateway stopped"),
    ],
)
def test_call_that_we_end_says_stopped_to_the_bot_and_why_to_the_operator(happens, words):
    life = Life()
    effects = life.feed_all(*TO_TALKING, happens)
    assert effects[0] == CloseStream(StopReason.STOPPED)
    assert StartTimer(Timer.HANG_UP, call_steps.HANG_UP_WAIT_S) in effects
    ending = ending_in(life.feed("channel_hung_up", 16))
    assert ending.status is CallStatus.COMPLETED
    assert words in ending.reason


@pytest.mark.parametrize(
    ("dial_status", "cause", "status"),
    [
        ("BUSY", 17, CallStatus.BUSY),
        ("NOANSWER", 19, CallStatus.NO_ANSWER),
        ("CONGESTION", 34, CallStatus.FAILED),
        ("CHANUNAVAIL", 3, CallStatus.FAILED),
    ],
)
def test_unanswered_call_ends_with_the_status_of_its_cause(dial_status, cause, status):
    life = Life()
    effects = life.feed_all(*TO_RINGING, ("dial_failed", dial_status), ("channel_hung_up", cause))
    ending = ending_in(effects)
    assert (ending.status, ending.cause) == (status, cause)


def test_failed_originate_waits_for_the_cause_of_its_channel():
    life = Life()
    assert StartTimer(Timer.HANG_UP, call_steps.HANG_UP_WAIT_S) in life.feed_all(*TO_RINGING, ("originate_failed", 5))
    assert ending_in(life.feed("channel_hung_up", 17)).status is CallStatus.BUSY


def test_failed_originate_whose_channel_stays_silent_ends_by_what_is_known():
    effects = Life().feed_all(*TO_RINGING, ("dial_failed", "BUSY"), ("originate_failed", 5), "hang_up_timed_out")
    assert ending_in(effects).status is CallStatus.BUSY


def test_dead_trunk_fails_the_call_when_no_channel_is_heard_of():
    effects = Life().feed_all(*TO_DIALLING, ("originate_failed", 0), "hang_up_timed_out")
    ending = ending_in(effects)
    assert ending.status is CallStatus.FAILED
    assert "could not be reached" in ending.reason


def test_channel_that_is_heard_of_after_its_originate_failed_still_tells_the_cause():
    effects = Life().feed_all(*TO_DIALLING, ("originate_failed", 0), "channel_dialled", ("channel_hung_up", 17))
    assert ending_in(effects).status is CallStatus.BUSY


def test_trunk_that_never_said_anything_of_the_call_fails_it():
    life = Life()
    life.feed_all(*TO_DIALLING, "channel_dialled", ("originate_failed", call_steps.TIMED_OUT))
    assert "never said" in ending_in(life.feed("channel_hung_up", 19)).reason
    dropped_first = (*TO_DIALLING, "channel_dialled", ("channel_hung_up", 19))
    ending = ending_in(Life().feed_all(*dropped_first, ("originate_failed", call_steps.TIMED_OUT)))
    assert ending.status is CallStatus.FAILED


def test_dropped_channel_whose_originate_is_never_answered_ends_by_its_cause():
    effects = Life().feed_all(*TO_DIALLING, "channel_dialled", ("channel_hung_up", 19), "hang_up_timed_out")
    assert ending_in(effects).status is CallStatus.NO_ANSWER


def test_busy_phone_whose_events_come_in_another_order_is_busy():
    trying = (*TO_DIALLING, "channel_dialled")
    effects = Life().feed_all(*trying, ("channel_hung_up", 17), ("dial_failed", "BUSY"), ("originate_failed", 0))
    assert ending_in(effects).status is CallStatus.BUSY
    effects = Life().feed_all(*trying, ("originate_failed", 0), ("dial_failed", "BUSY"), ("channel_hung_up", 17))
    assert ending_in(effects).status is CallStatus.BUSY


def test_phone_that_rang_until_the_time_was_up_was_not_answered():
    effects = Life().feed_all(*TO_RINGING, ("originate_failed", call_steps.TIMED_OUT), ("channel_hung_up", 19))
    assert ending_in(effects).status is CallStatus.NO_ANSWER


def test_trunk_that_never_answers_is_given_up():
    life = Life()
    assert HangUp(16) in life.feed_all(*TO_RINGING, "ring_timed_out")
    life.feed("dial_failed", "CANCEL")
    assert ending_in(life.feed("channel_hung_up", 16)).status is CallStatus.NO_ANSWER


def test_call_that_may_not_be_dialled_has_failed_without_a_word_to_asterisk():
    effects = Life().feed_all("dial", ("refused", "the store is away"))
    assert not [effect for effect in effects if isinstance(effect, HangUp)]
    ending = ending_in(effects)
    assert (ending.status, ending.reason) == (CallStatus.FAILED, "the store is away")


def test_asterisk_that_refuses_to_dial_is_asked_to_hang_up_all_the_same():
    effects = Life().feed_all(*TO_DIALLING, ("rejected", "no such trunk"))
    assert effects[0] == HangUp(16)
    assert "no such trunk" in ending_in(effects).reason


def test_unconfirmed_hang_up_still_ends_the_call():
    life = Life()
    life.feed_all(*TO_TALKING, ("stream_closed", 1000, ""))
    assert ending_in(life.feed("hang_up_timed_out")).status is CallStatus.COMPLETED


def test_cancelled_ringing_call_counts_as_canceled():
    life = Life()
    life.feed_all(*TO_RINGING, ("hang_up", "by request"))
    assert ending_in(life.feed("channel_hung_up", 16)).status is CallStatus.CANCELED


# --- A bot that is lost, and one that has said goodbye ------------------------------------------------------------

RECONNECT, DRAIN = StreamOptions(on_stream_loss="reconnect"), StreamOptions(drain_on_close=True)


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 4000, None])
@pytest.mark.parametrize("options", [StreamOptions(), RECONNECT, DRAIN], ids=["neither", "reconnect", "drain"])
def test_what_the_end_of_a_stream_is_depends_on_its_code_and_on_the_options(options, code):
    life = Life()
    life.feed_all(*TO_TALKING)
    apply_close(life.inputs, options, 0, code, "said")
    effects = life.core.drain()
    if options is RECONNECT and code not in {1000, 1001}:
        assert effects[0] == HoldCaller()
    elif options is DRAIN and code in {1000, 1001}:
        assert effects == [DrainPlayout()]
    else:
        assert HangUp(16) in effects


def test_a_lost_bot_is_looked_for_after_a_second_as_another_stream_while_the_caller_waits():
    life = Life()
    assert life.feed_all(*TO_LOST) == [HoldCaller(), RenewStream(), StartTimer(Timer.RECONNECT, 1.0)]
    assert life.feed("reconnect_due") == [StartTimer(Timer.HANDSHAKE, 12.0), ConnectStream(attempt=1)]
    assert life.feed("stream_opened") == [StopTimer(Timer.HANDSHAKE), StartStream()]
    assert life.feed("digit_pressed", "5", 120) == [SendDigit("5", 120)]


def test_a_lost_bot_is_looked_for_three_times_with_longer_waits_and_then_the_stream_has_failed():
    life = Life()
    life.feed_all(*TO_LOST)
    for attempt, wait_s in ((1, 2.0), (2, 4.0)):
        assert life.feed("reconnect_due")[-1] == ConnectStream(attempt)
        assert life.feed(*FAILURE) == [StopTimer(Timer.HANDSHAKE), StartTimer(Timer.RECONNECT, wait_s)]
    assert life.feed("reconnect_due")[-1] == ConnectStream(attempt=3)
    assert HangUp(16) in life.feed("stream_failed", "3009 for the last time")
    ending = ending_in(life.feed("channel_hung_up", 16))
    assert (ending.status, ending.stream_status) == (CallStatus.COMPLETED, StreamStatus.FAILED)
    assert ending.stream_error == "3009 for the last time"
    assert ending.reason == "the bot was lost, and could not be reached again: 3009 for the last time"


@pytest.mark.parametrize("state", ["reconnecting_1", "reconnecting_2", "reconnecting_3"])
def test_whichever_attempt_succeeds_the_next_loss_has_all_of_them_again(state):
    life = Life()
    life.feed_all(*PATHS[state], "reconnect_due", "stream_opened")
    assert life.feed("stream_lost", None, "")[-1] == StartTimer(Timer.RECONNECT, 1.0)
    assert life.feed("reconnect_due")[-1] == ConnectStream(attempt=1)


@pytest.mark.parametrize("state", ["reconnecting_1", "reconnecting_2", "reconnecting_3"])
def test_a_caller_who_waits_for_a_lost_bot_may_hang_up_and_is_not_heard_by_anybody(state):
    life = Life()
    assert life.feed_all(*PATHS[state], ("digit_pressed", "5", 120)) == []
    effects = life.feed("channel_hung_up", 16)
    assert StopTimer(Timer.RECONNECT) in effects
    assert ending_in(effects).disconnected_by is DisconnectedBy.USER


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (("media_lost", 30.0), "no audio came from Asterisk for 30 s"),
        (("duration_reached",), "its limit of 3600 s"),
        (("hang_up", "the gateway stopped"), "the gateway stopped"),
        (("handshake_timed_out",), "could not be reached again: no handshake within 10 s"),
    ],
)
def test_a_call_that_waits_for_a_lost_bot_ends_as_one_that_talks(happens, words):
    life = Life()
    effects = life.feed_all(*TO_LOST, "reconnect_due", happens)
    assert {StopTimer(Timer.RECONNECT), StopTimer(Timer.HANDSHAKE), HangUp(16)} <= set(effects)
    assert words in ending_in(life.feed("channel_hung_up", 16)).reason


def test_a_bot_that_has_said_goodbye_is_heard_to_its_end_before_the_call_is_hung_up():
    life = Life()
    assert life.feed_all(*TO_DRAINING) == [DrainPlayout()]
    effects = life.feed("playout_finished")
    assert effects[0] == CloseStream(None)
    assert HangUp(16) in effects
    ending = ending_in(life.feed("channel_hung_up", 16))
    assert ending.reason == "the bot closed the stream (1000 bye)"
    assert (ending.stream_status, ending.disconnected_by) == (StreamStatus.COMPLETED, DisconnectedBy.BOT)


@pytest.mark.parametrize("happens", [("media_lost", 30.0), ("duration_reached",), ("hang_up", "stop")])
def test_a_goodbye_that_is_cut_short_is_still_the_bots(happens):
    life = Life()
    assert HangUp(16) in life.feed_all(*TO_DRAINING, happens)
    assert ending_in(life.feed("channel_hung_up", 16)).disconnected_by is DisconnectedBy.BOT


def test_a_caller_who_does_not_wait_for_the_end_of_the_goodbye_ends_the_call():
    effects = Life().feed_all(*TO_DRAINING, ("digit_pressed", "5", 120), ("channel_hung_up", 16))
    assert ending_in(effects).disconnected_by is DisconnectedBy.BOT


# --- A call that was another gateway's, and one that becomes another's ---------------------------------------------


def test_call_of_a_lost_gateway_is_led_here_while_its_bot_is_reached():
    life = Life()
    effects = life.feed("resume")
    assert effects[0] == TakeOverCall()
    assert effects[-1] == ConnectStream(attempt=1)
    assert life.feed("stream_opened")[-1] == StartStream()


def test_call_that_another_gateway_dialled_is_attended_until_it_is_answered():
    life = Life()
    assert life.feed("attend") == [TakeOverCall(), StartTimer(Timer.RING, 40.0)]
    assert life.feed("channel_answered")[-1] == ConnectStream(attempt=1)


def test_call_that_shall_not_be_resumed_is_taken_over_before_it_is_hung_up():
    life = Life()
    effects = life.feed("hang_up", "its gateway was lost")
    assert effects.index(TakeOverCall()) < effects.index(HangUp(16))
    assert ending_in(life.feed("channel_hung_up", 16)).reason == "its gateway was lost"


@pytest.mark.parametrize("state", [state for state in PATHS if state not in {"new", "over"}])
def test_call_that_is_anothers_by_now_is_let_go_without_a_hang_up_or_an_ending(state):
    effects = Life().feed_all(*PATHS[state], "moved")
    assert {effect for effect in effects if not isinstance(effect, StopTimer)} == {CloseStream(None), ReleaseCall()}


# --- Every pair of state and input ------------------------------------------------------------------------------

INPUTS = {
    "dial": (),
    "arrive": (),
    "resume": (),
    "attend": (),
    "refused": ("no",),
    "moved": (),
    "rejected": ("no",),
    "channel_dialled": (),
    "channel_ringing": (),
    "channel_answered": (),
    "dial_failed": ("BUSY",),
    "originate_failed": (0,),
    "media_announced": ("127.0.0.1", 4000),
    "channel_hung_up": (16,),
    "digit_pressed": ("1", 100),
    "stream_opened": (),
    "stream_failed": ("refused",),
    "stream_closed": (1000, ""),
    "stream_lost": (1006, ""),
    "bot_finished": (1000, ""),
    "playout_finished": (),
    "media_lost": (30.0,),
    "hang_up": ("by request",),
    "ring_timed_out": (),
    "handshake_timed_out": (),
    "duration_reached": (),
    "reconnect_due": (),
    "hang_up_timed_out": (),
}

_BEGINNINGS = {"dial", "arrive", "resume", "attend"}
_CHANNEL = {
    "channel_dialled",
    "channel_ringing",
    "channel_answered",
    "dial_failed",
    "originate_failed",
    "media_announced",
}
_PHONE = {"channel_hung_up", "digit_pressed"}
_CLOSE = {"stream_closed", "stream_lost", "bot_finished"}
_STREAM = {"stream_opened", "stream_failed", "playout_finished"} | _CLOSE
_TIMERS = {"ring_timed_out", "handshake_timed_out", "duration_reached", "reconnect_due", "hang_up_timed_out"}

ILLEGAL = {
    "new": set(INPUTS) - _BEGINNINGS - {"hang_up"},
    "dialling": _BEGINNINGS | _STREAM | {"media_lost"} | _TIMERS - {"ring_timed_out"},
    "connecting": _BEGINNINGS
    | {"refused"}
    | _CLOSE
    | {"playout_finished"}
    | _TIMERS - {"handshake_timed_out", "duration_reached"},
    "talking": _BEGINNINGS | {"refused"} | _STREAM - _CLOSE | _TIMERS - {"duration_reached"},
    "draining": _BEGINNINGS | {"refused"} | _STREAM - {"playout_finished"} | _TIMERS - {"duration_reached"},
    "dropped": _BEGINNINGS | {"refused"} | _STREAM | {"media_lost"} | _TIMERS - {"hang_up_timed_out"},
    "ending": _BEGINNINGS | _TIMERS - {"hang_up_timed_out"},
    "over": _BEGINNINGS | _TIMERS,
}
ILLEGAL["trying"] = ILLEGAL["ringing"] = ILLEGAL["dialling"] | {"refused"}
ILLEGAL["retrying"] = ILLEGAL["connecting"]
ILLEGAL |= {state.name: ILLEGAL["connecting"] - {"reconnect_due"} for state in call.RECONNECTING}


def test_the_lists_of_states_and_inputs_are_complete():
    declared = {name for name, _ in inspect.getmembers(CallInputs, inspect.isfunction) if not name.startswith("_")}
    assert set(INPUTS) == declared
    assert set(PATHS) == set(ILLEGAL) == {state.name for state in call.STATES}


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("state", PATHS)
def test_every_pair_of_state_and_input_is_defined_or_listed_as_illegal(state, name):
    life = Life()
    life.feed_all(*PATHS[state])
    if name in ILLEGAL[state]:
        with pytest.raises(NoTransition):
            life.feed(name, *INPUTS[name])
    else:
        life.feed(name, *INPUTS[name])
