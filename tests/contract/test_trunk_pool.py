"""The trunks of one process: the contract of ITrunkPool."""

import math

import pytest
from twisted.internet.task import Clock

from exoswitch.fleet.trunk_memory import MemoryTrunks
from exoswitch.fleet.trunk_registry import TrunkRegistry
from tests.contract.trunk_pool_suite import KEEP_S, LIMITS, TrunkPoolContract

STARTED_S = 1000.0


class MemoryTrunkWorld:
    """Pools of one process, and a clock."""

    def __init__(self):
        self.clock, self.registry = Clock(), TrunkRegistry(keep_us=KEEP_S * 1e6)
        self.clock.advance(STARTED_S)

    def gateway(self, name):
        pool = MemoryTrunks(name, self.clock.seconds, self.registry)
        pool.set_limits(LIMITS)
        pool.startService()
        return pool

    def die(self, pool):
        """Do nothing: it sends no heartbeats by itself."""

    def leave(self, pool):
        self.wait(pool.stopService())

    def advance(self, seconds):
        self.clock.advance(seconds)

    def settle(self):
        """Do nothing: everything is done at once."""

    def wait(self, deferred):
        outcome = []
        deferred.addBoth(outcome.append)
        if hasattr(outcome[0], "raiseException"):
            outcome[0].raiseException()
        return outcome[0]

    def close(self):
        """Do nothing: nothing is open."""


class TestMemoryTrunks(TrunkPoolContract):
    @pytest.fixture
    def world(self):
        return MemoryTrunkWorld()


def test_single_gateway_needs_no_heartbeat():
    clock = Clock()
    pool = MemoryTrunks("gw1", clock.seconds)
    pool.set_limits(LIMITS)
    pool.hold("inbound", "narrow")
    clock.advance(1e6)
    assert not pool.is_shared
    assert pool.statuses()["narrow"].busy == 1
    assert math.isinf(pool._shared.keep_us)
