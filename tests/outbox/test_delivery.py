import pytest

from exoswitch.outbox.delivery import LONGEST_PAUSE_S, REFUSALS_MAX, Attempt, Leased, Result, RetryRules

RULES = RetryRules()
HOUR_S = 3600.0


def leased(event="terminal", attempts=0, age_s=0.0):
    return Leased(
        call_sid="c1",
        position=9,
        event=event,
        leg=1,
        account="acme1",
        receiver="acme1 h:80",
        attempts=attempts,
        age_s=age_s,
        document="{}",
    )


def failed(**more):
    return Attempt(result=Result.FAILED, why="it answered with status 503", **more)


def test_delivery_settles_a_callback():
    assert RULES.settle(leased(), Attempt(result=Result.DELIVERED)).state == "delivered"


def test_pauses_are_those_of_exotel_and_then_twice_as_long_each_time():
    minutes = [RULES.pause_s(attempts) / 60 for attempts in range(7)]
    assert minutes == [5, 15, 30, 60, 120, 240, 240]
    assert RULES.pause_s(10**6) == LONGEST_PAUSE_S
    assert RetryRules(first_s=10.0).pause_s(1) == 30.0


def test_callback_is_given_up_after_its_time_and_tried_once_more_just_before():
    last = RULES.settle(leased(attempts=8, age_s=23.5 * HOUR_S), failed())
    assert (last.state, last.pause_s) == ("waiting", 0.5 * HOUR_S)
    given_up = RULES.settle(leased(attempts=9, age_s=24 * HOUR_S), failed())
    assert (given_up.state, given_up.why) == ("failed", "it answered with status 503")


@pytest.mark.parametrize(("asked", "kept"), [(30.0, 30.0), (0.0, 10.0), (10**9, HOUR_S)])
def test_wish_of_the_receiver_is_honoured_within_bounds(asked, kept):
    assert RULES.settle(leased(), failed(retry_after_s=asked)).pause_s == kept


def test_event_that_a_receiver_does_not_want_makes_way_for_the_end_of_the_call():
    refused = Attempt(result=Result.REFUSED, why="it answered with status 404")
    states = [RULES.settle(leased("answered", attempts), refused).state for attempts in range(REFUSALS_MAX)]
    assert states == ["waiting", "waiting", "failed"]
    assert RULES.settle(leased("terminal", REFUSALS_MAX), refused).state == "waiting"
    assert RULES.settle(leased("answered", REFUSALS_MAX), failed()).state == "waiting"


def test_key_is_the_same_in_each_attempt():
    assert leased().key == leased(attempts=5, age_s=9.0).key == "c1-terminal-1"
