"""The clock of Redis as this process sees it: exact to the quickest answer, whatever the others took."""

from hypothesis import given
from hypothesis.strategies import integers, lists

from exoswitch.fleet.redis.server_clock import PERIOD_US, STEP_US, ServerClock

OFFSET_US = 1_700_000_000_000_000


def heard(clock, local_us, way_us, offset=OFFSET_US):
    """Hear an answer that was some time under way."""
    clock.heard(local_us - way_us + offset, local_us)


def test_own_clock_counts_before_anything_was_heard():
    assert ServerClock().now_us(5) == 5


@given(lists(integers(min_value=100, max_value=STEP_US), min_size=1, max_size=50))
def test_error_is_that_of_the_quickest_answer_and_never_in_advance(ways):
    clock = ServerClock()
    for number, way in enumerate(ways):
        heard(clock, 1000 * number, way)
    assert clock.now_us(99_000) == 99_000 + OFFSET_US - min(ways)


def test_quick_answer_is_forgotten_after_twenty_seconds_because_clocks_drift():
    clock = ServerClock()
    heard(clock, 0, 100)
    for period in range(1, 4):
        heard(clock, period * (PERIOD_US + 1), 300)
    assert clock.now_us(0) == OFFSET_US - 300


def test_clock_that_is_put_forward_is_followed_at_once():
    clock = ServerClock()
    heard(clock, 0, 100)
    heard(clock, 1000, 100, OFFSET_US + 7_000_000)
    assert clock.now_us(1000) == 1000 + OFFSET_US + 7_000_000 - 100


def test_clock_that_is_put_back_is_followed_at_once():
    clock = ServerClock()
    heard(clock, 0, 100)
    heard(clock, 1000, 100, OFFSET_US - 7_000_000)
    assert clock.now_us(1000) == 1000 + OFFSET_US - 7_000_000 - 100
