"""Which connections are accepted, and which make room."""

import pytest

from exoswitch.web.admission import SPARED_S, Admission
from exoswitch.web.limits import ConnectionLimits

LIMITS = ConnectionLimits(total=4, per_address=2, trusted_proxies=frozenset({"10.0.0.9"}))


@pytest.fixture
def admission():
    return Admission(LIMITS)


def fill(admission, *addresses):
    for number, address in enumerate(addresses):
        admission.add(number, address, now=number * 10.0)


def test_there_is_room_up_to_the_limit_of_an_address_and_of_all(admission):
    fill(admission, "a", "a", "b")
    assert (admission.is_full("a"), admission.is_full("b")) == (True, False)
    admission.add("x", "c", 40.0)
    assert (admission.is_full("b"), admission.is_full("new")) == (True, True)
    admission.remove("x")
    assert (len(admission), admission.is_full("b")) == (3, False)


def test_a_proxy_has_no_limit_of_its_own(admission):
    fill(admission, "10.0.0.9", "10.0.0.9", "10.0.0.9")
    assert not admission.is_full("10.0.0.9")


def test_an_address_makes_room_for_itself_and_not_at_the_cost_of_others(admission):
    fill(admission, "b", "a", "a")
    assert admission.in_the_way("a", now=100.0) == 1


def test_when_all_connections_are_taken_the_longest_waiting_one_makes_room(admission):
    fill(admission, "b", "a", "a", "c")
    assert admission.in_the_way("new", now=100.0) == 0
    admission.waiting(0, now=50.0)
    assert admission.in_the_way("new", now=100.0) == 1


def test_a_connection_that_is_answered_or_new_is_spared(admission):
    fill(admission, "a", "a")
    admission.answering(0)
    assert admission.in_the_way("a", now=10.0 + SPARED_S / 2) is None
    assert admission.in_the_way("a", now=10.0 + SPARED_S) == 1
    admission.answering(1)
    assert admission.in_the_way("a", now=100.0) is None


def test_a_connection_that_is_gone_is_not_remembered(admission):
    fill(admission, "a")
    admission.remove(0)
    admission.remove(0)
    admission.waiting(0, now=1.0)
    assert admission.in_the_way("a", now=100.0) is None
    assert len(admission) == 0
