"""The trunks of one process: the contract of ITrunkPool."""

import math

import pytest
from hypothesis import settings
from twisted.internet.task import Clock

from exoswitch.fleet.trunks.memory import MemoryTrunks
from tests.contract.trunk_pool_sequences import AnyTrunkSequence
from tests.contract.trunk_pool_suite import LIMITS, TrunkPoolContract
from tests.harness.trunk_memory_world import TrunkMemoryWorld


class TestMemoryTrunks(TrunkPoolContract):
    @pytest.fixture
    def world(self):
        return TrunkMemoryWorld()


class AnySequenceInMemory(AnyTrunkSequence):
    make_worlds = staticmethod(lambda: [TrunkMemoryWorld()])


TestAnySequence = AnySequenceInMemory.TestCase
TestAnySequence.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_single_gateway_needs_no_heartbeat():
    clock = Clock()
    pool = MemoryTrunks("gw1", clock.seconds)
    pool.set_limits(LIMITS)
    pool.hold("inbound", "narrow")
    clock.advance(1e6)
    assert not pool.is_shared
    assert pool.statuses()["narrow"].busy == 1
    assert math.isinf(pool._shared.keep_us)
