"""The health of a number, by the trunks that may carry its calls."""

import pytest
from attrs import evolve

from exoswitch.call.events import TrunkCondition
from exoswitch.call.limits import CallLimits
from exoswitch.call.session import BotTarget
from exoswitch.fleet.trunks.memory import MemoryTrunks
from exoswitch.fleet.trunks.status import Circuit, TrunkLimits
from exoswitch.gateway.number_health import number_health
from exoswitch.interfaces.calls import NumberHealth
from exoswitch.interfaces.routing import InboundRoute, Routing
from exoswitch.trunks.conditions import TrunkConditions
from exoswitch.trunks.registry import build
from exoswitch.trunks.sip import SipSettings

OURS, SHOWN, OTHERS = "+918047491899", "+918047491898", "+918047491800"
TRUNKS = {
    "any": SipSettings(name="any", provider="sip", host="10.9.0.1"),
    "own": SipSettings(name="own", provider="sip", host="10.9.0.2", numbers=(OURS,)),
}
WELL, DOWN = NumberHealth(incoming=True, outgoing=True), NumberHealth(incoming=False, outgoing=False)


@pytest.fixture
def conditions():
    return TrunkConditions()


@pytest.fixture
def statuses():
    pool = MemoryTrunks("gw1", lambda: 100.0)
    pool.set_limits(dict.fromkeys(TRUNKS, TrunkLimits(30, 5.0)))
    return dict(pool.statuses())


def health(conditions, statuses, number=OURS, ready=("pbx1", "pbx2"), trunks=("own",)):
    routes = {OURS: InboundRoute("acme1", BotTarget(url="ws://bot"))}
    routing = Routing(
        limits=CallLimits(),
        concurrency={},
        trunks={name: build(TRUNKS[name]) for name in trunks},
        routes=routes,
    )
    return number_health(number, routing, conditions, statuses, ready)


def test_number_is_well_as_long_as_no_sign_is_against_it(conditions, statuses):
    assert health(conditions, statuses) == WELL
    conditions.note("pbx1", TrunkCondition("own", reachable=True))
    assert health(conditions, statuses) == WELL


def test_trunk_that_is_down_at_every_ready_asterisk_is_an_outage(conditions, statuses):
    conditions.note("pbx1", TrunkCondition("own", reachable=False))
    assert health(conditions, statuses) == WELL
    assert health(conditions, statuses, ready=("pbx1",)) == DOWN
    conditions.note("pbx2", TrunkCondition("own", registered=False))
    assert health(conditions, statuses) == DOWN
    assert health(conditions, statuses, trunks=("own", "any")) == WELL


def test_without_an_asterisk_there_is_an_outage(conditions, statuses):
    assert health(conditions, statuses, ready=()) == DOWN


def test_open_breaker_stops_outgoing_calls_alone(conditions, statuses):
    statuses["own"] = evolve(statuses["own"], circuit=Circuit.OPEN, why="many refusals")
    assert health(conditions, statuses) == NumberHealth(incoming=True, outgoing=False)


def test_number_without_an_app_takes_no_calls_and_one_without_a_trunk_makes_none(conditions, statuses):
    assert health(conditions, statuses, SHOWN, trunks=("any",)) == NumberHealth(incoming=False, outgoing=True)
    assert health(conditions, statuses, OTHERS) == DOWN
