"""The ticker, on a test's clock."""

from itertools import groupby

import pytest
from twisted.internet.task import Clock

from exoswitch.rtp.ticker import Ticker


class Ticked:
    """A ticker, and the times of its ticks."""

    def __init__(self):
        self.clock = Clock()
        self.clock.advance(1000.003)
        self.instants = []
        self.work_s = 0.0
        self.ticker = Ticker(self.clock, self.tick)

    def tick(self, now):
        self.instants.append(now)
        self.clock.rightNow += self.work_s

    def stall(self, seconds):
        """Let time pass without a turn of the reactor, then run one turn."""
        self.clock.rightNow += seconds
        self.clock.advance(0)


@pytest.fixture
def ticked():
    ticked = Ticked()
    ticked.ticker.start()
    return ticked


def test_the_ticker_ticks_every_20_ms_from_its_start(ticked):
    ticked.clock.pump([0.001] * 101)
    assert ticked.instants == [pytest.approx(1000.003 + 0.02 * n, abs=0.0011) for n in range(1, 6)]


def test_the_ticker_does_not_drift_for_any_duration_of_the_work(ticked):
    ticked.work_s = 0.003
    for _ in range(50 * 60):
        ticked.clock.advance(0.02 - 0.003)
        ticked.clock.advance(0)
    elapsed = ticked.clock.seconds() - 1000.003
    assert abs(ticked.ticker.ticks - elapsed / 0.02) <= 1
    assert ticked.ticker.skipped == 0


def test_late_ticks_are_made_up_for(ticked):
    ticked.stall(0.085)
    assert len(ticked.instants) == 4
    ticked.clock.advance(0.0151)
    assert len(ticked.instants) == 5
    assert ticked.ticker.skipped == 0


def test_ticks_beyond_100_ms_are_skipped_and_counted(ticked):
    ticked.stall(1.001)
    assert len(ticked.instants) == 5
    assert ticked.ticker.skipped == 45
    ticked.clock.advance(0.02)
    assert len(ticked.instants) == 6


def test_the_reactor_has_its_turns_with_too_much_work():
    """The test's clock runs all due calls, so the work must end; another due call counts the turns."""
    clock, turns = Clock(), []

    def work(now):
        turns.append("tick")
        clock.rightNow += 0.05 if len(turns) < 200 else 0.0

    def other():
        turns.append("other")
        if len(turns) < 200:
            clock.callLater(0, other)

    ticker = Ticker(clock, work)
    ticker.start()
    clock.callLater(0.02, other)
    clock.advance(0.02)
    assert max(len(list(run)) for kind, run in groupby(turns) if kind == "tick") <= 5
    assert turns.count("other") > 20
    assert ticker.skipped > 0


def test_an_error_in_the_work_is_logged_and_ticking_continues(logged_failures):
    clock, turns = Clock(), []

    def work(now):
        turns.append(now)
        if len(turns) == 1:
            raise ZeroDivisionError

    ticker = Ticker(clock, work)
    ticker.start()
    clock.pump([0.02] * 3)
    assert (len(turns), ticker.failures) == (3, 1)
    assert [event["log_failure"].type for event in logged_failures] == [ZeroDivisionError]
    logged_failures.clear()


def test_after_the_stop_no_timer_is_left(ticked):
    ticked.clock.advance(0.02)
    ticked.ticker.stop()
    ticked.ticker.stop()
    assert ticked.clock.getDelayedCalls() == []


def test_the_ticker_can_be_stopped_within_a_tick():
    clock, turns = Clock(), []
    ticker = Ticker(clock, lambda now: (turns.append(now), ticker.stop()))
    ticker.start()
    clock.advance(0.1)
    assert len(turns) == 1
    assert clock.getDelayedCalls() == []


def test_the_ticker_can_be_started_again(ticked):
    ticked.clock.advance(0.02)
    ticked.ticker.stop()
    ticked.clock.advance(5)
    ticked.ticker.start()
    ticked.clock.advance(0.02)
    assert (ticked.ticker.ticks, ticked.ticker.skipped) == (2, 0)


def test_lateness_is_reported_in_ms(ticked):
    ticked.clock.advance(0.001)
    for _ in range(99):
        ticked.clock.advance(0.02)
    ticked.stall(0.032)
    lateness = ticked.ticker.lateness()
    assert lateness.p50_ms == pytest.approx(1, abs=0.01)
    assert lateness.p99_ms == pytest.approx(13, abs=0.01)
    assert lateness.max_ms == pytest.approx(13, abs=0.01)


def test_lateness_is_zero_before_the_first_tick():
    assert Ticked().ticker.lateness().max_ms == 0


def test_the_lateness_that_is_not_told_yet_is_told_when_the_ticker_stops():
    clock, observed = Clock(), []
    ticker = Ticker(clock, lambda _: None, observed.append)
    ticker.start()
    clock.pump([0.02] * 3)
    assert observed == []
    ticker.stop()
    assert observed == [pytest.approx(0, abs=1e-6)] * 3
