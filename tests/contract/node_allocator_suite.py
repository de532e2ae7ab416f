"""What every INodeAllocator promises, whatever keeps its counts; a world is where some gateways share a fleet.

A world offers `gateway(name, capacity, asterisks)`, which starts an allocator all of whose Asterisks are healthy,
`die(allocator)`, after which it gives no sign of life, `advance(seconds)`, and `wait(deferred)`.
"""

import pytest
from attrs import define, field
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import booleans, data, none, one_of, sampled_from
from zope.interface.verify import verifyObject

from exoswitch.errors import NoCapacity
from exoswitch.interfaces_fleet import INodeAllocator
from exoswitch.session import Direction

LEASE_S = 10.0
ASTERISKS = {"pbx1": 2, "pbx2": 4}
CAPACITY = 5


class NodeAllocatorContract:
    """The promises one by one; a subclass has a fixture `world`."""

    @pytest.fixture
    def nodes(self, world):
        return world.gateway("gw1", CAPACITY, ASTERISKS)

    @staticmethod
    def take(world, nodes, asterisk=None, **options):
        return world.wait(nodes.allocate("sid", Direction.OUTBOUND, asterisk=asterisk, **options))

    def test_it_is_an_allocator(self, nodes):
        verifyObject(INodeAllocator, nodes)

    def test_least_loaded_pair_is_taken_by_its_share_not_its_count(self, world, nodes):
        assert [self.take(world, nodes).asterisk for _ in range(4)] == ["pbx1", "pbx2", "pbx2", "pbx1"]

    def test_lease_says_whose_it_is_and_where(self, world, nodes):
        lease = world.wait(nodes.allocate("a-call", Direction.INBOUND, asterisk="pbx2"))
        assert (lease.call_sid, lease.gateway, lease.asterisk) == ("a-call", "gw1", "pbx2")
        assert world.wait(nodes.view()).leases == (lease,)

    def test_named_asterisk_is_taken_until_it_is_full(self, world, nodes):
        assert [self.take(world, nodes, "pbx1").asterisk for _ in range(2)] == ["pbx1", "pbx1"]
        with pytest.raises(NoCapacity, match="no place is left on pbx1"):
            self.take(world, nodes, "pbx1")

    def test_unhealthy_asterisk_is_passed_over(self, world, nodes):
        nodes.set_health("pbx1", healthy=False)
        assert self.take(world, nodes).asterisk == "pbx2"

    def test_draining_asterisk_is_passed_over_until_it_drains_no_more(self, world, nodes):
        nodes.set_draining("pbx1", draining=True)
        assert self.take(world, nodes).asterisk == "pbx2"
        nodes.set_draining("pbx1", draining=False)
        assert self.take(world, nodes).asterisk == "pbx1"

    def test_draining_gateway_takes_no_call(self, world, nodes):
        nodes.set_draining(None, draining=True)
        with pytest.raises(NoCapacity, match="draining"):
            self.take(world, nodes)

    def test_full_gateway_refuses(self, world, nodes):
        for _ in range(CAPACITY):
            self.take(world, nodes)
        with pytest.raises(NoCapacity, match="carries 5 calls"):
            self.take(world, nodes)

    def test_place_released_twice_is_released_once(self, world, nodes):
        leases = [self.take(world, nodes, "pbx1"), self.take(world, nodes, "pbx1")]
        for _ in range(2):
            world.wait(nodes.release(leases[0]))
        self.take(world, nodes, "pbx1")
        with pytest.raises(NoCapacity):
            self.take(world, nodes, "pbx1")

    def test_two_gateways_share_the_places_of_an_asterisk(self, world, nodes):
        other = world.gateway("gw2", CAPACITY, {"pbx1": 2})
        assert [self.take(world, one, "pbx1").gateway for one in (nodes, other)] == ["gw1", "gw2"]
        for one in (nodes, other):
            with pytest.raises(NoCapacity):
                self.take(world, one, "pbx1")

    def test_pair_of_another_gateway_is_taken_only_by_whoever_asks_for_any(self, world, nodes):
        world.gateway("gw2", 100, {"pbx3": 100})
        self.take(world, nodes)
        assert self.take(world, nodes).gateway == "gw1"
        assert self.take(world, nodes, any_gateway=True).gateway == "gw2"

    def test_fuller_of_a_pairs_two_nodes_decides(self, world):
        narrow, wide = world.gateway("gw1", 4, {"pbx1": 10}), world.gateway("gw2", 10, {"pbx2": 4})
        for one in (narrow, wide, wide):  # gw1 is at 25 %, pbx1 at 10 %; gw2 at 20 %, pbx2 at 50 %
            self.take(world, one)
        assert self.take(world, wide, any_gateway=True).gateway == "gw1"

    def test_what_the_dead_held_is_freed_and_told_once(self, world, nodes):
        other = world.gateway("gw2", CAPACITY, {"pbx1": 2})
        lost = [self.take(world, other), self.take(world, other)]
        world.die(other)
        world.advance(LEASE_S / 2)
        world.wait(nodes.renew())
        assert world.wait(nodes.reap()) == ()
        world.advance(LEASE_S / 2)
        assert sorted(world.wait(nodes.reap()), key=repr) == sorted(lost, key=repr)
        assert world.wait(nodes.reap()) == ()
        assert self.take(world, nodes, "pbx1").gateway == "gw1"

    def test_heartbeat_keeps_all_leases_alive(self, world, nodes):
        leases = {self.take(world, nodes) for _ in range(3)}
        for _ in range(4):
            world.advance(LEASE_S / 2)
            world.wait(nodes.renew())
            assert world.wait(nodes.reap()) == ()
        assert set(world.wait(nodes.view()).leases) == leases

    def test_calls_of_a_gateway_that_was_given_up_for_dead_are_counted_again_when_it_speaks(self, world, nodes):
        other = world.gateway("gw2", CAPACITY, {"pbx1": 2})
        leases = {self.take(world, nodes, "pbx1") for _ in range(2)}
        world.advance(LEASE_S)
        assert set(world.wait(other.reap())) == leases
        world.wait(other.renew())
        late = self.take(world, other, "pbx1")
        world.wait(nodes.renew())
        assert set(world.wait(nodes.view()).leases) == leases | {late}
        with pytest.raises(NoCapacity):
            self.take(world, other, "pbx1")

    def test_gateway_that_starts_anew_holds_nothing(self, world, nodes):
        self.take(world, nodes)
        world.die(nodes)
        assert world.wait(world.gateway("gw1", CAPACITY, ASTERISKS).view()).leases == ()


# --- Any sequence --------------------------------------------------------------------------------------------------

FLEET = {"gw1": (3, {"pbx1": 2, "pbx2": 4}), "gw2": (4, {"pbx2": 4, "pbx3": 1})}
GATEWAYS = sampled_from(sorted(FLEET))
PBXES = sampled_from(["pbx1", "pbx2", "pbx3"])


@define(eq=False)
class Expected:
    """What we expect of one gateway: told plainly, with none of the product's code."""

    name: str
    nodes: object
    sign_at: float
    is_known: bool = True
    is_draining: bool = False
    closed: set = field(factory=set)
    held: dict = field(factory=dict)

    @property
    def capacity(self):
        return FLEET[self.name][0]

    @property
    def open_asterisks(self):
        return {name: places for name, places in FLEET[self.name][1].items() if name not in self.closed}


class AnySequence(RuleBasedStateMachine):
    """Whatever is allocated, renewed, released, drained, lost and reaped: every count and every choice is right."""

    make_world = None  # a subclass says how

    def __init__(self):
        super().__init__()
        self.world = self.make_world()
        self.now = 0.0
        self.gateways = {}
        for name in FLEET:
            self.start(name)

    def teardown(self):
        self.world.close()

    def start(self, name):
        self.gateways[name] = Expected(name, self.world.gateway(name, *FLEET[name]), self.now)

    def speaks(self, gateway):
        """Whatever a gateway that was given up for dead says, it registers first."""
        gateway.is_known = True
        gateway.sign_at = self.now

    def counted(self):
        return [lease for one in self.gateways.values() if one.is_known for lease in one.held.values()]

    def used(self, **place):
        ((kind, name),) = place.items()
        return sum(getattr(lease, kind) == name for lease in self.counted())

    def candidates(self, asker, asterisk, any_gateway):
        """Give each pair that may be chosen, with the loads that decide."""
        for one in self.gateways.values():
            is_alive = one is asker or (one.is_known and self.now - one.sign_at < LEASE_S)
            used = self.used(gateway=one.name)
            if not (one is asker or any_gateway) or not is_alive or one.is_draining or used >= one.capacity:
                continue
            for name, places in one.open_asterisks.items():
                taken = self.used(asterisk=name)
                if taken < places and asterisk in {None, name}:
                    yield sorted([used / one.capacity, taken / places], reverse=True), one.name, name

    @rule(name=GATEWAYS, asterisk=one_of(none(), PBXES), any_gateway=booleans())
    def allocate(self, name, asterisk, any_gateway):
        asker = self.gateways[name]
        if not asker.is_known:
            self.speaks(asker)
        expected = min(self.candidates(asker, asterisk, any_gateway), default=None)
        asked = asker.nodes.allocate("sid", Direction.OUTBOUND, asterisk=asterisk, any_gateway=any_gateway)
        if expected is None:
            with pytest.raises(NoCapacity):
                self.world.wait(asked)
            return
        lease = self.world.wait(asked)
        assert (lease.gateway, lease.asterisk) == expected[1:]
        assert lease.token not in {token for one in self.gateways.values() for token in one.held}
        asker.held[lease.token] = lease

    @precondition(lambda self: any(one.held for one in self.gateways.values()))
    @rule(chosen=data(), times=sampled_from([1, 2]))
    def release(self, chosen, times):
        holder = chosen.draw(sampled_from([one for one in self.gateways.values() if one.held]))
        lease = holder.held.pop(chosen.draw(sampled_from(sorted(holder.held))))
        for _ in range(times):
            self.world.wait(holder.nodes.release(lease))

    @rule(name=GATEWAYS)
    def renew(self, name):
        self.world.wait(self.gateways[name].nodes.renew())
        self.speaks(self.gateways[name])

    @rule(name=GATEWAYS, asterisk=PBXES, is_open=booleans(), by_health=booleans())
    def open_or_close(self, name, asterisk, is_open, by_health):
        gateway = self.gateways[name]
        if asterisk in FLEET[name][1]:
            gateway.nodes.set_health(asterisk, is_open or not by_health)
            gateway.nodes.set_draining(asterisk, not is_open and not by_health)
            (gateway.closed.discard if is_open else gateway.closed.add)(asterisk)
            self.renew(name)

    @rule(name=GATEWAYS, draining=booleans())
    def drain(self, name, draining):
        self.gateways[name].nodes.set_draining(None, draining)
        self.gateways[name].is_draining = draining
        self.renew(name)

    @rule(seconds=sampled_from([LEASE_S / 2, LEASE_S]))
    def time_passes(self, seconds):
        self.world.advance(seconds)
        self.now += seconds

    @rule(name=GATEWAYS)
    def die_and_start_anew(self, name):
        self.world.die(self.gateways[name].nodes)
        self.start(name)

    @rule(name=GATEWAYS)
    def reap(self, name):
        dead = [one for one in self.gateways.values() if one.is_known and self.now - one.sign_at >= LEASE_S]
        expected = {lease for one in dead for lease in one.held.values()}
        assert set(self.world.wait(self.gateways[name].nodes.reap())) == expected
        for one in dead:
            one.is_known = False

    @invariant()
    def fleet_is_seen_as_it_is(self):
        view = self.world.wait(self.gateways["gw1"].nodes.view())
        counted = self.counted()
        assert sorted(view.leases, key=repr) == sorted(counted, key=repr)
        assert view.asterisks == {name: self.used(asterisk=name) for name in {one.asterisk for one in counted}}
        for one in self.gateways.values():
            assert (one.name in view.gateways) == one.is_known
            if one.is_known:
                assert view.gateways[one.name].used == self.used(gateway=one.name)
                assert view.gateways[one.name].alive == (self.now - one.sign_at < LEASE_S)
                assert view.gateways[one.name].standing.draining == one.is_draining
