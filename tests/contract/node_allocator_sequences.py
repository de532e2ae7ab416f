"""Any sequence of requests to INodeAllocator, step by step beside a plain model: for every implementation."""

from collections import Counter

import pytest
from attrs import define, evolve, field
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import booleans, data, none, one_of, sampled_from

from exoswitch.errors import NoCapacity, QuotaReached
from exoswitch.fleet.leases import Lease
from tests.contract.node_allocator_suite import KEEP_S, SILENT_S

FLEET = {"gw1": (3, {"pbx1": 2, "pbx2": 4}), "gw2": (4, {"pbx2": 4, "pbx3": 1}), "gw3": (2, {"pbx1": 2, "pbx2": 4})}
GATEWAYS = sampled_from(sorted(FLEET))
PBXES = sampled_from(["pbx1", "pbx2", "pbx3"])
QUOTAS = sampled_from([{}, {"account/a": 3}, {"account/a": 3, "[b, ü] 100%": 1}])


@define(eq=False)
class Expected:
    """The expected state of one gateway, computed without any product code."""

    name: str
    nodes: object
    heartbeat_at: float
    is_known: bool = True
    is_draining: bool = False
    closed: set = field(factory=set)
    held: dict = field(factory=dict)  # its own view

    @property
    def capacity(self):
        return FLEET[self.name][0]

    @property
    def open_asterisks(self):
        return {name: places for name, places in FLEET[self.name][1].items() if name not in self.closed}


class AnySequence(RuleBasedStateMachine):
    """After any sequence of operations, each count and each choice is right, and no lease is lost or doubled."""

    make_world = None  # set by a subclass

    def __init__(self):
        super().__init__()
        self.world = self.make_world()
        self.now = 0.0
        self.gateways = {}
        self.calls = 0
        self.leases = {}  # token -> (holder's name, lease)
        self.adoptions = {}  # token -> name of the new holder
        self.transfers = set()  # tokens
        for name in FLEET:
            self.start(name)

    def teardown(self):
        self.world.close()

    def start(self, name):
        self.forget(name, spared=self.pending_of(name))
        self.gateways[name] = Expected(name, self.world.gateway(name, *FLEET[name]), self.now)

    def forget(self, name, spared=()):
        for token in [token for token, (holder, _) in self.leases.items() if holder == name and token not in spared]:
            self.end(token)

    def end(self, token):
        self.end_pending(token)
        del self.leases[token]

    def end_pending(self, token):
        self.adoptions.pop(token, None)
        self.transfers.discard(token)

    def pending_of(self, name):
        return sorted(token for token in self.transfers | set(self.adoptions) if self.leases[token][0] == name)

    def registers(self, gateway):
        """A gateway that was reaped registers before any other request."""
        if not gateway.is_known:
            gateway.is_known = True
            gateway.heartbeat_at = self.now
            for token, lease in gateway.held.items():
                self.leases.setdefault(token, (gateway.name, lease))

    def is_alive(self, one):
        return one.is_known and self.now - one.heartbeat_at < SILENT_S

    def used(self, **place):
        ((kind, name),) = place.items()
        return sum(getattr(lease, kind) == name for _, lease in self.leases.values())

    def chosen(self, gateways, asterisk, is_there=False):
        """Choose the pair with the lowest loads among these gateways, or None."""
        pairs = []
        for one in gateways:
            used = self.used(gateway=one.name)
            if one.is_draining or used >= one.capacity:
                continue
            for name, places in one.open_asterisks.items():
                taken = self.used(asterisk=name)
                if (taken < places or is_there) and asterisk in {None, name}:
                    loads = sorted([used / one.capacity, taken / places], reverse=True)
                    pairs.append((loads, one.name, name))
        return min(pairs)[1:] if pairs else None

    def live(self, asker=None, without=None):
        return [one for one in self.gateways.values() if (one is asker or self.is_alive(one)) and one.name != without]

    def reassign(self, tokens, without=None):
        """Reassign leases; give those that another gateway takes."""
        reassigned = []
        for token in tokens:
            lease = self.leases[token][1]
            pair = self.chosen(self.live(without=without), lease.asterisk, is_there=True)
            if pair:
                self.leases[token] = pair[0], evolve(lease, gateway=pair[0])
                self.end_pending(token)
                self.adoptions[token] = pair[0]
                reassigned.append(token)
        return reassigned

    def counted(self):
        return Counter(name for _, lease in self.leases.values() for name in lease.quotas)

    def refused(self, asked, quotas, *, is_there=False):
        """Whether a quota is reached; then the request must fail with QuotaReached."""
        counted = self.counted()
        reached = [
            f"{name} has reached its limit of {limit} concurrent calls"
            for name, limit in quotas.items()
            if counted[name] >= limit
        ]
        if reached and not is_there:
            with pytest.raises(QuotaReached) as told:
                self.world.wait(asked)
            assert str(told.value) == reached[0]
        return bool(reached) and not is_there

    def acknowledge(self, gateway, token):
        if self.leases[token][0] == gateway.name:
            self.end_pending(token)
        gateway.held[token] = self.leases[token][1]

    @rule(name=GATEWAYS, asterisk=one_of(none(), PBXES), any_gateway=booleans(), quotas=QUOTAS)
    def allocate(self, name, asterisk, any_gateway, quotas):
        asker = self.gateways[name]
        self.registers(asker)
        expected = self.chosen(self.live(asker) if any_gateway else [asker], asterisk)
        asked = asker.nodes.allocate(self.call_sid(), asterisk=asterisk, any_gateway=any_gateway, quotas=quotas)
        if self.refused(asked, quotas):
            return
        if expected is None:
            with pytest.raises(NoCapacity):
                self.world.wait(asked)
            return
        lease = self.world.wait(asked)
        assert (lease.gateway, lease.asterisk, lease.quotas) == (*expected, tuple(quotas))
        assert lease.token not in self.leases
        self.leases[lease.token] = name, lease
        asker.held[lease.token] = lease

    def call_sid(self):
        self.calls += 1
        return f"sid{self.calls}"

    @rule(
        name=GATEWAYS,
        asterisk=PBXES,
        channel_id=sampled_from("ab"),
        excluding=one_of(none(), GATEWAYS),
        quotas=QUOTAS,
    )
    def receive(self, name, asterisk, channel_id, excluding, quotas):
        asker, token = self.gateways[name], f"{asterisk}/{channel_id}"
        self.registers(asker)
        _, lease = self.leases.get(token, (None, None))
        gateways = self.live(asker, excluding)
        call_sid = self.call_sid()
        asked = asker.nodes.receive(asterisk, channel_id, call_sid, excluding=excluding, quotas=quotas)
        if self.refused(asked, quotas, is_there=lease is not None):
            return
        if lease is None or lease.gateway not in {one.name for one in gateways}:
            pair = self.chosen(gateways, asterisk, is_there=lease is not None)
            if pair is None:
                with pytest.raises(NoCapacity):
                    self.world.wait(asked)
                return
            fresh = Lease(token=token, call_sid=call_sid, gateway=pair[0], asterisk=asterisk, quotas=tuple(quotas))
            lease = evolve(lease, gateway=pair[0]) if lease else fresh
            self.leases[token] = pair[0], lease
            self.end_pending(token)
        assert self.world.wait(asked) == lease
        if lease.gateway == name:
            self.acknowledge(asker, token)

    @precondition(lambda self: self.leases)
    @rule(chosen=data(), name=GATEWAYS)
    def hold(self, chosen, name):
        _, lease = self.leases[chosen.draw(sampled_from(sorted(self.leases)))]
        gateway = self.gateways[name]
        self.registers(gateway)
        assert self.world.wait(gateway.nodes.hold(lease)) == (lease.gateway == name)
        if lease.gateway == name:
            self.leases[lease.token] = name, lease
            self.acknowledge(gateway, lease.token)

    @precondition(lambda self: any(one.held for one in self.gateways.values()))
    @rule(chosen=data())
    def transfer(self, chosen):
        gateway = chosen.draw(sampled_from([one for one in self.gateways.values() if one.held]))
        lease = gateway.held[chosen.draw(sampled_from(sorted(gateway.held)))]
        self.world.wait(gateway.nodes.transfer(lease))
        if lease.gateway == gateway.name:
            return
        self.registers(gateway)
        del gateway.held[lease.token]
        holder, known = self.leases.get(lease.token, (None, None))
        if holder == gateway.name and known.gateway != holder and self.gateways[known.gateway].is_known:
            self.leases[lease.token] = known.gateway, known
            self.transfers.add(lease.token)

    @rule(name=GATEWAYS)
    def adopt(self, name):
        gateway = self.gateways[name]
        self.registers(gateway)
        leases = self.world.wait(gateway.nodes.adopt())
        if not self.is_alive(gateway):
            assert leases == ()
            return
        living = {one.name for one in self.live()}
        orphans = [token for token, (holder, lease) in self.leases.items() if not {holder, lease.gateway} <= living]
        self.reassign(sorted(orphans))
        expected = {self.leases[token][1] for token, holder in self.adoptions.items() if holder == name}
        assert len(leases) == len(expected)
        assert set(leases) == expected
        for lease in leases:
            self.acknowledge(gateway, lease.token)

    @rule(name=GATEWAYS)
    def hand_off(self, name):
        gateway = self.gateways[name]
        self.registers(gateway)
        leases = list(gateway.held.values())
        own = [lease.token for lease in leases if self.leases.get(lease.token, (None, None))[0] == name]
        reassigned = self.reassign(own, without=name)
        expected = {self.leases[token][1].call_sid for token in reassigned}
        assert self.world.wait(gateway.nodes.hand_off(leases)) == expected
        for token in reassigned:
            del gateway.held[token]

    @precondition(lambda self: any(one.held for one in self.gateways.values()))
    @rule(chosen=data(), times=sampled_from([1, 2]))
    def release(self, chosen, times):
        gateway = chosen.draw(sampled_from([one for one in self.gateways.values() if one.held]))
        lease = gateway.held.pop(chosen.draw(sampled_from(sorted(gateway.held))))
        for _ in range(times):
            self.world.wait(gateway.nodes.release(lease))
        if self.leases.get(lease.token, (None, None))[0] == gateway.name:
            self.end(lease.token)

    @rule(name=GATEWAYS)
    def renew(self, name):
        self.world.wait(self.gateways[name].nodes.renew())
        self.registers(self.gateways[name])
        self.gateways[name].heartbeat_at = self.now

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

    @rule(seconds=sampled_from([SILENT_S / 2, SILENT_S, KEEP_S]))
    def time_passes(self, seconds):
        self.world.advance(seconds)
        self.now += seconds

    @rule(name=GATEWAYS)
    def die_and_start_anew(self, name):
        self.world.die(self.gateways[name].nodes)
        self.start(name)

    @rule(name=GATEWAYS)
    def leave_and_start_anew(self, name):
        if self.gateways[name].is_known:
            self.reassign(self.pending_of(name), without=name)
            self.forget(name)
        self.world.leave(self.gateways[name].nodes)
        self.start(name)

    @rule(name=GATEWAYS)
    def reap(self, name):
        long_dead = [
            one for one in self.gateways.values() if one.is_known and self.now - one.heartbeat_at >= SILENT_S + KEEP_S
        ]
        names = {one.name for one in long_dead}
        expected = {lease for holder, lease in self.leases.values() if holder in names}
        assert set(self.world.wait(self.gateways[name].nodes.reap())) == expected
        for one in long_dead:
            one.is_known = False
            self.forget(one.name)

    @invariant()
    def fleet_is_seen_as_it_is(self):
        view = self.world.wait(self.gateways["gw1"].nodes.view())
        counted = [lease for _, lease in self.leases.values()]
        assert sorted(view.leases, key=repr) == sorted(counted, key=repr)
        assert view.asterisks == {name: self.used(asterisk=name) for name in {one.asterisk for one in counted}}
        assert view.quotas == self.counted()
        for one in self.gateways.values():
            assert (one.name in view.gateways) == one.is_known
            if one.is_known:
                assert view.gateways[one.name].used == self.used(gateway=one.name)
                assert view.gateways[one.name].alive == self.is_alive(one)
                assert view.gateways[one.name].status.draining == one.is_draining
