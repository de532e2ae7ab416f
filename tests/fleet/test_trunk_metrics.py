"""What is measured of a pool of trunks."""

from exoswitch.call.attempts import Health
from exoswitch.fleet.trunk_metrics import circuit_readings
from tests.harness.trunk_memory_world import TrunkMemoryWorld


def test_state_of_a_breaker_is_one_of_three():
    world = TrunkMemoryWorld()
    pool = world.gateway("gw1")
    for number in range(3):
        world.wait(pool.take(f"call{number}", ["fast"]))
        pool.report("fast", Health.STRONG, token=f"call{number}")
    states = {
        (one.labels["trunk"], one.labels["state"]): one.value
        for one in circuit_readings(pool)
        if one.name == "trunk_circuit_state"
    }
    assert {state: states["fast", state] for state in ("closed", "open", "half-open")} == {
        "closed": 0,
        "open": 1,
        "half-open": 0,
    }
    assert states["wide", "closed"] == 1
