"""A gateway with calls dies: other gateways continue the calls, and no caller is lost."""

import time
from statistics import median

import pytest

from tests.harness.fleet.fleet import eventually
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.fleet, needs_redis()]

HEARD_AGAIN_S = 10.0  # the limit; benchmarks/takeover.py measures the time
MANY = 50
FEW = 12
SETTLED_S = 4.5  # before that a new gateway takes no calls over


@pytest.fixture
def fleet_of_one(any_fleet):
    """A fleet in which only the first gateway runs."""
    first, *others = any_fleet.gateways
    any_fleet.clear()
    if not first.is_running:
        any_fleet.start(first)
    any_fleet.stop(*(gateway for gateway in others if gateway.is_running))
    return any_fleet


def test_gateway_that_was_paused_does_not_disturb_the_calls_that_were_taken_over(fleet, calls):
    paused = fleet.gateways[0]
    held = [place.call_sid for place in fleet.counts.places() if place.holder == paused.name]
    paused_at = fleet.far_side.now
    paused.pause()
    fleet.heard_again(held, paused_at + 0.1)
    time.sleep(max(0.0, paused_at + 5.0 - fleet.far_side.now))
    with fleet.heard_throughout(calls, 1.0):
        paused.resume()
        time.sleep(2.0)
    fleet.wait_until_left(calls)
    assert paused.name not in fleet.records.gateways_of(held)
    assert fleet.records.faults() == []
    eventually(lambda: paused.request("/readyz").status == 200)


def test_gateway_without_neighbours_takes_its_own_calls_back(fleet_of_one):
    fleet, first = fleet_of_one, fleet_of_one.gateways[0]
    sids = fleet.place(FEW, first)
    first.kill()
    restarted_at = fleet.far_side.now
    fleet.start(first)
    fleet.heard_again(sids, restarted_at)
    assert fleet.resumed() == set(sids)
    fleet.wait_until_left(sids)
    assert fleet.counts.holders() == {first.name: FEW}
    assert fleet.records.faults() == []


def test_every_call_of_a_killed_gateway_is_heard_again_and_belongs_to_its_survivors(fleet_of_one):
    fleet, (first, *others) = fleet_of_one, fleet_of_one.gateways
    sids = fleet.place(MANY, first)
    fleet.start(*others)
    time.sleep(SETTLED_S)
    assert fleet.counts.holders() == {first.name: MANY}
    assert {name: count > MANY // 3 for name, count in fleet.live().items()} == {"pbx1": True, "pbx2": True}
    before = {stream.conversation.started.call_sid for stream in fleet.far_side.streams()}
    killed_at = fleet.far_side.now
    first.kill()
    silences = fleet.heard_again(sids, killed_at + 0.1)
    assert len(silences) == MANY
    assert median(silences) <= silences[-1] <= HEARD_AGAIN_S
    assert before == fleet.resumed() == set(sids)
    survivors = {gateway.name for gateway in others}
    assert set(fleet.counts.holders()) == survivors
    fleet.wait_until_left(sids)
    eventually(lambda: set(fleet.records.gateways_of(sids)) == survivors, lambda: fleet.records.gateways_of(sids))
    assert fleet.records.faults() == []
