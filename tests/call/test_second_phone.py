"""The machine of a call between two phones: what it asks for, and how it ends."""

import pytest

from exoswitch.call import effects as fx
from exoswitch.call.core import Role
from exoswitch.call.effects import Timer
from exoswitch.call.events import ChannelAnswered
from exoswitch.call.feeding import apply_event
from exoswitch.call.session import CallStatus, DisconnectedBy, StreamStatus
from tests.harness.call_machine import (
    BUSY,
    HUNG_UP,
    PATHS,
    TO_BRIDGED,
    TO_RINGING,
    TO_SECOND,
    Call,
    ending_in,
)

OURS, THEIRS = ("channel_hung_up", 16, None, True), ("channel_hung_up", 16, None, False)


@pytest.mark.parametrize(
    ("role", "state"),
    [(Role.BOT, "connecting"), (Role.FIRST, "dialling_second"), (Role.SECOND, "joined")],
)
def test_answer_means_what_the_phone_is_to_be_connected_to(role, state):
    call = Call()
    call.core.role = role
    call.feed_all(*TO_RINGING)
    call.apply(apply_event, ChannelAnswered("sid1"), None)
    assert call.state == state


def test_first_phone_waits_while_the_second_one_is_dialled():
    effects = Call().feed_all(*TO_SECOND)
    assert effects[-2:] == [fx.HoldCaller(), fx.DialSecond()]
    assert fx.RecordProgress(CallStatus.IN_PROGRESS) in effects
    assert fx.StartTimer(Timer.DURATION, 3600.0) in effects


def test_second_phone_talks_as_soon_as_it_is_answered():
    effects = Call().feed_all(*TO_RINGING, "second_answered")
    assert effects == [
        fx.ReportAnswer(),
        fx.RecordProgress(CallStatus.IN_PROGRESS),
        fx.StartTimer(Timer.DURATION, 3600.0),
    ]


def test_port_is_given_back_once_the_two_are_connected():
    assert Call().feed_all(*TO_BRIDGED) == [fx.ReleaseMedia()]


@pytest.mark.parametrize(("hang_up", "which"), [(OURS, "first"), (THEIRS, "second")])
def test_call_is_over_after_both_phones_whichever_hung_up(hang_up, which):
    call = Call()
    assert fx.ReleaseCall() not in call.feed_all(*TO_BRIDGED, hang_up)
    ending = ending_in(call.feed("second_over", HUNG_UP))
    assert ending.reason.startswith(f"the {which} phone hung up")
    assert ending.disconnected_by is DisconnectedBy.USER


def test_call_whose_second_phone_ends_first_is_hung_up_and_then_over():
    call = Call()
    assert fx.HangUp(16) in call.feed_all(*TO_BRIDGED, ("second_over", HUNG_UP))
    assert ending_in(call.feed(*THEIRS)) == HUNG_UP


def test_second_phone_that_is_busy_ends_a_completed_call_with_its_reason():
    call = Call()
    assert fx.HangUp(16) in call.feed_all(*TO_SECOND, ("second_over", BUSY))
    ending = ending_in(call.feed(*THEIRS))
    assert (ending.status, ending.cause) == (CallStatus.COMPLETED, BUSY.cause)
    assert ending.reason == f"the second phone was not reached: {BUSY.reason}"


def test_second_phone_is_hung_up_when_the_first_one_gives_up():
    call = Call()
    assert fx.HangUpSecond("the first phone hung up") in call.feed_all(*TO_SECOND, OURS)
    ending = ending_in(call.feed("second_over", BUSY))
    assert ending.reason.startswith("the first phone hung up before the second one was answered")


@pytest.mark.parametrize("path", [TO_SECOND, TO_BRIDGED])
@pytest.mark.parametrize("order", [(THEIRS, ("second_over", HUNG_UP)), (("second_over", HUNG_UP), THEIRS)])
def test_hang_up_ends_both_phones_in_any_order(path, order):
    call = Call()
    effects = call.feed_all(*path, ("hang_up", "by request"))
    assert effects[1:3] == [fx.HangUp(16), fx.HangUpSecond("by request")]
    assert not [effect for effect in call.feed(*order[0]) if isinstance(effect, fx.ReleaseCall)]
    assert ending_in(call.feed(*order[1])).reason == "by request"


@pytest.mark.parametrize("path", [TO_SECOND, TO_BRIDGED])
def test_call_is_no_longer_than_it_may_be(path):
    call = Call()
    assert fx.HangUp(16) in call.feed_all(*path, "duration_reached")
    call.feed(*THEIRS)
    assert ending_in(call.feed("second_over", HUNG_UP)).reason == "the call reached its limit of 3600 s"


@pytest.mark.parametrize("inputs", [("hang_up_timed_out",), (THEIRS, "hang_up_timed_out")])
def test_call_is_over_in_the_end_although_nothing_more_is_heard(inputs):
    assert ending_in(Call().feed_all(*TO_BRIDGED, ("hang_up", "by request"), *inputs)).reason == "by request"


def test_person_who_talked_to_a_bot_is_connected_with_a_phone_and_the_streams_end_is_kept():
    call = Call()
    call.feed_all(*PATHS["choosing_hop"])
    effects = call.feed("dial_second", "+919812345611")
    assert effects == [fx.CloseStream(None), fx.HoldCaller(), fx.DialSecond("+919812345611")]
    call.feed_all("second_joined", OURS)
    ending = ending_in(call.feed("second_over", HUNG_UP))
    assert ending.reason.startswith("the first phone hung up")
    assert (ending.stream_status, ending.disconnected_by) == (StreamStatus.COMPLETED, DisconnectedBy.BOT)


@pytest.mark.parametrize(("begin", "state"), [("resume_first", "dialling_second"), ("resume_second", "joined")])
def test_phones_of_another_gateway_go_on_where_they_are(begin, state):
    call = Call(spent_s=600.0)
    effects = call.feed(begin)
    assert effects[:3] == [
        fx.TakeOverCall(),
        fx.RecordProgress(CallStatus.IN_PROGRESS),
        fx.StartTimer(Timer.DURATION, 3000.0),
    ]
    assert (call.state, fx.DialSecond() in effects) == (state, begin == "resume_first")


def test_phone_that_was_answered_while_its_gateway_was_dying_is_joined():
    assert Call().feed_all("adopt_ringing", "second_answered")[-1] == fx.StartTimer(Timer.DURATION, 3600.0)
