"""What every INodeAllocator promises, whatever keeps its counts."""

from itertools import count

import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from hypothesis.strategies import booleans, none, one_of, sampled_from
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from exoswitch.backends.nodes_memory import MemoryNodes
from exoswitch.errors import NoCapacity
from exoswitch.interfaces import INodeAllocator
from exoswitch.session import Direction

CAPACITIES = {"pbx1": 2, "pbx2": 4}
GATEWAY_CAPACITY = 5

result = SynchronousTestCase()


def memory_nodes():
    tokens = count()
    return MemoryNodes.of("gw1", GATEWAY_CAPACITY, CAPACITIES, lambda: f"token{next(tokens)}")


IMPLEMENTATIONS = [memory_nodes]


@pytest.fixture(params=IMPLEMENTATIONS)
def nodes(request):
    allocator = request.param()
    for name in CAPACITIES:
        allocator.set_health(name, healthy=True)
    return allocator


def allocate(nodes, asterisk=None):
    return result.successResultOf(nodes.allocate(asterisk, Direction.OUTBOUND))


def test_it_is_an_allocator(nodes):
    verifyObject(INodeAllocator, nodes)


def test_least_loaded_pair_is_taken_by_its_share_not_its_count(nodes):
    taken = [allocate(nodes).asterisk for _ in range(3)]
    assert sorted(taken) == ["pbx1", "pbx2", "pbx2"]


def test_named_asterisk_is_taken(nodes):
    assert [allocate(nodes, "pbx1").asterisk for _ in range(2)] == ["pbx1", "pbx1"]
    result.failureResultOf(nodes.allocate("pbx1", Direction.INBOUND), NoCapacity)


def test_unhealthy_asterisk_is_passed_over(nodes):
    nodes.set_health("pbx2", healthy=False)
    assert allocate(nodes).asterisk == "pbx1"


def test_full_gateway_refuses(nodes):
    for _ in range(GATEWAY_CAPACITY):
        allocate(nodes)
    result.failureResultOf(nodes.allocate(None, Direction.OUTBOUND), NoCapacity)


def test_place_released_twice_is_released_once(nodes):
    leases = [allocate(nodes, "pbx1"), allocate(nodes, "pbx1")]
    for _ in range(2):
        result.successResultOf(nodes.release(leases[0]))
    allocate(nodes, "pbx1")
    result.failureResultOf(nodes.allocate("pbx1", Direction.OUTBOUND), NoCapacity)


class AnySequence(RuleBasedStateMachine):
    """Whatever is allocated, released and declared sick: no node ever has more calls than places."""

    leases = Bundle("leases")

    def __init__(self):
        super().__init__()
        self.nodes = memory_nodes()
        self.held = {}

    @rule(name=sampled_from(sorted(CAPACITIES)), healthy=booleans())
    def set_health(self, name, healthy):
        self.nodes.set_health(name, healthy)

    @rule(target=leases, asterisk=one_of(none(), sampled_from(sorted(CAPACITIES))))
    def allocate(self, asterisk):
        leases = []
        self.nodes.allocate(asterisk, Direction.OUTBOUND).addCallbacks(leases.append, lambda f: f.trap(NoCapacity))
        for lease in leases:
            assert lease.token not in self.held
            assert asterisk in {None, lease.asterisk}
            self.held[lease.token] = lease
        return leases[0] if leases else None

    @rule(lease=consumes(leases))
    def release(self, lease):
        if lease is not None:
            self.nodes.release(lease)
            self.nodes.release(lease)
            del self.held[lease.token]

    @invariant()
    def no_node_is_overfull(self):
        assert len(self.held) <= GATEWAY_CAPACITY
        for name, capacity in CAPACITIES.items():
            assert sum(lease.asterisk == name for lease in self.held.values()) <= capacity
        assert self.nodes.in_use() == len(self.held)


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
