"""IMetrics: in memory, and as Prometheus scrapes it."""

import re

import pytest
from zope.interface.verify import verifyObject

from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.telemetry.prometheus import PrometheusMetrics


class InMemory:
    def __init__(self):
        self.metrics = MemoryMetrics()

    def value(self, series):
        return (self.metrics.counts + self.metrics.read())[series]

    def observed(self, series):
        values = self.metrics.observed.get(series, ())
        return len(values), sum(values)


class Scraped:
    def __init__(self):
        self.metrics = PrometheusMetrics()

    def value(self, series):
        found = re.search(
            rf"^exoswitch_{re.escape(series)} (\S+)$", b"".join(self.metrics.parts()).decode(), re.MULTILINE
        )
        return 0 if found is None else float(found[1])

    def observed(self, series):
        name, brace, labels = series.partition("{")
        return self.value(f"{name}_count{brace}{labels}"), self.value(f"{name}_sum{brace}{labels}")


@pytest.fixture(params=[InMemory, Scraped])
def world(request):
    return request.param()


def test_interface(world):
    assert verifyObject(IMetrics, world.metrics)


def test_counter_adds_up_by_its_labels(world):
    world.metrics.add("takeovers_total", result="resumed")
    world.metrics.add("takeovers_total", 2, result="resumed")
    world.metrics.add("takeovers_total", result="ended")
    assert world.value('takeovers_total{result="resumed"}') == 3
    assert world.value('takeovers_total{result="ended"}') == 1


def test_counter_without_labels_may_count_fractions(world):
    world.metrics.add("caller_audio_dropped_seconds_total", 0.5)
    world.metrics.add("caller_audio_dropped_seconds_total", 0.25)
    assert world.value("caller_audio_dropped_seconds_total") == 0.75


def test_histogram_counts_and_adds_up_what_is_observed(world):
    world.metrics.observe("rtp_jitter_seconds", 0.25)
    world.metrics.observe("rtp_jitter_seconds", 0.5)
    assert world.observed("rtp_jitter_seconds") == (2, 0.75)


def test_value_that_its_label_does_not_list_counts_as_other(world):
    world.metrics.add("takeovers_total", result="+919812345610")
    assert world.value('takeovers_total{result="other"}') == 1


def test_label_from_the_configuration_has_any_value(world):
    labels = {"direction": "outbound", "status": "busy", "ended_by": "user"}
    world.metrics.add("calls_total", trunk="lab", **labels)
    assert world.value('calls_total{direction="outbound",ended_by="user",status="busy",trunk="lab"}') == 1


@pytest.mark.parametrize(
    "use",
    [
        lambda metrics: metrics.add("calls_lost"),
        lambda metrics: metrics.add("takeovers_total"),
        lambda metrics: metrics.add("takeovers_total", why="ended"),
        lambda metrics: metrics.add("takeovers_total", result="ended", why="late"),
        lambda metrics: metrics.add("rtp_jitter_seconds"),
        lambda metrics: metrics.observe("takeovers_total", 1, result="ended"),
        lambda metrics: metrics.add("rtp_lost_total"),
        lambda metrics: metrics.observe("calls_active", 1, direction="inbound", trunk=""),
    ],
)
def test_what_the_catalogue_does_not_have_is_refused(world, use):
    with pytest.raises(LookupError):
        use(world.metrics)


def test_gauges_are_asked_for_at_each_reading_and_added_up(world):
    calls = [Reading("calls_active", 1, {"direction": "inbound", "trunk": ""})]
    world.metrics.read_from(lambda: calls)
    world.metrics.read_from(lambda: [Reading("calls_active", 2, {"direction": "outbound", "trunk": "lab"})])
    inbound = 'calls_active{direction="inbound",trunk=""}'
    assert world.value(inbound) == 1
    calls *= 3
    assert world.value(inbound) == 3
    assert world.value('calls_active{direction="outbound",trunk="lab"}') == 2
