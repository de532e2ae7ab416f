"""Limits for each minute in one process: the contract of IRates, and what is kept."""

import pytest
from twisted.internet.task import Clock

from exoswitch.fleet.rate_window import RateWindows
from exoswitch.fleet.rates_memory import MemoryRates
from tests.contract.rates_suite import RatesContract


class MemoryWorld:
    def __init__(self):
        self.clock = Clock()
        self.clock.advance(1000)

    def start(self):
        return MemoryRates(self.clock.seconds)

    def take(self, rates, name, per_minute):
        return rates.take(name, per_minute).result

    def pass_time(self, seconds):
        self.clock.advance(seconds)


class TestMemoryRates(RatesContract):
    @pytest.fixture
    def world(self):
        return MemoryWorld()


def test_names_that_are_used_no_more_are_forgotten():
    windows = RateWindows()
    for number in range(5000):
        windows.take(f"name {number}", 10, float(number))
    assert len(windows) <= 1100


def test_what_was_allowed_elsewhere_counts_up_to_the_limit():
    windows = RateWindows()
    for _ in range(5):
        windows.note("a", 3, 100.0)
    assert len(windows) == 3
    assert not windows.take("a", 3, 100.0).is_allowed
    assert windows.take("a", 3, 160.0).is_allowed
