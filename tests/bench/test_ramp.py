import pytest

from exoswitch.bench.ramp import Ramp


def tried(most, *, core=0.0, late=()):
    """Give the numbers that a ramp tries on a machine that carries `most` calls, and `core` in a whole core."""
    ramp, numbers = Ramp(), []
    for calls in iter(ramp.next, None):
        is_sure = len(numbers) not in late
        numbers.append(calls)
        cpu = calls / core if core else 0.0
        ramp.tried(calls, is_good=is_sure and calls <= most, cpu=cpu, is_sure=is_sure)
    return numbers, ramp.good


def test_the_number_of_calls_grows_by_what_they_cost():
    numbers, _ = tried(900, core=1000)
    assert numbers[:3] == [100, 400, 900]


def test_a_number_that_costs_little_does_not_grow_more_than_four_times():
    numbers, _ = tried(10**9, core=10**6)
    assert numbers == [100, 400, 1600, 6400, 10_000]


def test_after_too_many_calls_the_gap_is_halved_until_it_is_small():
    numbers, good = tried(730, core=1000)
    assert numbers == [100, 400, 900, 650, 770, 710]
    assert good == 710


def test_a_machine_that_carries_nothing_ends_the_ramp():
    assert tried(0) == ([100, 50, 20, 10], 0)


@pytest.mark.parametrize("most", [1, 37, 99, 101, 555, 1234, 5678, 10**9])
@pytest.mark.parametrize("spare", [0.0, 1.0, 1.3, 10.0])
def test_a_ramp_ends_soon_and_near_the_most_on_any_machine(most, spare):
    numbers, good = tried(most, core=spare * most)
    assert len(numbers) <= 10
    assert good == max([calls for calls in numbers if calls <= most], default=0)
    assert good >= min(10_000, most) * 0.85 - 10


def test_a_number_that_was_too_many_for_a_late_load_is_tried_once_more():
    assert tried(900, core=1000, late={0})[0][:4] == [100, 100, 400, 900]
    assert tried(900, late={0, 1})[0][:3] == [100, 100, 50]
