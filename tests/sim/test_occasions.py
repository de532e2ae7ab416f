import pytest
from twisted.internet.defer import CancelledError

from exoswitch.sim.occasions import Occasions


def results(*deferreds):
    told = []
    for deferred in deferreds:
        deferred.addCallback(told.append)
    return told


def test_events_are_given_once_and_in_order():
    occasions = Occasions()
    for number in range(3):
        occasions.happened(number)
    assert results(occasions.next(), occasions.next()) == [0, 1]
    assert list(occasions) == [2]


def test_a_waiting_deferred_gets_the_next_event():
    occasions = Occasions()
    told = results(occasions.next(), occasions.next())
    occasions.happened("a")
    occasions.happened("b")
    assert told == ["a", "b"]
    assert list(occasions) == []


def test_a_deferred_can_wait_for_one_kind_of_event():
    occasions = Occasions()
    told = results(occasions.next(lambda number: number > 1))
    for number in range(4):
        occasions.happened(number)
    assert told == [2]
    assert list(occasions) == [0, 1, 3]
    assert results(occasions.next(lambda number: number == 3)) == [3]


def test_a_cancelled_deferred_takes_no_event():
    occasions = Occasions()
    waiting = occasions.next()
    waiting.addErrback(lambda failure: failure.trap(CancelledError))
    waiting.cancel()
    occasions.happened("a")
    assert list(occasions) == ["a"]


@pytest.mark.parametrize("happened", [999, 1000, 1500])
def test_the_number_of_kept_events_is_limited(happened):
    occasions = Occasions()
    for number in range(happened):
        occasions.happened(number)
    assert len(list(occasions)) == min(happened, 1000)
