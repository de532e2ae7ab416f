"""The life of one call: what it asks of the world, input by input."""

import pytest

from exoswitch.call import dialling, outputs
from exoswitch.call.effects import (
    BridgeCall,
    ChooseTrunk,
    ClaimCall,
    CloseStream,
    ConnectStream,
    DirectMedia,
    HangUp,
    Originate,
    QualifyTrunk,
    RecordProgress,
    ReleaseCall,
    ReportSign,
    SendDigit,
    StartStream,
    StartTimer,
    StopReason,
    TakeOverCall,
    Timer,
    WaitForTurn,
)
from exoswitch.call.session import CallStatus, DisconnectedBy, StreamStatus
from tests.harness.call_machine import (
    LAB,
    PATHS,
    TO_CLAIMING,
    TO_CONNECTING,
    TO_DIALLING,
    TO_ORIGINATING,
    TO_RINGING,
    TO_TALKING,
    Call,
    ending_in,
)


def test_outbound_call_takes_a_trunk_waits_for_its_turn_is_claimed_and_dialled():
    call = Call()
    assert call.feed("accept") == [ChooseTrunk()]
    assert call.feed("trunk_chosen", LAB) == []
    assert call.feed("dial") == [WaitForTurn(to_claim=True)]
    assert call.feed("turn_came") == [ClaimCall()]
    assert call.feed("claimed") == [Originate(40.0), StartTimer(Timer.RING, 50.0)]
    assert call.feed("originate_queued") == []


def test_call_that_no_trunk_can_carry_is_released_without_a_record():
    assert Call().feed_all("accept", ("no_trunk", "every channel is busy")) == [ReleaseCall()]


def test_call_that_is_hung_up_while_it_chooses_a_trunk_is_released_without_a_record():
    assert Call().feed_all("accept", ("hang_up", "the gateway stopped")) == [ReleaseCall()]


@pytest.mark.parametrize("state", ["new", "accepted"])
def test_call_that_is_abandoned_before_it_is_dialled_is_released_without_a_record(state):
    assert Call().feed_all(*PATHS[state], "abandon") == [ReleaseCall()]


@pytest.mark.parametrize("state", ["accepted", "waiting_for_turn", "claiming"])
def test_call_that_is_hung_up_before_it_is_dialled_sends_nothing_to_asterisk(state):
    effects = Call().feed_all(*PATHS[state], ("hang_up", "the gateway stopped"))
    assert not [effect for effect in effects if isinstance(effect, HangUp)]
    assert ending_in(effects).status is CallStatus.CANCELED


def test_events_of_the_channel_may_come_before_the_answer_to_the_originate():
    call = Call()
    call.feed_all(*TO_ORIGINATING, "channel_dialled", "channel_ringing", "originate_queued")
    assert call.state == "ringing"


def test_ringing_is_recorded_once():
    call = Call()
    assert call.feed_all(*TO_RINGING) == [
        ReportSign(),
        RecordProgress(CallStatus.RINGING),
        StartTimer(Timer.RING, 30.0),
    ]
    assert call.feed("channel_ringing") == []


def test_answer_connects_the_bot_and_starts_the_waits():
    effects = Call().feed_all(*TO_CONNECTING)
    assert RecordProgress(CallStatus.IN_PROGRESS) in effects
    assert StartTimer(Timer.DURATION, 3600.0) in effects
    assert StartTimer(Timer.HANDSHAKE, 22.0) in effects
    assert effects[-1] == ConnectStream()


def test_inbound_call_is_bridged_and_connected_at_once():
    call = Call()
    effects = call.feed("arrive")
    assert effects[0] == BridgeCall()
    assert effects[-1] == ConnectStream()


def test_stream_starts_when_the_bot_accepts_the_handshake():
    assert Call().feed_all(*TO_TALKING)[-1] == StartStream()


def test_failed_handshake_is_tried_again_exactly_once():
    call = Call()
    assert call.feed_all(*TO_CONNECTING, ("stream_failed", "refused")) == [ConnectStream()]
    effects = call.feed("stream_failed", "3009 refused again")
    assert HangUp(16) in effects
    ending = ending_in(call.feed("channel_hung_up", 16))
    assert (ending.status, ending.stream_status) == (CallStatus.COMPLETED, StreamStatus.FAILED)
    assert ending.stream_error == "3009 refused again"


def test_second_handshake_may_succeed():
    assert Call().feed_all(*PATHS["retrying"], "stream_opened")[-1] == StartStream()


def test_handshake_without_an_answer_ends_the_call():
    call = Call()
    assert HangUp(16) in call.feed_all(*TO_CONNECTING, "handshake_timed_out")
    assert ending_in(call.feed("channel_hung_up", 16)).stream_status is StreamStatus.FAILED


def test_media_address_and_digits_are_passed_on():
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.feed("media_announced", "10.0.1.5", 15100) == [DirectMedia("10.0.1.5", 15100)]
    assert call.feed("digit_pressed", "5", 120) == [SendDigit("5", 120)]


def test_digit_before_the_bot_is_there_is_dropped():
    assert Call().feed_all(*TO_CONNECTING, ("digit_pressed", "5", 120)) == []


def test_bot_gets_a_stop_when_the_caller_hangs_up():
    effects = Call().feed_all(*TO_TALKING, ("channel_hung_up", 16))
    assert effects[0] == CloseStream(StopReason.CALL_ENDED)
    ending = ending_in(effects)
    assert (ending.status, ending.stream_status) == (CallStatus.COMPLETED, StreamStatus.CANCELLED)
    assert ending.disconnected_by is DisconnectedBy.USER


def test_call_is_hung_up_when_the_bot_closes():
    call = Call()
    effects = call.feed_all(*TO_TALKING, ("stream_closed", 1000, "bye"))
    assert effects[0] == CloseStream(None)
    assert HangUp(16) in effects
    ending = ending_in(call.feed("channel_hung_up", 16))
    assert (ending.stream_status, ending.disconnected_by) == (StreamStatus.COMPLETED, DisconnectedBy.BOT)
    assert ending.stream_error is None


def test_bot_connection_lost_without_a_close_frame_is_told_to_the_operator():
    call = Call()
    call.feed_all(*TO_TALKING, ("stream_closed", 1006, "connection was closed uncleanly"))
    ending = ending_in(call.feed("channel_hung_up", 16))
    assert ending.stream_error is not None
    assert "abnormally" in ending.reason


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (("media_lost", 30.0199), "no audio came from Asterisk for 30 s; if none"),
        (("duration_reached",), "its limit of 3600 s"),
        (("hang_up", "the gateway stopped"), "the gateway stopped"),
    ],
)
def test_call_that_we_end_says_stopped_to_the_bot_and_why_to_the_operator(happens, words):
    call = Call()
    effects = call.feed_all(*TO_TALKING, happens)
    assert effects[0] == CloseStream(StopReason.STOPPED)
    assert StartTimer(Timer.HANG_UP, outputs.HANG_UP_WAIT_S) in effects
    ending = ending_in(call.feed("channel_hung_up", 16))
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
    call = Call()
    effects = call.feed_all(*TO_RINGING, ("dial_failed", dial_status), ("channel_hung_up", cause))
    ending = ending_in(effects)
    assert (ending.status, ending.cause) == (status, cause)


def test_failed_originate_waits_for_the_cause_of_its_channel():
    call = Call()
    assert StartTimer(Timer.HANG_UP, outputs.HANG_UP_WAIT_S) in call.feed_all(*TO_RINGING, ("originate_failed", 5))
    assert ending_in(call.feed("channel_hung_up", 17)).status is CallStatus.BUSY


def test_failed_originate_whose_channel_stays_silent_ends_by_what_is_known():
    effects = Call().feed_all(*TO_RINGING, ("dial_failed", "BUSY"), ("originate_failed", 5), "hang_up_timed_out")
    assert ending_in(effects).status is CallStatus.BUSY


def test_dead_trunk_fails_the_call_if_no_channel_appears():
    call = Call()
    assert QualifyTrunk() in call.feed_all(*TO_DIALLING, ("originate_failed", 0))
    ending = ending_in(call.feed("hang_up_timed_out"))
    assert ending.status is CallStatus.FAILED
    assert ending.reason == (
        "trunk lab (10.9.0.1:5060) could not be reached; "
        "check its address and the network: Asterisk asks it by OPTIONS, now again"
    )


def test_channel_that_appears_after_its_originate_failed_still_tells_the_cause():
    effects = Call().feed_all(*TO_DIALLING, ("originate_failed", 0), "channel_dialled", ("channel_hung_up", 17))
    assert ending_in(effects).status is CallStatus.BUSY


def test_trunk_that_never_rings_fails_the_call():
    call = Call()
    effects = call.feed_all(*TO_DIALLING, "channel_dialled", ("originate_failed", dialling.TIMED_OUT))
    assert QualifyTrunk() in effects
    reason = ending_in(call.feed("channel_hung_up", 19)).reason
    assert reason.startswith("trunk lab (10.9.0.1:5060) never said that the phone rang")
    dropped_first = (*TO_DIALLING, "channel_dialled", ("channel_hung_up", 19))
    effects = Call().feed_all(*dropped_first, ("originate_failed", dialling.TIMED_OUT))
    assert ending_in(effects).status is CallStatus.FAILED
    assert QualifyTrunk() in effects


def test_dropped_channel_whose_originate_is_never_answered_ends_by_its_cause():
    effects = Call().feed_all(*TO_DIALLING, "channel_dialled", ("channel_hung_up", 19), "hang_up_timed_out")
    assert ending_in(effects).status is CallStatus.NO_ANSWER


def test_busy_phone_whose_events_come_in_another_order_is_busy():
    trying = (*TO_DIALLING, "channel_dialled")
    effects = Call().feed_all(*trying, ("channel_hung_up", 17), ("dial_failed", "BUSY"), ("originate_failed", 0))
    assert ending_in(effects).status is CallStatus.BUSY
    effects = Call().feed_all(*trying, ("originate_failed", 0), ("dial_failed", "BUSY"), ("channel_hung_up", 17))
    assert ending_in(effects).status is CallStatus.BUSY


def test_phone_that_rang_until_the_time_was_up_was_not_answered():
    effects = Call().feed_all(*TO_RINGING, ("originate_failed", dialling.TIMED_OUT), ("channel_hung_up", 19))
    assert ending_in(effects).status is CallStatus.NO_ANSWER


def test_trunk_that_never_answers_is_given_up():
    call = Call()
    assert HangUp(16) in call.feed_all(*TO_RINGING, "ring_timed_out")
    call.feed("dial_failed", "CANCEL")
    assert ending_in(call.feed("channel_hung_up", 16)).status is CallStatus.NO_ANSWER


def test_call_whose_claim_fails_sends_nothing_to_asterisk():
    effects = Call().feed_all(*TO_CLAIMING, ("refused", "the store is away"))
    assert not [effect for effect in effects if isinstance(effect, HangUp)]
    ending = ending_in(effects)
    assert (ending.status, ending.reason) == (CallStatus.FAILED, "the store is away")


def test_refused_dial_is_followed_by_a_hang_up():
    effects = Call().feed_all(*TO_DIALLING, ("rejected", "no such trunk"))
    assert effects[0] == HangUp(16)
    assert "no such trunk" in ending_in(effects).reason


def test_unconfirmed_hang_up_still_ends_the_call():
    call = Call()
    call.feed_all(*TO_TALKING, ("stream_closed", 1000, ""))
    assert ending_in(call.feed("hang_up_timed_out")).status is CallStatus.COMPLETED


def test_cancelled_ringing_call_counts_as_canceled():
    call = Call()
    call.feed_all(*TO_RINGING, ("hang_up", "by request"))
    assert ending_in(call.feed("channel_hung_up", 16)).status is CallStatus.CANCELED


def test_call_of_a_lost_gateway_is_led_here_while_its_bot_is_connected():
    call = Call()
    effects = call.feed("resume")
    assert effects[0] == TakeOverCall()
    assert effects[-1] == ConnectStream()
    assert call.feed("stream_opened")[-1] == StartStream()


def test_call_that_another_gateway_dialled_is_adopted_until_it_is_answered():
    call = Call()
    assert call.feed("adopt_ringing") == [TakeOverCall(), StartTimer(Timer.RING, 40.0)]
    assert call.feed("channel_answered")[-1] == ConnectStream()


@pytest.mark.parametrize(
    "state", [state for state in PATHS if state not in {"new", "choosing_trunk", "accepted", "over"}]
)
def test_call_that_moved_to_another_gateway_is_let_go_without_a_hang_up_or_an_ending(state):
    assert Call().feed_all(*PATHS[state], "moved") == [CloseStream(None), ReleaseCall(is_elsewhere=True)]


def test_call_that_lost_its_place_while_it_was_saved_is_dialled_if_it_can_be_claimed():
    assert Call().feed_all(*PATHS["accepted"], "moved", "dial", "turn_came") == [ClaimCall()]


@pytest.mark.parametrize("state", ["choosing_trunk", "accepted", "waiting_for_turn", "claiming"])
def test_channel_that_another_gateway_dialled_for_the_same_call_is_ignored(state):
    events = ("channel_dialled", "channel_ringing", "channel_answered", ("media_announced", "10.0.1.5", 4000))
    call = Call()
    assert call.feed_all(*PATHS[state], *events, ("digit_pressed", "1", 80), ("channel_hung_up", 16)) == []
    assert call.state == state
