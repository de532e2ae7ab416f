"""The watch of trunks: its log, and its metrics."""

from types import SimpleNamespace

import pytest
from attrs import define, field
from twisted.logger import capturedLogs, formatEvent

from exoswitch.call.events import TrunkCondition
from exoswitch.gateway.trunk_watch import TrunkWatch
from exoswitch.telemetry.memory import MemoryMetrics

PBX1 = SimpleNamespace(name="pbx1")


@define
class Watched:
    metrics: MemoryMetrics = field(factory=MemoryMetrics)
    trunks: dict = field(factory=lambda: {"bsnl1": None})
    watch: TrunkWatch = field(init=False)

    def __attrs_post_init__(self):
        rules = SimpleNamespace(now=SimpleNamespace(routing=self))
        self.watch = TrunkWatch(self.metrics, rules)

    def sees(self, **signs):
        with capturedLogs() as log:
            self.watch.seen(PBX1, TrunkCondition("bsnl1", **signs))
        return [formatEvent(event) for event in log]

    def reading(self, name):
        return self.metrics.read().get(f'{name}{{asterisk="pbx1",trunk="bsnl1"}}')


@pytest.fixture
def watched():
    return Watched()


def test_each_change_of_a_trunk_is_one_line(watched):
    assert watched.sees(registered=True, reachable=True) == []
    assert watched.sees(registered=True, reachable=True, rtt_s=0.02) == []
    assert watched.sees(registered=False, reachable=True) == [
        "trunk bsnl1 is not registered at Asterisk pbx1: calls try other trunks first"
    ]
    assert watched.sees(registered=False, reachable=False) == []
    assert watched.sees(registered=True, reachable=True) == [
        "trunk bsnl1 is registered and reachable at Asterisk pbx1"
    ]


def test_trunk_that_is_down_from_the_beginning_is_told(watched):
    assert watched.sees(reachable=False) == [
        "trunk bsnl1 is not reachable at Asterisk pbx1: calls try other trunks first"
    ]


def test_line_names_only_what_is_wrong(watched):
    assert watched.sees(registered=False, reachable=False) == [
        "trunk bsnl1 is not registered and not reachable at Asterisk pbx1: calls try other trunks first"
    ]


def test_condition_is_measured_as_far_as_it_is_known(watched):
    watched.sees(registered=True, reachable=True, rtt_s=0.02)
    assert [watched.reading(f"trunk_{name}") for name in ("up", "registered", "qualify_rtt_seconds")] == [1, 1, 0.02]
    watched.sees(reachable=False, rtt_s=0.02)
    assert [watched.reading(f"trunk_{name}") for name in ("up", "registered", "qualify_rtt_seconds")] == [
        0,
        None,
        None,
    ]
    watched.watch.lost(PBX1)
    assert watched.reading("trunk_up") is None
    assert watched.watch.conditions.down("pbx1") == set()


def test_endpoint_that_is_no_trunk_is_neither_told_nor_measured(watched):
    watched.trunks.clear()
    assert watched.sees(reachable=False) == []
    assert watched.reading("trunk_up") is None


def test_trunk_that_a_reload_brings_back_is_known_to_be_down(watched):
    watched.sees(reachable=False)
    watched.trunks.clear()
    watched.trunks["bsnl1"] = None
    assert watched.watch.conditions.down("pbx1") == {"bsnl1"}
    assert watched.reading("trunk_up") == 0
