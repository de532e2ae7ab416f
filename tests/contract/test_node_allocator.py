"""The allocator in one process: the contract of INodeAllocator, and a single gateway."""

from itertools import count

import pytest
from hypothesis import settings
from twisted.internet.task import Clock

from exoswitch.fleet.memory import MemoryNodes
from exoswitch.fleet.registry import Registry
from tests.contract.node_allocator_sequences import AnySequence
from tests.contract.node_allocator_suite import KEEP_S, SILENT_S, NodeAllocatorContract
from tests.contract.node_quotas_suite import NodeQuotasContract


class MemoryWorld:
    """Gateways of one process, and a clock."""

    def __init__(self):
        self.clock, self.registry, self.tokens = Clock(), Registry(silent_s=SILENT_S, keep_s=KEEP_S), count()

    def gateway(self, name, capacity, asterisks):
        nodes = MemoryNodes(
            name, capacity, asterisks, lambda: f"t{next(self.tokens)}", registry=self.registry, now=self.clock.seconds
        )
        for asterisk in asterisks:
            nodes.set_health(asterisk, healthy=True)
        return nodes

    def die(self, nodes):
        """Do nothing: it sends no heartbeats by itself."""

    def leave(self, nodes):
        self.wait(nodes.stopService())

    def advance(self, seconds):
        self.clock.advance(seconds)

    def wait(self, deferred):
        outcome = []
        deferred.addBoth(outcome.append)
        if hasattr(outcome[0], "raiseException"):
            outcome[0].raiseException()
        return outcome[0]

    def close(self):
        """Do nothing: nothing is open."""


class TestMemoryNodes(NodeAllocatorContract, NodeQuotasContract):
    @pytest.fixture
    def world(self):
        return MemoryWorld()


class AnySequenceInMemory(AnySequence):
    make_world = MemoryWorld


TestAnySequence = AnySequenceInMemory.TestCase
TestAnySequence.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_single_gateway_needs_no_heartbeat():
    nodes = MemoryNodes("gw1", 1, {"pbx1": 1}, lambda: "token", now=lambda: 1e9)
    assert MemoryWorld().wait(nodes.reap()) == ()


def test_single_gateway_shares_with_no_other():
    world = MemoryWorld()
    nodes = MemoryNodes("gw1", 1, {"pbx1": 1}, lambda: "token")
    nodes.set_health("pbx1", healthy=True)
    lease = world.wait(nodes.receive("pbx1", "pbx1-1.2", "sid"))
    assert lease.gateway == "gw1"
    assert not nodes.is_shared
    assert world.wait(nodes.hand_off([lease])) == frozenset()
    assert world.wait(nodes.adopt()) == ()
    assert world.gateway("gw1", 1, {}).is_shared
