"""What is measured of a pool of trunks."""

from exoswitch.call.attempts import Health
from exoswitch.fleet.trunks.metrics import readings
from exoswitch.fleet.trunks.status import DialResult
from tests.harness.trunk_memory_world import TrunkMemoryWorld


def test_state_of_a_breaker_is_one_of_three():
    world = TrunkMemoryWorld()
    pool = world.gateway("gw1")
    for number in range(3):
        world.wait(pool.take(f"call{number}", ["fast"]))
        pool.report("fast", DialResult(health=Health.STRONG), token=f"call{number}")
    states = {
        (one.labels["trunk"], one.labels["state"]): one.value
        for one in readings(pool)
        if one.name == "trunk_circuit_state"
    }
    assert {state: states["fast", state] for state in ("closed", "open", "half-open")} == {
        "closed": 0,
        "open": 1,
        "half-open": 0,
    }
    assert states["wide", "closed"] == 1


def test_channels_of_this_gateway_and_the_limits_are_read():
    world = TrunkMemoryWorld()
    pool = world.gateway("gw1")
    world.wait(pool.take("call1", ["wide"]))
    values = {one.name: one.value for one in readings(pool) if one.labels["trunk"] == "wide"}
    limits = pool.statuses()["wide"].limits
    assert values["trunk_channels_in_use"] == 1
    assert (values["trunk_channels_limit"], values["trunk_cps_limit"]) == (limits.channels, limits.cps)
