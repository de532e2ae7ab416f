"""The pace of a trunk: evenly spaced turns, which late dials do not spoil."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, lists

from exoswitch.call.feeding import LATE_S
from exoswitch.fleet.trunks.pace import AHEAD_MAX_US, GUARD, Pace, microseconds, spacing_us

NOW_US = 1_700_000_000_000_000
WAY_US = 6000
DAY_US = 86_400_000_000


def turns(pace, cps, gaps_us):
    """Give the times of turns that are asked for after these gaps."""
    now, spacing, times = NOW_US, spacing_us(cps), []
    for gap in gaps_us:
        now += gap
        wait = pace.wait_us(spacing, DAY_US, 0, now)
        pace.take(wait, spacing, now)
        times.append(now + wait)
    return times


@given(
    floats(min_value=0.05, max_value=200),
    lists(integers(min_value=0, max_value=2_000_000), min_size=2, max_size=400),
    lists(integers(min_value=0, max_value=round(LATE_S * 1e6) + WAY_US), min_size=1, max_size=50),
)
def test_no_sliding_second_has_more_dials_than_the_limit_even_if_they_are_late(cps, gaps, delays):
    times = [turn + delays[at % len(delays)] for at, turn in enumerate(turns(Pace(), cps, gaps))]
    limit = ceil(cps)
    times.sort()
    assert all(later - first >= 1_000_000 for first, later in zip(times, times[limit:], strict=False))


@pytest.mark.parametrize("cps", [0.1, 3.3, 10.0, 100.0])
def test_busy_trunk_reaches_98_per_cent_of_its_limit(cps):
    times = turns(Pace(), cps, 1000 * [0])
    assert 999 / ((times[-1] - times[0]) / 1e6) >= 0.98 * cps
    assert GUARD < 1 / 0.98


def test_turn_that_was_set_before_the_clock_was_put_back_does_not_count():
    pace = Pace(next_turn_us=NOW_US + DAY_US)
    assert pace.wait_us(spacing_us(10), microseconds(5), 0, NOW_US) == 0


def test_furthest_turn_counts():
    pace = Pace()
    pace.hold(AHEAD_MAX_US, NOW_US)
    assert pace.wait_us(spacing_us(10), microseconds(5), 0, NOW_US) is None
    assert pace.wait_us(spacing_us(10), AHEAD_MAX_US, 0, NOW_US) == AHEAD_MAX_US


def test_turn_that_is_held_too_far_ahead_does_not_count():
    pace = Pace()
    pace.hold(10 * AHEAD_MAX_US, NOW_US)
    assert pace.wait_us(spacing_us(10), microseconds(5), 0, NOW_US) == 0
