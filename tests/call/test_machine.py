"""The life of one call: what it asks of the world, input by input."""

import inspect

import pytest
from automat import NoTransition

from exoswitch.call import machine, outputs
from exoswitch.call.core import CallCore
from exoswitch.call.effects import (
    BridgeCall,
    ChooseTrunk,
    ClaimCall,
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
    TakeOverCall,
    Timer,
)
from exoswitch.call.events import ChannelTaken, DigitPressed, MediaAnnounced, SwitchReady
from exoswitch.call.inputs import CallInputs, apply_close, apply_event, apply_listing
from exoswitch.call.limits import CallLimits
from exoswitch.call.session import CallStatus, DisconnectedBy, Ending, StreamStatus
from exoswitch.call.stream_options import StreamOptions

LIMITS = CallLimits(ring_s=30.0, handshake_s=10.0, max_duration_s=3600.0)


class Call:
    """A call's machine with its effects at hand."""

    def __init__(self) -> None:
        self.core = CallCore(LIMITS)
        self.inputs = machine.begin(self.core)

    def feed(self, name, *details):
        getattr(self.inputs, name)(*details)
        return self.core.drain()

    def feed_all(self, *inputs):
        """Feed inputs, each a name or a tuple of a name and its details; give the effects of the last."""
        effects = []
        for item in inputs:
            effects = self.feed(item) if isinstance(item, str) else self.feed(*item)
        return effects

    def apply(self, function, *details):
        """Feed what one of the `apply_` functions makes of something; give the effects."""
        function(self.inputs, self.core, *details)
        return self.core.drain()

    @property
    def state(self):
        return self.core.state.name


def ending_in(effects) -> Ending:
    """Find the one ending that was recorded, and see that the call was released after it."""
    endings = [effect.ending for effect in effects if isinstance(effect, RecordEnding)]
    assert len(endings) == 1
    assert effects[-1] == ReleaseCall()
    return endings[0]


TO_ACCEPTED = ("accept", ("trunk_chosen", 0.5))
TO_CLAIMING = (*TO_ACCEPTED, "dial", "turn_came")
TO_ORIGINATING = (*TO_CLAIMING, "claimed")
TO_DIALLING = (*TO_ORIGINATING, "originate_queued")
TO_RINGING = (*TO_DIALLING, "channel_dialled", "channel_ringing")
TO_CONNECTING = (*TO_RINGING, "channel_answered")
TO_TALKING = (*TO_CONNECTING, "stream_opened")
FAILURE = ("stream_failed", "3009 refused")
TO_LOST = (*TO_TALKING, ("stream_lost", 1006, "gone"))
TO_DRAINING = (*TO_TALKING, ("bot_finished", 1000, "bye"))

PATHS = {
    "new": (),
    "choosing_trunk": ("accept",),
    "accepted": TO_ACCEPTED,
    "waiting_for_turn": (*TO_ACCEPTED, "dial"),
    "claiming": TO_CLAIMING,
    "originating": TO_ORIGINATING,
    "dialling": TO_DIALLING,
    "trying": (*TO_DIALLING, "channel_dialled"),
    "ringing": TO_RINGING,
    "connecting": TO_CONNECTING,
    "retrying": (*TO_CONNECTING, ("stream_failed", "refused")),
    "talking": TO_TALKING,
    "bot_lost_1": TO_LOST,
    "bot_lost_2": (*TO_LOST, "reconnect_due", FAILURE),
    "bot_lost_3": (*TO_LOST, "reconnect_due", FAILURE, "reconnect_due", FAILURE),
    "reconnecting_1": (*TO_LOST, "reconnect_due"),
    "reconnecting_2": (*TO_LOST, "reconnect_due", FAILURE, "reconnect_due"),
    "reconnecting_3": (*TO_LOST, "reconnect_due", FAILURE, "reconnect_due", FAILURE, "reconnect_due"),
    "draining": TO_DRAINING,
    "awaiting_originate_response": (*TO_DIALLING, "channel_dialled", ("channel_hung_up", 19)),
    "ending": (*TO_TALKING, ("hang_up", "by request")),
    "over": (*TO_CLAIMING, ("refused", "no")),
}


def test_outbound_call_takes_a_trunk_waits_for_its_turn_is_claimed_and_dialled():
    call = Call()
    assert call.feed("accept") == [ChooseTrunk()]
    assert call.feed("trunk_chosen", 0.5) == []
    assert call.feed("dial") == [StartTimer(Timer.TURN, 0.5)]
    assert call.feed("turn_came") == [ClaimCall()]
    assert call.feed("claimed") == [Originate(30.0), StartTimer(Timer.RING, 40.0)]
    assert call.feed("originate_queued") == []


def test_call_that_no_trunk_can_carry_is_released_without_a_record():
    assert Call().feed_all("accept", ("no_trunk", "every channel is busy")) == [ReleaseCall()]


@pytest.mark.parametrize("state", ["new", "accepted"])
def test_call_that_is_abandoned_before_it_is_dialled_is_released_without_a_record(state):
    assert Call().feed_all(*PATHS[state], "abandon") == [ReleaseCall()]


@pytest.mark.parametrize("state", ["accepted", "waiting_for_turn", "claiming"])
def test_call_that_is_hung_up_before_it_is_dialled_is_over_without_a_word_to_asterisk(state):
    effects = Call().feed_all(*PATHS[state], ("hang_up", "the gateway stopped"))
    assert not [effect for effect in effects if isinstance(effect, HangUp)]
    assert ending_in(effects).status is CallStatus.CANCELED


def test_events_of_the_channel_may_come_before_the_answer_to_the_originate():
    call = Call()
    call.feed_all(*TO_ORIGINATING, "channel_dialled", "channel_ringing", "originate_queued")
    assert call.state == "ringing"


def test_ringing_is_recorded_once():
    call = Call()
    assert call.feed_all(*TO_RINGING) == [RecordProgress(CallStatus.RINGING)]
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


def test_bot_that_shakes_hands_starts_the_stream():
    assert Call().feed_all(*TO_TALKING)[-1] == StartStream()


def test_failed_handshake_is_tried_exactly_once_more():
    call = Call()
    assert call.feed_all(*TO_CONNECTING, ("stream_failed", "refused")) == [ConnectStream()]
    effects = call.feed("stream_failed", "3009 refused again")
    assert HangUp(16) in effects
    ending = ending_in(call.feed("channel_hung_up", 16))
    assert (ending.status, ending.stream_status) == (CallStatus.COMPLETED, StreamStatus.FAILED)
    assert ending.stream_error == "3009 refused again"


def test_second_handshake_may_succeed():
    assert Call().feed_all(*PATHS["retrying"], "stream_opened")[-1] == StartStream()


def test_connection_that_says_nothing_ends_the_call():
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


def test_caller_who_hangs_up_gives_the_bot_its_stop():
    effects = Call().feed_all(*TO_TALKING, ("channel_hung_up", 16))
    assert effects[0] == CloseStream(StopReason.CALL_ENDED)
    ending = ending_in(effects)
    assert (ending.status, ending.stream_status) == (CallStatus.COMPLETED, StreamStatus.CANCELLED)
    assert ending.disconnected_by is DisconnectedBy.USER


def test_bot_that_closes_hangs_the_call_up():
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
        (("media_lost", 30.0), "no audio came from Asterisk for 30 s"),
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


def test_dead_trunk_fails_the_call_when_no_channel_is_heard_of():
    effects = Call().feed_all(*TO_DIALLING, ("originate_failed", 0), "hang_up_timed_out")
    ending = ending_in(effects)
    assert ending.status is CallStatus.FAILED
    assert "could not be reached" in ending.reason


def test_channel_that_is_heard_of_after_its_originate_failed_still_tells_the_cause():
    effects = Call().feed_all(*TO_DIALLING, ("originate_failed", 0), "channel_dialled", ("channel_hung_up", 17))
    assert ending_in(effects).status is CallStatus.BUSY


def test_trunk_that_never_said_anything_of_the_call_fails_it():
    call = Call()
    call.feed_all(*TO_DIALLING, "channel_dialled", ("originate_failed", outputs.TIMED_OUT))
    assert "never said" in ending_in(call.feed("channel_hung_up", 19)).reason
    dropped_first = (*TO_DIALLING, "channel_dialled", ("channel_hung_up", 19))
    ending = ending_in(Call().feed_all(*dropped_first, ("originate_failed", outputs.TIMED_OUT)))
    assert ending.status is CallStatus.FAILED


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
    effects = Call().feed_all(*TO_RINGING, ("originate_failed", outputs.TIMED_OUT), ("channel_hung_up", 19))
    assert ending_in(effects).status is CallStatus.NO_ANSWER


def test_trunk_that_never_answers_is_given_up():
    call = Call()
    assert HangUp(16) in call.feed_all(*TO_RINGING, "ring_timed_out")
    call.feed("dial_failed", "CANCEL")
    assert ending_in(call.feed("channel_hung_up", 16)).status is CallStatus.NO_ANSWER


def test_call_that_may_not_be_dialled_has_failed_without_a_word_to_asterisk():
    effects = Call().feed_all(*TO_CLAIMING, ("refused", "the store is away"))
    assert not [effect for effect in effects if isinstance(effect, HangUp)]
    ending = ending_in(effects)
    assert (ending.status, ending.reason) == (CallStatus.FAILED, "the store is away")


def test_asterisk_that_refuses_to_dial_is_asked_to_hang_up_all_the_same():
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


# --- A bot that is lost, and one that has said goodbye ------------------------------------------------------------

RECONNECT, DRAIN = StreamOptions(on_stream_loss="reconnect"), StreamOptions(drain_on_close=True)


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 4000, None])
@pytest.mark.parametrize("options", [StreamOptions(), RECONNECT, DRAIN], ids=["neither", "reconnect", "drain"])
def test_what_the_end_of_a_stream_is_depends_on_its_code_and_on_the_options(options, code):
    call = Call()
    call.feed_all(*TO_TALKING)
    effects = call.apply(apply_close, options, code, "said")
    if options is RECONNECT and code not in {1000, 1001}:
        assert effects[0] == HoldCaller()
    elif options is DRAIN and code in {1000, 1001}:
        assert effects == [DrainPlayout()]
    else:
        assert HangUp(16) in effects


def test_a_lost_bot_is_looked_for_after_a_second_as_another_stream_while_the_caller_waits():
    call = Call()
    assert call.feed_all(*TO_LOST) == [HoldCaller(), RenewStream(), StartTimer(Timer.RECONNECT, 1.0)]
    assert call.feed("reconnect_due") == [StartTimer(Timer.HANDSHAKE, 12.0), ConnectStream()]
    assert call.feed("stream_opened") == [StartStream()]
    assert call.feed("digit_pressed", "5", 120) == [SendDigit("5", 120)]


def test_a_lost_bot_is_looked_for_three_times_with_longer_waits_and_then_the_stream_has_failed():
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
def test_whichever_attempt_succeeds_the_next_loss_has_all_of_them_again(state):
    call = Call()
    call.feed_all(*PATHS[state], "reconnect_due", "stream_opened")
    assert call.feed("stream_lost", None, "")[-1] == StartTimer(Timer.RECONNECT, 1.0)
    assert call.feed("reconnect_due")[-1] == ConnectStream()


@pytest.mark.parametrize("state", [state for state in PATHS if state.startswith(("bot_lost", "reconnecting"))])
def test_a_caller_who_waits_for_a_lost_bot_may_hang_up_and_is_not_heard_by_anybody(state):
    call = Call()
    assert call.feed_all(*PATHS[state], ("digit_pressed", "5", 120)) == []
    effects = call.feed("channel_hung_up", 16)
    assert machine.owned_timers(call.core) == frozenset()
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
    call = Call()
    effects = call.feed_all(*TO_LOST, "reconnect_due", happens)
    assert HangUp(16) in effects
    assert machine.owned_timers(call.core) == {Timer.HANG_UP}
    assert words in ending_in(call.feed("channel_hung_up", 16)).reason


def test_a_bot_that_has_said_goodbye_is_heard_to_its_end_before_the_call_is_hung_up():
    call = Call()
    assert call.feed_all(*TO_DRAINING) == [DrainPlayout()]
    effects = call.feed("playout_finished")
    assert effects[0] == CloseStream(None)
    assert HangUp(16) in effects
    ending = ending_in(call.feed("channel_hung_up", 16))
    assert ending.reason == "the bot closed the stream (1000 bye)"
    assert (ending.stream_status, ending.disconnected_by) == (StreamStatus.COMPLETED, DisconnectedBy.BOT)


@pytest.mark.parametrize("happens", [("media_lost", 30.0), ("duration_reached",), ("hang_up", "stop")])
def test_a_goodbye_that_is_cut_short_is_still_the_bots(happens):
    call = Call()
    assert HangUp(16) in call.feed_all(*TO_DRAINING, happens)
    assert ending_in(call.feed("channel_hung_up", 16)).disconnected_by is DisconnectedBy.BOT


def test_a_caller_who_does_not_wait_for_the_end_of_the_goodbye_ends_the_call():
    effects = Call().feed_all(*TO_DRAINING, ("digit_pressed", "5", 120), ("channel_hung_up", 16))
    assert ending_in(effects).disconnected_by is DisconnectedBy.BOT


# --- A call that was another gateway's, and one that becomes another's ---------------------------------------------


def test_call_of_a_lost_gateway_is_led_here_while_its_bot_is_reached():
    call = Call()
    effects = call.feed("resume")
    assert effects[0] == TakeOverCall()
    assert effects[-1] == ConnectStream()
    assert call.feed("stream_opened")[-1] == StartStream()


def test_call_that_another_gateway_dialled_is_adopted_until_it_is_answered():
    call = Call()
    assert call.feed("adopt_ringing") == [TakeOverCall(), StartTimer(Timer.RING, 40.0)]
    assert call.feed("channel_answered")[-1] == ConnectStream()


@pytest.mark.parametrize("state", [state for state in PATHS if state not in {"new", "choosing_trunk", "over"}])
def test_call_that_moved_to_another_gateway_is_let_go_without_a_hang_up_or_an_ending(state):
    assert Call().feed_all(*PATHS[state], "moved") == [CloseStream(None), ReleaseCall()]


HERE, ELSEWHERE = ("10.0.0.5", 20000), ("10.0.0.6", 20000)


def announced(leg):
    return MediaAnnounced("c1", "10.0.1.5", 15100, leg)


def listed(leg):
    return SwitchReady(frozenset({"c1"}), {"c1": leg})


@pytest.mark.parametrize("leg", [HERE, None])
def test_audio_that_asterisk_leads_here_is_followed(leg):
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.apply(apply_event, announced(leg), HERE) == [DirectMedia("10.0.1.5", 15100)]


def test_audio_that_asterisk_leads_to_another_gateway_says_that_the_call_moved():
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.apply(apply_event, announced(ELSEWHERE), HERE)[-1] == ReleaseCall()


def test_former_gateways_audio_says_nothing_of_a_call_until_ours_is_announced():
    call = Call()
    call.feed("resume")
    assert call.apply(apply_event, announced(ELSEWHERE), HERE) == []
    assert call.apply(apply_listing, listed(ELSEWHERE), "c1", HERE) == []
    assert call.apply(apply_event, announced(HERE), HERE) == [DirectMedia("10.0.1.5", 15100)]
    assert call.apply(apply_event, announced(ELSEWHERE), HERE)[-1] == ReleaseCall()


def test_list_of_channels_that_lacks_a_calls_channel_ends_it_and_one_that_has_it_does_not():
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.apply(apply_listing, listed(HERE), "c1", HERE) == []
    assert ending_in(call.apply(apply_listing, listed(HERE), "c2", HERE)).disconnected_by is DisconnectedBy.USER


def test_list_of_channels_with_another_gateways_audio_says_that_the_call_moved():
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.apply(apply_listing, listed(ELSEWHERE), "c1", HERE) == [CloseStream(None), ReleaseCall()]


def test_channel_that_another_gateway_has_taken_is_let_go():
    call = Call()
    call.feed_all(*TO_TALKING)
    assert call.apply(apply_event, DigitPressed("c1", "5", 120), HERE) == [SendDigit("5", 120)]
    assert call.apply(apply_event, ChannelTaken("c1"), HERE) == [CloseStream(None), ReleaseCall()]


@pytest.mark.parametrize("state", PATHS)
def test_a_list_of_channels_counts_only_once_asterisk_has_accepted_the_call(state):
    call = Call()
    call.feed_all(*PATHS[state])
    before = {"new", "choosing_trunk", "accepted", "waiting_for_turn", "claiming", "originating"}
    assert machine.has_channel(call.core) is (state not in before)


@pytest.mark.parametrize("state", PATHS)
def test_every_timer_that_a_state_starts_is_its_own(state):
    call, *inputs = Call(), *PATHS[state]
    for item in inputs:
        effects = call.feed_all(item)
        started = {effect.timer for effect in effects if isinstance(effect, StartTimer)}
        assert started <= machine.owned_timers(call.core)


# --- Every pair of state and input ------------------------------------------------------------------------------

INPUTS = {
    "accept": (),
    "arrive": (),
    "resume": (),
    "adopt_ringing": (),
    "abandon": (),
    "trunk_chosen": (0.5,),
    "no_trunk": ("every channel is busy",),
    "dial": (),
    "turn_came": (),
    "claimed": (),
    "originate_queued": (),
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

_BEGINNINGS = {"accept", "arrive", "resume", "adopt_ringing"}
_UNDIALLED = {"abandon", "trunk_chosen", "no_trunk", "dial", "turn_came", "claimed", "refused"}
_CHANNEL = {
    *("originate_queued", "rejected", "channel_dialled", "channel_ringing", "channel_answered", "dial_failed"),
    *("originate_failed", "media_announced", "channel_hung_up", "digit_pressed"),
}
_CLOSE = {"stream_closed", "stream_lost", "bot_finished"}
_STREAM = {"stream_opened", "stream_failed", "playout_finished"} | _CLOSE
_TIMERS = {"ring_timed_out", "handshake_timed_out", "duration_reached", "reconnect_due", "hang_up_timed_out"}
_TALK = _STREAM | {"media_lost"}
_BEFORE = _BEGINNINGS | _UNDIALLED
_DIALLED = _BEFORE | _TALK | _TIMERS - {"ring_timed_out"}
_LOST = _BEFORE | _CLOSE | {"playout_finished"} | _TIMERS - {"duration_reached"}

ILLEGAL = {
    "new": set(INPUTS) - _BEGINNINGS - {"abandon"},
    "choosing_trunk": set(INPUTS) - {"trunk_chosen", "no_trunk"},
    "accepted": set(INPUTS) - {"abandon", "dial", "hang_up", "moved"},
    "waiting_for_turn": set(INPUTS) - {"turn_came", "hang_up", "moved"},
    "claiming": set(INPUTS) - {"claimed", "refused", "hang_up", "moved"},
    "originating": _DIALLED,
    "dialling": _DIALLED | {"originate_queued"},
    "trying": _DIALLED,
    "ringing": _DIALLED,
    "connecting": _LOST - {"handshake_timed_out"},
    "retrying": _LOST - {"handshake_timed_out"},
    "talking": _BEFORE | _STREAM - _CLOSE | _TIMERS - {"duration_reached"},
    "draining": _BEFORE | _STREAM - {"playout_finished"} | _TIMERS - {"duration_reached"},
    "awaiting_originate_response": _BEFORE | _TALK | _TIMERS - {"hang_up_timed_out"},
    "ending": _BEFORE | _TIMERS - {"hang_up_timed_out"},
    "over": _BEGINNINGS | {"trunk_chosen", "no_trunk", "turn_came"} | _TIMERS,
}
_WAITING = (_LOST | {"stream_opened", "stream_failed"}) - {"reconnect_due"}
ILLEGAL |= {state.name: _WAITING for state in machine.BOT_LOST}
ILLEGAL |= {state.name: _LOST - {"handshake_timed_out"} for state in machine.RECONNECTING}


def test_the_lists_of_states_and_inputs_are_complete():
    declared = {name for name, _ in inspect.getmembers(CallInputs, inspect.isfunction) if not name.startswith("_")}
    assert set(INPUTS) == declared
    assert set(PATHS) == set(ILLEGAL) == {state.name for state in machine.STATES}


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("state", PATHS)
def test_every_pair_of_state_and_input_is_defined_or_listed_as_illegal(state, name):
    call = Call()
    call.feed_all(*PATHS[state])
    if name in ILLEGAL[state]:
        with pytest.raises(NoTransition):
            call.feed(name, *INPUTS[name])
    else:
        call.feed(name, *INPUTS[name])
