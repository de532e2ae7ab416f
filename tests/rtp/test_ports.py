"""The ports of calls, and their quarantine."""

import pytest

from exoswitch.errors import NoCapacity
from exoswitch.rtp.ports import PortPool


@pytest.fixture
def pool():
    return PortPool(range(20_000, 20_003), quarantine_s=5.0)


def test_every_port_is_given_once(pool):
    assert [pool.take(0.0) for _ in range(3)] == [20_000, 20_001, 20_002]
    assert len(pool) == 3


def test_with_all_ports_taken_the_error_says_how_many_and_which(pool):
    for _ in range(3):
        pool.take(0.0)
    with pytest.raises(NoCapacity, match=r"all 3 RTP ports from 20000 to 20002 .* 3 taken, 0 waiting"):
        pool.take(0.0)


def test_a_port_is_in_quarantine_before_it_is_given_again(pool):
    for _ in range(3):
        pool.take(0.0)
    pool.give_back(20_001, 10.0)
    with pytest.raises(NoCapacity):
        pool.take(14.9)
    assert pool.take(15.0) == 20_001


def test_the_port_that_has_been_free_for_longest_goes_first(pool):
    pool.give_back(pool.take(0.0), 0.0)
    assert [pool.take(100.0) for _ in range(3)] == [20_001, 20_002, 20_000]


def test_giving_a_port_back_twice_has_no_further_effect(pool):
    port = pool.take(0.0)
    pool.give_back(port, 0.0)
    pool.give_back(port, 0.0)
    pool.give_back(999, 0.0)
    taken = [pool.take(5.0) for _ in range(3)]
    assert sorted(taken) == [20_000, 20_001, 20_002]
