"""The contract of INodeAllocator for quotas, with the worlds of `node_allocator_suite`."""

import pytest
from attrs import evolve

from exoswitch.errors import NoCapacity, QuotaReached
from tests.contract.node_allocator_suite import KEEP_S, SILENT_S

ACME = {"account/acme1": 2}
PBX = {"pbx1": 9, "pbx2": 9}


class NodeQuotasContract:
    """The promises; a subclass has a fixture `world`."""

    @pytest.fixture
    def pair(self, world):
        return [world.gateway(name, 9, PBX) for name in ("gw1", "gw2")]

    @staticmethod
    def dial(world, nodes, quotas=ACME, **options):
        return world.wait(nodes.allocate("sid", quotas=quotas, **options))

    @staticmethod
    def counted(world, nodes):
        return world.wait(nodes.view()).quotas

    def reached(self, world, *gateways):
        """Assert that no gateway gets another call on the quota."""
        for nodes in gateways:
            with pytest.raises(QuotaReached, match=r"^account/acme1 has reached its limit of 2 concurrent calls$"):
                self.dial(world, nodes)

    def test_calls_of_all_gateways_count_on_one_quota(self, world, pair):
        leases = [self.dial(world, nodes) for nodes in pair]
        assert {lease.quotas for lease in leases} == {("account/acme1",)}
        assert self.counted(world, pair[0]) == ACME
        self.reached(world, *pair)
        world.wait(pair[0].release(leases[0]))
        assert self.dial(world, pair[1]).gateway == "gw2"

    def test_arrivals_and_dialled_calls_count_together(self, world, pair):
        self.dial(world, pair[0])
        lease = world.wait(pair[1].receive("pbx1", "17.1", "sid", quotas=ACME))
        assert lease.quotas == ("account/acme1",)
        self.reached(world, *pair)
        with pytest.raises(QuotaReached):
            world.wait(pair[0].receive("pbx1", "17.2", "sid", quotas=ACME))

    def test_channel_that_is_asked_about_again_counts_once_and_keeps_its_quotas(self, world, pair):
        first = world.wait(pair[0].receive("pbx1", "17.1", "sid", quotas={"account/acme1": 1}))
        again = world.wait(pair[1].receive("pbx1", "17.1", "sid", quotas={"account/acme1": 1, "other": 0}))
        anew = world.wait(pair[0].receive("pbx1", "17.1", "sid", excluding=first.gateway, quotas={}))
        assert again == first
        assert anew == evolve(first, gateway="gw2")
        assert self.counted(world, pair[0]) == {"account/acme1": 1}

    def test_call_counts_on_several_quotas_and_is_refused_by_any_of_them(self, world, pair):
        odd = "trunk [é, 100%] /x"
        lease = self.dial(world, pair[0], {"account/acme1": 2, odd: 1})
        assert lease.quotas == ("account/acme1", odd)
        with pytest.raises(QuotaReached) as told:
            self.dial(world, pair[1], {"account/acme1": 2, odd: 1})
        assert (told.value.quota, told.value.limit) == (odd, 1)
        assert self.counted(world, pair[0]) == {"account/acme1": 1, odd: 1}
        world.wait(pair[0].release(lease))
        assert self.counted(world, pair[0]) == {}

    def test_quotas_are_checked_before_places(self, world, pair):
        for nodes in pair:
            self.dial(world, nodes)
            nodes.set_draining(None, draining=True)
        self.reached(world, *pair)
        with pytest.raises(NoCapacity, match="draining"):
            self.dial(world, pair[0], {"account/other": 1})

    def test_call_that_got_no_place_does_not_count(self, world, pair):
        for nodes in pair:
            nodes.set_draining(None, draining=True)
        with pytest.raises(NoCapacity, match="draining"):
            self.dial(world, pair[0])
        with pytest.raises(NoCapacity, match="no gateway has a place"):
            world.wait(pair[0].receive("pbx1", "17.1", "sid", quotas=ACME))
        assert self.counted(world, pair[0]) == {}

    def test_transferred_call_counts_once_until_its_new_holder_releases_it(self, world, pair):
        self.dial(world, pair[0])
        lease = self.dial(world, pair[0], any_gateway=True)
        assert lease.gateway == "gw2"
        world.wait(pair[0].transfer(lease))
        assert world.wait(pair[1].hold(lease)) is True
        world.wait(pair[0].release(lease))
        self.reached(world, *pair)
        world.wait(pair[1].release(lease))
        assert self.counted(world, pair[0]) == {"account/acme1": 1}

    def test_call_that_is_handed_off_or_adopted_still_counts(self, world, pair):
        lease, other = (self.dial(world, pair[0]) for _ in range(2))
        assert world.wait(pair[0].hand_off([lease])) == {"sid"}
        assert world.wait(pair[1].adopt()) == (evolve(lease, gateway="gw2"),)
        world.die(pair[0])
        world.advance(SILENT_S)
        world.wait(pair[1].renew())
        assert world.wait(pair[1].adopt()) == (evolve(other, gateway="gw2"),)
        self.reached(world, pair[1])

    def test_freed_lease_does_not_count(self, world, pair):
        lease = self.dial(world, pair[0])
        world.advance(SILENT_S + KEEP_S)
        assert world.wait(pair[1].reap()) == (lease,)
        assert self.counted(world, pair[1]) == {}

    def test_registered_calls_count_on_their_quotas_beyond_the_limit(self, world, pair):
        leases = [self.dial(world, pair[0]) for _ in range(2)]
        world.advance(SILENT_S + KEEP_S)
        assert len(world.wait(pair[1].reap())) == 2
        world.wait(pair[1].renew())
        self.dial(world, pair[1])
        world.wait(pair[0].renew())
        assert self.counted(world, pair[1]) == {"account/acme1": 3}
        for lease in leases:
            self.reached(world, *pair)
            world.wait(pair[0].release(lease))
        self.dial(world, pair[0])

    def test_call_held_by_an_old_lease_without_quotas_is_entered_again_with_them(self, world, pair):
        self.dial(world, pair[0])
        lease = self.dial(world, pair[0], any_gateway=True)
        assert world.wait(pair[1].hold(evolve(lease, quotas=()))) is True
        world.advance(SILENT_S + KEEP_S)
        world.wait(pair[0].renew())
        assert world.wait(pair[0].reap()) == (lease,)
        world.wait(pair[1].renew())
        assert self.counted(world, pair[0]) == ACME
