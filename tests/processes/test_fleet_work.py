"""Each call is dialled, or taken, by exactly one gateway of the fleet, even if a gateway dies."""

import time
from collections import Counter

import pytest

from tests.harness.fleet.far_side import LONG
from tests.harness.fleet.fleet import CAPACITY, eventually
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.fleet, needs_redis()]

CALLS = 9
TAKEN_WITHIN_S = 10.0  # one second on an idle machine


@pytest.fixture
def fleet_of_three_places(any_fleet):
    """A fleet in which each gateway has a capacity of one call."""
    any_fleet.clear()
    limits = [gateway.config["gateway"] for gateway in any_fleet.gateways]
    for gateway, limit in zip(any_fleet.gateways, limits, strict=True):
        gateway.kill()
        limit["capacity"] = 1
    any_fleet.start(*any_fleet.gateways)
    yield any_fleet
    any_fleet.clear()
    for gateway, limit in zip(any_fleet.gateways, limits, strict=True):
        gateway.kill()
        limit["capacity"] = CAPACITY


def ask(fleet, gateway):
    """Place calls without waiting for their bots; all are accepted."""
    return [gateway.place(LONG, fleet.far_side.bot.url).call_sid for _ in range(CALLS)]


def ring_up(fleet, count, asterisk="pbx1"):
    """Let callers call in."""
    return [fleet.far_side.call_in(asterisk).id for _ in range(count)]


# --- dialling


def test_calls_that_one_gateway_is_asked_for_are_dialled_by_all_of_them(fleet):
    sids = ask(fleet, fleet.gateways[0])
    fleet.wait_until_heard(sids)
    fleet.wait_until_left(sids)
    names = {gateway.name for gateway in fleet.gateways}
    assert set(fleet.counts.holders()) == set(fleet.records.gateways_of(sids)) == names
    assert [fleet.far_side.dialled()[sid] for sid in sids] == [1] * CALLS
    eventually(lambda: {fleet.gateways[1].show(sid).body["Call"]["Status"] for sid in sids} == {"in-progress"})
    assert fleet.records.faults() == []


def test_call_whose_gateway_dies_before_it_dials_is_dialled_once_by_another(fleet):
    asked, dies, _ = fleet.gateways
    dies.pause()
    sids = ask(fleet, asked)
    theirs = [place.call_sid for place in fleet.counts.places() if place.gateway == dies.name]
    assert theirs
    dies.kill()
    fleet.wait_until_heard(sids)
    fleet.wait_until_left(sids)
    assert [fleet.far_side.dialled()[sid] for sid in sids] == [1] * CALLS
    assert dies.name not in fleet.records.gateways_of(sids)
    assert fleet.records.faults() == []


def test_calls_that_were_accepted_by_a_gateway_that_dies_at_once_are_dialled_once(fleet):
    """A call that the gateway claimed, and did not ask its Asterisk for, fails: it might have been dialled."""
    sids, dies = ask(fleet, fleet.gateways[0]), fleet.gateways[0]
    own = {place.call_sid for place in fleet.counts.places() if place.gateway == dies.name}
    dies.kill()
    eventually(lambda: fleet.deaf(sids) == fleet.records.of_status("failed") & set(sids), fleet.state)
    failed = fleet.records.of_status("failed") & set(sids)
    assert failed <= own
    heard = set(sids) - failed
    fleet.wait_until_left(heard)
    dialled = fleet.far_side.dialled()
    assert [dialled[sid] for sid in heard] == [1] * len(heard)
    assert [sid for sid in failed if dialled[sid] > 1] == []
    assert fleet.records.faults() == []


# --- calls that come in


def test_inbound_calls_are_taken_once_each_and_spread_over_the_fleet(fleet):
    phones = ring_up(fleet, CALLS)
    fleet.wait_until_heard(phones)
    time.sleep(1.0)
    eventually(lambda: len(fleet.far_side.streams()) == len(fleet.records.live()) == CALLS, fleet.state)
    assert Counter(fleet.counts.holders().values()) == {CALLS // 3: 3}
    assert fleet.records.faults() == []


def test_inbound_call_whose_chosen_gateway_dies_before_it_takes_it_is_taken_by_another(fleet):
    dies = fleet.gateways[1]
    dies.pause()
    phones = ring_up(fleet, CALLS)
    eventually(lambda: len(fleet.counts.places()) == CALLS, fleet.state)
    assert dies.name in {place.gateway for place in fleet.counts.places()}
    dies.kill()
    killed_at = fleet.far_side.now
    fleet.wait_until_heard(phones)
    assert fleet.far_side.now - killed_at < TAKEN_WITHIN_S
    eventually(lambda: dies.name not in fleet.counts.holders(), fleet.state)
    eventually(
        lambda: len(fleet.far_side.streams()) == len(fleet.records.live()) == len(fleet.counts.places()) == CALLS,
        fleet.state,
    )
    assert fleet.records.faults() == []


def test_inbound_call_that_no_gateway_has_a_place_for_hears_so_and_ends(fleet_of_three_places):
    fleet = fleet_of_three_places
    before = fleet.records.by_status()["failed"]
    phones = ring_up(fleet, len(fleet.gateways))
    fleet.wait_until_heard(phones)
    refused = fleet.far_side.call_in("pbx2")
    eventually(lambda: refused.application == "Playtones")
    eventually(lambda: refused.call.is_over)
    assert {phone.id for phone in fleet.phones()} == set(phones)
    eventually(lambda: fleet.records.by_status()["failed"] == before + 1, fleet.state)
    assert len(fleet.counts.places()) == len(phones)
