"""The contract of INodeAllocator, for every implementation. A world has the gateways of one fleet.

A world has `gateway(name, capacity, asterisks)`, which starts an allocator with healthy Asterisks, `die(allocator)`,
which ends its heartbeats, `leave(allocator)`, which stops it, `advance(seconds)`, and `wait(deferred)`.
"""

import pytest
from attrs import evolve
from zope.interface.verify import verifyObject

from exoswitch.errors import NoCapacity
from exoswitch.fleet.interfaces import INodeAllocator

SILENT_S, KEEP_S = 10.0, 20.0
ASTERISKS = {"pbx1": 2, "pbx2": 4}
CAPACITY = 5


class NodeAllocatorContract:
    """The promises; a subclass has a fixture `world`."""

    @pytest.fixture
    def nodes(self, world):
        return world.gateway("gw1", CAPACITY, ASTERISKS)

    @staticmethod
    def take(world, nodes, asterisk=None, **options):
        return world.wait(nodes.allocate("sid", asterisk=asterisk, **options))

    def test_it_is_an_allocator(self, nodes):
        verifyObject(INodeAllocator, nodes)

    def test_name_of_a_gateway_of_the_fleet_may_be_used(self, world, nodes):
        assert world.wait(nodes.await_name()) is None

    def test_pair_with_the_lowest_load_is_taken_not_with_the_fewest_calls(self, world, nodes):
        assert [self.take(world, nodes).asterisk for _ in range(4)] == ["pbx1", "pbx2", "pbx2", "pbx1"]

    def test_lease_names_its_call_gateway_and_asterisk(self, world, nodes):
        lease = world.wait(nodes.allocate("a-call", asterisk="pbx2"))
        assert (lease.call_sid, lease.gateway, lease.asterisk) == ("a-call", "gw1", "pbx2")
        assert world.wait(nodes.view()).leases == (lease,)

    def test_named_asterisk_is_taken_until_it_is_full(self, world, nodes):
        assert [self.take(world, nodes, "pbx1").asterisk for _ in range(2)] == ["pbx1", "pbx1"]
        with pytest.raises(NoCapacity, match="no place is left on pbx1"):
            self.take(world, nodes, "pbx1")

    def test_unhealthy_asterisk_is_not_considered(self, world, nodes):
        nodes.set_health("pbx1", healthy=False)
        assert self.take(world, nodes).asterisk == "pbx2"

    def test_draining_asterisk_is_not_considered_until_it_is_opened_again(self, world, nodes):
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
        with pytest.raises(NoCapacity, match=r"full \(5 calls\)"):
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

    def test_pair_of_another_gateway_is_taken_only_with_any_gateway(self, world, nodes):
        world.gateway("gw2", 100, {"pbx3": 100})
        self.take(world, nodes)
        assert self.take(world, nodes).gateway == "gw1"
        assert self.take(world, nodes, any_gateway=True).gateway == "gw2"

    def test_higher_load_of_the_two_nodes_of_a_pair_decides(self, world):
        narrow, wide = world.gateway("gw1", 4, {"pbx1": 10}), world.gateway("gw2", 10, {"pbx2": 4})
        for one in (narrow, wide, wide):  # gw1 is at 25 %, pbx1 at 10 %; gw2 at 20 %, pbx2 at 50 %
            self.take(world, one)
        assert self.take(world, wide, any_gateway=True).gateway == "gw1"

    # --- Heartbeats ---------------------------------------------------------------------------------------------

    @staticmethod
    def outlive(world, dead, *living):
        """Let one gateway die; the others send heartbeats after it."""
        world.die(dead)
        world.advance(SILENT_S)
        for nodes in living:
            world.wait(nodes.renew())

    def test_leases_of_a_dead_gateway_are_kept_then_freed_and_returned_once(self, world, nodes):
        other = world.gateway("gw2", CAPACITY, {"pbx1": 2})
        lost = [self.take(world, other), self.take(world, other)]
        self.outlive(world, other, nodes)
        world.advance(KEEP_S - 1)
        world.wait(nodes.renew())
        assert world.wait(nodes.reap()) == ()
        assert not world.wait(nodes.view()).gateways["gw2"].alive
        world.advance(1)
        assert sorted(world.wait(nodes.reap()), key=repr) == sorted(lost, key=repr)
        assert world.wait(nodes.reap()) == ()
        assert self.take(world, nodes, "pbx1").gateway == "gw1"

    def test_heartbeat_keeps_all_leases_alive(self, world, nodes):
        leases = {self.take(world, nodes) for _ in range(3)}
        for _ in range(4):
            world.advance(SILENT_S / 2)
            world.wait(nodes.renew())
            assert world.wait(nodes.adopt()) == world.wait(nodes.reap()) == ()
        assert set(world.wait(nodes.view()).leases) == leases

    def test_calls_of_a_reaped_gateway_are_counted_again_when_it_sends_a_heartbeat(self, world, nodes):
        other = world.gateway("gw2", CAPACITY, {"pbx1": 2})
        leases = {self.take(world, nodes, "pbx1") for _ in range(2)}
        world.advance(SILENT_S + KEEP_S)
        assert set(world.wait(other.reap())) == leases
        world.wait(other.renew())
        late = self.take(world, other, "pbx1")
        world.wait(nodes.renew())
        assert set(world.wait(nodes.view()).leases) == leases | {late}
        with pytest.raises(NoCapacity):
            self.take(world, other, "pbx1")

    def test_new_process_of_a_gateway_holds_nothing(self, world, nodes):
        self.take(world, nodes)
        world.die(nodes)
        assert world.wait(world.gateway("gw1", CAPACITY, ASTERISKS).view()).leases == ()

    # --- Adoption -----------------------------------------------------------------------------------------------

    def test_calls_of_a_dead_gateway_are_adopted_by_load_and_each_call_once(self, world, nodes):
        other, dying = world.gateway("gw2", 15, ASTERISKS), world.gateway("gw3", 9, ASTERISKS)
        lost = {lease.token: lease for lease in (self.take(world, dying, "pbx2") for _ in range(4))}
        self.outlive(world, dying, nodes, other)
        reassigned = world.wait(nodes.adopt()), world.wait(other.adopt())
        assert [{lease.gateway for lease in leases} for leases in reassigned] == [{"gw1"}, {"gw2"}]
        assert [len(leases) for leases in reassigned] == [1, 3]  # of 5 and of 15 places
        assert {lease.token: evolve(lease, gateway="gw3") for leases in reassigned for lease in leases} == lost
        assert world.wait(nodes.adopt()) == world.wait(other.adopt()) == ()
        view = world.wait(nodes.view())
        assert {name: one.used for name, one in view.gateways.items()} == {"gw1": 1, "gw2": 3, "gw3": 0}
        assert view.asterisks == {"pbx2": 4}

    def test_nothing_is_adopted_while_its_holder_lives(self, world, nodes):
        other = world.gateway("gw2", CAPACITY, ASTERISKS)
        self.take(world, other)
        world.advance(SILENT_S - 1)
        world.wait(nodes.renew())
        assert world.wait(nodes.adopt()) == ()
        assert world.wait(nodes.view()).gateways["gw2"].used == 1

    @pytest.mark.parametrize("reason", ["unhealthy", "draining there", "draining", "full", "unpaired"])
    def test_call_that_no_gateway_can_adopt_waits_until_one_can(self, world, nodes, reason):
        dying = world.gateway("gw2", CAPACITY, {"pbx1": 9, "pbx3": 9})
        lost = self.take(world, dying, "pbx3" if reason == "unpaired" else "pbx1")
        in_the_way = [self.take(world, nodes) for _ in range(CAPACITY if reason == "full" else 0)]
        if reason == "unhealthy":
            nodes.set_health("pbx1", healthy=False)
        elif reason.startswith("draining"):
            nodes.set_draining("pbx1" if reason.endswith("there") else None, draining=True)
        self.outlive(world, dying, nodes)
        assert world.wait(nodes.adopt()) == ()
        assert lost in world.wait(nodes.view()).leases
        nodes.set_health("pbx1", healthy=True)
        nodes.set_draining("pbx1", draining=False)
        nodes.set_draining(None, draining=False)
        for lease in in_the_way:
            world.wait(nodes.release(lease))
        adopter = world.gateway("gw3", 1, {"pbx3": 1}) if reason == "unpaired" else nodes
        assert [lease.token for lease in world.wait(adopter.adopt())] == [lost.token]

    def test_calls_on_a_full_asterisk_are_adopted(self, world, nodes):
        dying = world.gateway("gw2", CAPACITY, {"pbx1": 2})
        lost = {self.take(world, dying).token for _ in range(2)}
        self.outlive(world, dying, nodes)
        assert {lease.token for lease in world.wait(nodes.adopt())} == lost

    def test_pending_adoption_of_a_gateway_that_dies_moves_to_another(self, world, nodes):
        adopter, dying = world.gateway("gw2", 1000, ASTERISKS), world.gateway("gw3", CAPACITY, ASTERISKS)
        lost = self.take(world, dying)
        self.outlive(world, dying, nodes, adopter)
        self.take(world, nodes)
        assert world.wait(nodes.adopt()) == ()
        self.outlive(world, adopter, nodes)
        assert [lease.token for lease in world.wait(nodes.adopt())] == [lost.token]

    def test_pending_adoption_of_a_gateway_that_leaves_moves_to_another(self, world, nodes):
        adopter, dying = world.gateway("gw2", 1000, ASTERISKS), world.gateway("gw3", CAPACITY, ASTERISKS)
        lost = self.take(world, dying)
        self.outlive(world, dying, nodes, adopter)
        self.take(world, nodes)
        assert world.wait(nodes.adopt()) == ()
        world.leave(adopter)
        assert [lease.token for lease in world.wait(nodes.adopt())] == [lost.token]

    def test_paused_gateway_cannot_release_or_take_back_what_others_adopted(self, world, nodes):
        paused = world.gateway("gw2", CAPACITY, {"pbx1": 2})
        lost = self.take(world, paused)
        world.advance(SILENT_S)
        world.wait(nodes.renew())
        (adopted,) = world.wait(nodes.adopt())
        world.advance(SILENT_S + KEEP_S)
        world.wait(nodes.renew())
        assert world.wait(nodes.reap()) == ()
        world.wait(paused.renew())  # it registers
        world.wait(paused.release(lost))
        view = world.wait(nodes.view())
        assert view.leases == (adopted,)
        assert {name: one.used for name, one in view.gateways.items()} == {"gw1": 1, "gw2": 0}

    def test_gateway_whose_own_heartbeat_expired_adopts_nothing(self, world, nodes):
        self.take(world, world.gateway("gw2", CAPACITY, ASTERISKS))
        world.advance(SILENT_S)
        assert world.wait(nodes.adopt()) == ()
        world.wait(nodes.renew())
        assert len(world.wait(nodes.adopt())) == 1

    @pytest.mark.parametrize("ends", ["die", "leave"])
    def test_call_to_be_dialled_by_a_gateway_that_is_gone_is_adopted(self, world, nodes, ends):
        dialler = world.gateway("gw2", 1000, ASTERISKS)
        self.take(world, nodes)
        lease = self.take(world, nodes, any_gateway=True)
        assert lease.gateway == "gw2"
        getattr(world, ends)(dialler)
        world.advance(SILENT_S)
        world.wait(nodes.renew())
        assert world.wait(nodes.adopt()) == (evolve(lease, gateway="gw1"),)

    # --- Inbound -----------------------------------------------------------------------------------------------

    def test_all_gateways_that_ask_about_a_channel_get_one_lease(self, world, nodes):
        other = world.gateway("gw2", 1000, ASTERISKS)
        self.take(world, nodes, "pbx1")
        first = world.wait(nodes.receive("pbx2", "pbx2-17.1", "sid1"))
        assert (first.gateway, first.asterisk, first.call_sid) == ("gw2", "pbx2", "sid1")
        assert world.wait(other.receive("pbx2", "pbx2-17.1", "sid2")) == first
        assert len(world.wait(nodes.view()).leases) == 2

    def test_channels_are_distinguished_by_asterisk_and_by_any_characters(self, world, nodes):
        channels = [("pbx1", "1 2"), ("pbx2", "1 2"), ("pbx2", "1%202"), ("pbx2", "é/2")]
        leases = {world.wait(nodes.receive(*channel, "sid")) for channel in channels}
        assert len({lease.token for lease in leases}) == len(channels)
        assert set(world.wait(nodes.view()).leases) == leases

    def test_chosen_gateway_holds_the_lease_and_releases_it(self, world, nodes):
        other = world.gateway("gw2", 1000, ASTERISKS)
        self.take(world, nodes, "pbx1")
        lease = world.wait(nodes.receive("pbx2", "17.1", "sid"))
        world.wait(nodes.release(lease))
        assert lease in world.wait(nodes.view()).leases
        world.wait(other.receive("pbx2", "17.1", "sid"))
        world.wait(other.release(lease))
        assert lease not in world.wait(nodes.view()).leases

    def test_another_gateway_is_chosen_for_one_that_is_excluded_or_dead(self, world, nodes):
        others = [world.gateway(name, 1000, ASTERISKS) for name in ("gw2", "gw3")]
        first = world.wait(nodes.receive("pbx2", "17.1", "sid1"))
        second = world.wait(nodes.receive("pbx2", "17.1", "sid2", excluding=first.gateway))
        assert second == evolve(first, gateway="gw2")
        assert world.wait(others[1].receive("pbx2", "17.1", "sid3", excluding="gw1")) == second
        self.outlive(world, others[0], nodes, others[1])
        self.take(world, nodes)
        third = world.wait(nodes.receive("pbx2", "17.1", "sid4"))
        assert third == evolve(first, gateway="gw3")
        assert world.wait(nodes.adopt()) == world.wait(others[1].adopt()) == ()

    def test_call_that_waits_at_a_full_asterisk_is_refused_but_keeps_its_place(self, world, nodes):
        leases = [world.wait(nodes.receive("pbx1", name, "sid")) for name in "ab"]
        with pytest.raises(NoCapacity, match="no gateway has a place for a call on pbx1"):
            world.wait(nodes.receive("pbx1", "c", "sid"))
        with pytest.raises(NoCapacity):
            world.wait(nodes.receive("pbx1", "a", "sid", excluding="gw1"))
        assert set(world.wait(nodes.view()).leases) == set(leases)
        world.gateway("gw2", 1, {"pbx1": 2})
        assert world.wait(nodes.receive("pbx1", "a", "sid", excluding="gw1")) == evolve(leases[0], gateway="gw2")

    # --- Hold, transfer, hand off -------------------------------------------------------------------------------

    def test_lease_stays_valid_with_its_new_holder(self, world, nodes):
        other = world.gateway("gw2", 1000, ASTERISKS)
        self.take(world, nodes)
        lease = self.take(world, nodes, any_gateway=True)
        assert world.wait(other.hold(lease)) is True
        world.wait(nodes.release(lease))
        self.outlive(world, nodes, other)
        world.advance(KEEP_S)
        world.wait(other.reap())
        assert world.wait(other.view()).leases == (lease,)
        world.wait(other.release(lease))
        assert world.wait(other.view()).leases == ()

    def test_lease_is_transferred_to_a_gateway_that_does_not_know_it(self, world, nodes):
        other = world.gateway("gw2", 1000, ASTERISKS)
        self.take(world, nodes)
        lease = self.take(world, nodes, any_gateway=True)
        world.wait(nodes.transfer(lease))
        world.wait(nodes.release(lease))
        world.die(other)
        other = world.gateway("gw2", 1000, ASTERISKS)  # its next process
        self.outlive(world, nodes, other)
        assert lease not in world.wait(other.adopt())
        assert world.wait(other.hold(lease)) is True
        world.wait(other.release(lease))
        assert lease not in world.wait(other.view()).leases

    def test_place_on_this_gateway_itself_is_not_transferred(self, world, nodes):
        lease = self.take(world, nodes)
        world.wait(nodes.transfer(lease))
        assert world.wait(nodes.view()).leases == (lease,)
        world.wait(nodes.release(lease))
        assert world.wait(nodes.view()).leases == ()

    def test_lease_that_is_gone_or_on_another_gateway_is_not_held(self, world, nodes):
        other = world.gateway("gw2", CAPACITY, ASTERISKS)
        lease = self.take(world, nodes)
        assert world.wait(other.hold(lease)) is False
        world.wait(nodes.release(lease))
        assert world.wait(nodes.hold(lease)) is False
        assert world.wait(nodes.view()).leases == ()

    def test_calls_are_handed_off_as_far_as_others_have_places(self, world, nodes):
        other = world.gateway("gw2", 2, ASTERISKS)
        leases = [world.wait(nodes.allocate(f"sid{at}")) for at in range(3)]
        assert world.wait(nodes.hand_off(leases[:1])) == {"sid0"}
        assert world.wait(nodes.hand_off(leases)) == {"sid1"}
        assert {lease.call_sid for lease in world.wait(other.adopt())} == {"sid0", "sid1"}
        assert {lease.gateway for lease in world.wait(nodes.view()).leases} == {"gw1", "gw2"}
        assert world.wait(nodes.hand_off(leases)) == frozenset()
        for lease in leases:
            world.wait(nodes.release(lease))
        assert {lease.call_sid for lease in world.wait(nodes.view()).leases} == {"sid0", "sid1"}
