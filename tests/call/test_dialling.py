"""A trunk that fails before the phone rings is followed by the next one, within the same call."""

import pytest

from exoswitch.call.attempts import Health
from exoswitch.call.effects import (
    ChooseTrunk,
    ClaimCall,
    CloseStream,
    EndAttempt,
    HangUp,
    Originate,
    QualifyTrunk,
    RecordEnding,
    ReleaseCall,
    ReportAnswer,
    ReportSign,
    StartTimer,
    TakeTurnAgain,
    Timer,
    WaitForTurn,
)
from exoswitch.call.feeding import ENDED_UNSEEN, MOST_MISSED_TURNS, apply_claim, apply_turn
from exoswitch.call.session import CallStatus
from tests.harness.call_machine import (
    FIRST,
    PATHS,
    REFUSED,
    SECOND,
    TO_ACCEPTED,
    TO_CLAIMING,
    TO_FIRST_DIALLED,
    TO_FIRST_TRYING,
    TO_RINGING,
    Call,
    ending_in,
)

BY_US = ("channel_hung_up", 19, 480, False)
GUARD = StartTimer(Timer.POST_DIAL, 6.4)
TO_SECOND_TRYING = (
    *(*TO_FIRST_TRYING, *REFUSED, ("trunk_chosen", SECOND), "turn_came", "originate_queued", "channel_dialled"),
)


def outcome(effects):
    """Give what is told of the attempt's trunk, and whether another one is asked for."""
    (ended,) = [effect for effect in effects if isinstance(effect, EndAttempt)]
    return ended.verdict.health, ChooseTrunk() in effects


# --- Another trunk -----------------------------------------------------------------------------------------------


def test_refusal_by_the_trunk_is_followed_by_the_next_trunk_without_a_new_claim():
    call = Call()
    effects = call.feed_all(*TO_FIRST_TRYING, *REFUSED)
    assert outcome(effects) == (Health.STRONG, True)
    assert not [effect for effect in effects if isinstance(effect, RecordEnding | ReleaseCall)]
    assert call.feed("trunk_chosen", SECOND) == [WaitForTurn()]
    effects = call.feed("turn_came", 1.0)
    assert effects[0] == Originate(40.0)
    assert StartTimer(Timer.POST_DIAL, 4.0) in effects
    assert call.feed_all("originate_queued", "channel_dialled", "channel_ringing", "channel_answered")
    assert call.state == "connecting"


def test_refusal_is_judged_whichever_of_hang_up_and_originates_answer_comes_first():
    for events in (REFUSED, tuple(reversed(REFUSED))):
        assert outcome(Call().feed_all(*TO_FIRST_TRYING, *events)) == (Health.STRONG, True)


@pytest.mark.parametrize(
    ("sip_status", "cause", "status"), [(486, 17, "busy"), (404, 1, "failed"), (603, 21, "busy")]
)
def test_answer_of_the_phone_or_the_network_is_final(sip_status, cause, status):
    effects = Call().feed_all(*TO_FIRST_TRYING, ("originate_failed", 0), ("channel_hung_up", cause, sip_status, True))
    assert ending_in(effects).status.value == status


def test_phone_that_rang_is_never_rung_a_second_time():
    rang = (*TO_FIRST_TRYING, "channel_ringing")
    for events in (REFUSED, tuple(reversed(REFUSED))):
        call = Call()
        effects = []
        for event in (*rang, *events):
            effects += call.feed_all(event)
        assert effects.count(ChooseTrunk()) == 1
        assert call.state == "over"


def test_no_channel_is_the_trunks_fault_and_the_next_one_is_tried_at_once():
    call = Call()
    effects = call.feed_all(*TO_FIRST_DIALLED, ("originate_failed", 0))
    assert effects == [QualifyTrunk(), StartTimer(Timer.HANG_UP, 0.25)]
    assert outcome(call.feed("hang_up_timed_out")) == (Health.STRONG, True)


def test_480_at_once_tries_the_next_trunk_but_only_once_in_a_call():
    call = Call()
    call.elapsed_s = 0.3
    gone = (("originate_failed", 0), ("channel_hung_up", 19, 480, True))
    assert outcome(call.feed_all(*TO_FIRST_TRYING, *gone)) == (Health.WEAK, True)
    call.feed_all(("trunk_chosen", SECOND), "turn_came", "originate_queued", "channel_dialled")
    ending = ending_in(call.feed_all(*gone))
    assert ending.status is CallStatus.NO_ANSWER


def test_answer_about_the_phone_outranks_the_failure_of_the_next_trunk():
    call = Call()
    call.elapsed_s = 0.3
    call.feed_all(*TO_FIRST_TRYING, ("originate_failed", 0), ("channel_hung_up", 19, 480, True))
    call.feed_all(("trunk_chosen", SECOND), "turn_came", "originate_queued", "channel_dialled", *REFUSED)
    ending = ending_in(call.feed("no_trunk", "every trunk is full"))
    assert (ending.status, ending.cause) == (CallStatus.NO_ANSWER, 19)
    assert ending.reason.startswith("not answered on trunk second (10.9.0.2:5060): the trunk has no free line")
    assert "no other trunk: every trunk is full" in ending.reason
    assert ending.reason.endswith("; before: not answered on trunk first (10.9.0.1:5060): "
                                  "the phone cannot be reached now (SIP 480)")  # fmt: skip


def test_end_names_the_last_trunk_and_why_the_earlier_ones_failed():
    effects = Call().feed_all(*TO_SECOND_TRYING, ("originate_failed", 0), ("channel_hung_up", 17, 486, True))
    assert ending_in(effects).reason == (
        "not answered on trunk second (10.9.0.2:5060): the phone is busy (SIP 486); "
        "before: not answered on trunk first (10.9.0.1:5060): the trunk has no free line, or too many calls (SIP 503)"
    )


# --- Limits ------------------------------------------------------------------------------------------------------


def test_no_more_trunks_are_tried_than_allowed():
    call = Call(attempts=2)
    effects = call.feed_all(*TO_SECOND_TRYING, *REFUSED)
    assert outcome(effects) == (Health.STRONG, False)
    assert ending_in(effects).status is CallStatus.FAILED


def test_no_other_trunk_is_tried_once_the_budget_is_spent():
    call = Call()
    call.spent_s = 15.0
    assert outcome(call.feed_all(*TO_FIRST_TRYING, *REFUSED)) == (Health.STRONG, False)


def test_call_that_cannot_use_another_trunk_does_not_leave_a_silent_one():
    to_claiming = ("accept", ("trunk_chosen", FIRST), "dial", "turn_came")
    assert GUARD in Call().feed_all(*to_claiming, "claimed")
    assert GUARD not in Call(attempts=1).feed_all(*to_claiming, "claimed")
    assert GUARD not in Call(budget_s=6.4).feed_all(*to_claiming, "claimed")
    assert GUARD not in Call().feed_all(*TO_CLAIMING, "claimed")  # This trunk is the only one.
    again = (*TO_FIRST_TRYING, *REFUSED, ("trunk_chosen", FIRST))
    assert GUARD not in Call().feed_all(*again, ("turn_came", 8.6))
    assert GUARD in Call().feed_all(*again, ("turn_came", 8.5))


# --- A silent trunk ----------------------------------------------------------------------------------------------


def test_silent_trunk_is_left_once_its_channel_has_ended():
    call = Call()
    effects = call.feed_all(*TO_FIRST_TRYING, "post_dial_timed_out")
    assert effects == [HangUp(16), QualifyTrunk(), StartTimer(Timer.HANG_UP, 5.0)]
    assert outcome(call.feed_all(BY_US)) == (Health.STRONG, True)


def test_silent_trunk_whose_originate_fails_without_a_channel_is_left_soon():
    call = Call()
    effects = call.feed_all(*TO_FIRST_DIALLED, "post_dial_timed_out", ("originate_failed", 1))
    assert StartTimer(Timer.HANG_UP, 0.25) in effects
    assert outcome(call.feed("hang_up_timed_out")) == (Health.STRONG, True)


@pytest.mark.parametrize("happens", ["channel_ringing", "channel_answered"])
def test_phone_that_rings_while_its_trunk_is_given_up_is_not_rung_again(happens):
    call = Call()
    assert call.feed_all(*TO_FIRST_TRYING, "post_dial_timed_out", happens) == [ReportSign()]
    effects = call.feed_all(("originate_failed", 1), ("channel_hung_up", 16, 487, True))
    assert ending_in(effects).status is CallStatus.NO_ANSWER


def test_refusal_that_crosses_our_cancel_counts():
    call = Call()
    call.feed_all(*TO_FIRST_TRYING, "post_dial_timed_out")
    assert ending_in(call.feed_all(("channel_hung_up", 17, 486, True))).status is CallStatus.BUSY


def test_silent_trunk_that_may_still_have_the_call_is_not_followed_by_another():
    effects = Call().feed_all(*TO_FIRST_TRYING, "post_dial_timed_out", "hang_up_timed_out")
    assert ChooseTrunk() not in effects
    ending = ending_in(effects)
    assert ending.status is CallStatus.FAILED
    assert "never said that the phone rang" in ending.reason


@pytest.mark.parametrize("state", ["trying", "giving_trunk_up", "awaiting_hang_up"])
def test_end_that_nobody_saw_is_not_followed_by_another_trunk(state):
    call = Call()
    paths = {
        "trying": TO_FIRST_TRYING,
        "giving_trunk_up": (*TO_FIRST_TRYING, "post_dial_timed_out"),
        "awaiting_hang_up": (*TO_FIRST_TRYING, ("originate_failed", 0)),
    }
    effects = call.feed_all(*paths[state], ("channel_hung_up", ENDED_UNSEEN))
    if state == "trying":
        effects = call.feed("hang_up_timed_out")
    assert ChooseTrunk() not in effects
    assert ending_in(effects).status is CallStatus.FAILED


def test_end_that_asterisk_tells_without_a_cause_is_followed_by_another_trunk():
    """Asterisk 22.10 does so for some redirections (302), without HangupRequest."""
    effects = Call().feed_all(*TO_FIRST_TRYING, ("channel_hung_up", 0, None, False), ("originate_failed", 0))
    assert outcome(effects) == (Health.WEAK, True)


def test_asterisks_own_time_out_is_the_trunks_silence():
    effects = Call().feed_all(*TO_FIRST_TRYING, BY_US, "hang_up_timed_out")
    assert outcome(effects) == (Health.STRONG, True)
    effects = Call().feed_all(*TO_FIRST_TRYING, ("originate_failed", 3), BY_US)
    assert outcome(effects) == (Health.STRONG, True)


def test_ring_time_counts_from_the_ringing():
    call = Call()
    assert StartTimer(Timer.RING, 30.0) in call.feed_all(*TO_RINGING)
    effects = call.feed("ring_timed_out")
    assert HangUp(16) in effects
    ending = ending_in(call.feed_all(("channel_hung_up", 16, 487, False)))
    assert (ending.status, ending.reason) == (CallStatus.NO_ANSWER, "not answered: the phone rang for 30 s")


# --- A turn that is missed ----------------------------------------------------------------------------------------


def test_turn_that_passed_while_the_call_was_claimed_is_taken_anew_without_another_claim():
    call = Call()
    call.feed_all(*TO_CLAIMING)
    assert call.apply(apply_claim, 0.02) == [TakeTurnAgain()]
    assert call.feed("trunk_chosen", FIRST) == [WaitForTurn()]
    assert call.apply(apply_turn, 0.011, 0.0) == [TakeTurnAgain()]
    call.feed("trunk_chosen", FIRST)
    assert call.apply(apply_turn, 0.01, 0.0)[0] == Originate(40.0)


def test_early_claim_waits_for_the_turn():
    call = Call()
    call.feed_all(*TO_CLAIMING)
    assert call.apply(apply_claim, -0.2) == [WaitForTurn()]
    assert call.apply(apply_turn, 0.0, 0.0)[0] == Originate(40.0)


def test_punctual_claim_dials():
    call = Call()
    call.feed_all(*TO_ACCEPTED, "dial")
    assert call.apply(apply_turn, 5.0, 0.0) == [ClaimCall()]  # The claim takes time, too: it is looked at afterwards.
    assert call.apply(apply_claim, 0.01)[0] == Originate(40.0)


def test_gateway_whose_every_turn_is_late_dials_all_the_same():
    call = Call()
    call.feed_all(*TO_CLAIMING)
    call.apply(apply_claim, 1.0)
    for _ in range(MOST_MISSED_TURNS - 1):
        call.feed("trunk_chosen", FIRST)
        assert call.apply(apply_turn, 1.0, 0.0) == [TakeTurnAgain()]
    call.feed("trunk_chosen", FIRST)
    assert call.apply(apply_turn, 1.0, 0.0)[0] == Originate(40.0)


def test_call_that_gets_no_other_turn_is_not_placed():
    ending = ending_in(Call().feed_all(*PATHS["choosing_again"], ("no_trunk", "every trunk is full")))
    assert (ending.status, ending.reason) == (CallStatus.FAILED, "every trunk is full")


# --- The end from outside ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["choosing_again", "waiting_again"])
def test_call_that_is_hung_up_between_two_trunks_is_canceled(state):
    ending = ending_in(Call().feed_all(*PATHS[state], ("hang_up", "the gateway stopped")))
    assert (ending.status, ending.reason) == (CallStatus.CANCELED, "the gateway stopped")


@pytest.mark.parametrize(
    "path",
    [
        (*TO_FIRST_TRYING, "post_dial_timed_out", ("hang_up", "stop"), ("channel_hung_up", 19, 480, False)),
        (*TO_FIRST_TRYING, ("originate_failed", 0), ("hang_up", "stop"), ("channel_hung_up", 34, 503, True)),
        (*TO_FIRST_TRYING, ("channel_hung_up", 34, 503, True), ("hang_up", "stop"), ("originate_failed", 0)),
    ],
)
def test_call_that_is_hung_up_while_an_attempt_ends_uses_no_other_trunk(path):
    effects = Call().feed_all(*path)
    assert ChooseTrunk() not in effects
    assert ending_in(effects).status is CallStatus.FAILED


def test_call_that_moved_while_it_chooses_another_trunk_is_let_go():
    effects = Call().feed_all(*TO_FIRST_TRYING, *REFUSED, "moved")
    assert effects == [CloseStream(None), ReleaseCall(is_elsewhere=True)]


def test_trunk_is_told_once_that_the_phone_rings_and_once_that_it_is_answered():
    call, effects = Call(), []
    for item in (*TO_FIRST_TRYING, "channel_ringing", "channel_ringing", "channel_answered"):
        effects += call.feed_all(item)
    assert (effects.count(ReportSign()), effects.count(ReportAnswer())) == (1, 1)
    call, effects = Call(), []
    for item in (*TO_FIRST_TRYING, "channel_answered"):
        effects += call.feed_all(item)
    assert (effects.count(ReportSign()), effects.count(ReportAnswer())) == (1, 1)
