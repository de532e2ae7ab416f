"""How late the reactor is."""

import pytest
from twisted.internet.task import Clock

from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.telemetry.reactor_watch import EVERY_S, ReactorWatch


def test_the_lateness_of_the_reactor_is_observed_ten_times_a_second_until_it_stops():
    clock, metrics = Clock(), MemoryMetrics()
    watch = ReactorWatch(clock, metrics)
    watch.startService()
    clock.advance(EVERY_S)
    clock.advance(EVERY_S + 0.5)
    clock.advance(EVERY_S / 2)
    watch.stopService()
    assert [*metrics.observed["reactor_lateness_seconds"]] == [pytest.approx(0), pytest.approx(0.5)]
    assert not clock.getDelayedCalls()
    watch.startService()
    clock.advance(EVERY_S)
    watch.stopService()
    assert len(metrics.observed["reactor_lateness_seconds"]) == 3
