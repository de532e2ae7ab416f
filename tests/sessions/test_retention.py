"""Old calls are deleted by a clock that is believable."""

from exoswitch.sessions.retention import Retention
from tests.harness.sessions import MOMENT

DAY_S = 86_400.0


def retention(newest=MOMENT, wall=MOMENT, monotonic=100.0):
    made = Retention(365 * DAY_S)
    made.anchor(newest, wall, monotonic)
    return made


def test_calls_are_kept_for_their_time_by_the_wall_clock():
    assert retention().keep_from(MOMENT + DAY_S, 100.0) == MOMENT - 364 * DAY_S


def test_clock_that_starts_ahead_deletes_at_most_a_week_too_much():
    made = retention(wall=MOMENT + 400 * DAY_S)
    assert made.keep_from(MOMENT + 400 * DAY_S, 100.0) == MOMENT - 358 * DAY_S


def test_clock_that_leaps_ahead_deletes_at_most_a_week_too_much():
    made = retention()
    assert made.keep_from(MOMENT + 401 * DAY_S, 100.0 + DAY_S) == MOMENT - 357 * DAY_S


def test_clock_that_is_behind_deletes_less():
    assert retention().keep_from(0.0, 100.0) == -365 * DAY_S


def test_without_calls_the_wall_clock_counts():
    made = retention(newest=None, wall=MOMENT + 400 * DAY_S)
    assert made.now(MOMENT + 401 * DAY_S, 100.0 + DAY_S) == MOMENT + 401 * DAY_S
