"""Any sequence of requests to pools of trunks: the limits hold, and all implementations answer the same.

A machine has `make_worlds`, which gives one world or more; each step is taken in all of them.
"""

from bisect import insort
from collections import defaultdict
from math import ceil

from hypothesis import assume
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import booleans, builds, data, integers, lists, none, one_of, sampled_from

from exoswitch.call.attempts import Health
from exoswitch.errors import NoCapacity
from exoswitch.fleet.trunks.status import DialResult
from tests.contract.trunk_pool_suite import LIMITS

TRUNKS = sampled_from(sorted(LIMITS))
GATEWAYS = sampled_from(["gw1", "gw2", "gw3"])
HEALTH = sampled_from([*Health, Health.STRONG, Health.STRONG, Health.GOOD])
SECONDS = sampled_from([0.001, 0.02, 0.5, 1.0, 2.9, 5.0, 10.0, 15.0, 29.0, 31.0, 70.0, 300.0, 700_000.0])
RESULTS = builds(
    DialResult,
    health=one_of(none(), HEALTH),
    post_dial_s=one_of(none(), sampled_from([0.1, 2.5])),
    answered=booleans(),
    sip_status=one_of(none(), sampled_from([404, 480, 486, 503])),
)


class AnyTrunkSequence(RuleBasedStateMachine):
    """Requests of three gateways in any order."""

    def __init__(self):
        super().__init__()
        self.worlds = self.make_worlds()
        self.pools = {name: [world.gateway(name) for world in self.worlds] for name in ("gw1", "gw2", "gw3")}
        self.tokens = defaultdict(dict)  # gateway -> token -> trunk
        self.held = defaultdict(int)  # trunk -> calls that were never asked for
        self.turns = defaultdict(list)  # trunk -> times in us
        self.now_us = 0
        self.calls = 0

    def teardown(self):
        for world in self.worlds:
            world.close()

    def in_all(self, name, ask):
        """Ask the pool of a gateway in each world; give the one answer of all, or None for a refusal."""
        answers = []
        for world, pool in zip(self.worlds, self.pools[name], strict=True):
            try:
                answers.append(world.wait(ask(pool)))
            except NoCapacity as problem:
                answers.append(str(problem))
            world.settle()
        assert answers == answers[:1] * len(answers)
        return None if isinstance(answers[0], str) else answers[0]

    def tell_all(self, name, tell):
        for world, pool in zip(self.worlds, self.pools[name], strict=True):
            tell(pool)
            world.settle()

    def granted(self, grant):
        insort(self.turns[grant.trunk], self.now_us + round(grant.wait_s * 1e6))

    # --- Calls --------------------------------------------------------------------------------------------------

    @rule(
        name=GATEWAYS,
        candidates=lists(TRUNKS, max_size=3, unique=True),
        longest_wait_s=sampled_from([0.0, 0.5, 5.0, 20.0]),
        again=booleans(),
        chosen=data(),
    )
    def take(self, name, candidates, longest_wait_s, again, chosen):
        known = self.tokens[name]
        token = chosen.draw(sampled_from(sorted(known))) if again and known else self.new_token()
        grant = self.in_all(name, lambda pool: pool.take(token, candidates, longest_wait_s=longest_wait_s))
        known.pop(token, None)
        if grant is not None:
            assert grant.trunk in candidates
            assert grant.wait_s <= longest_wait_s
            known[token] = grant.trunk
            self.granted(grant)

    def new_token(self):
        self.calls += 1
        return f"call{self.calls:05}"

    @rule(name=GATEWAYS, trunk=TRUNKS)
    def hold(self, name, trunk):
        token = self.new_token()
        self.tell_all(name, lambda pool: pool.hold(token, trunk))
        self.tokens[name][token] = trunk
        self.held[trunk] += 1

    @precondition(lambda self: any(self.tokens.values()))
    @rule(chosen=data(), name=GATEWAYS, is_missed=booleans())
    def miss_or_release(self, chosen, name, is_missed):
        assume(self.tokens[name])
        token = chosen.draw(sampled_from(sorted(self.tokens[name])))
        if is_missed:
            grant = self.in_all(name, lambda pool: pool.missed(token))
            if grant is not None:
                assert grant.trunk == self.tokens[name][token]
                self.granted(grant)
            return
        self.tell_all(name, lambda pool: pool.release(token))
        del self.tokens[name][token]

    @rule(
        name=GATEWAYS,
        trunk=TRUNKS,
        result=RESULTS,
        chosen=data(),
    )
    def report(self, name, trunk, result, chosen):
        dialled = sorted(token for token, its in self.tokens[name].items() if its == trunk)
        token = chosen.draw(sampled_from(["", *dialled[-4:]]))
        self.tell_all(name, lambda pool: pool.report(trunk, result, token=token))

    @rule(name=GATEWAYS, trunk=TRUNKS, healths=lists(HEALTH, min_size=3, max_size=12))
    def dial_and_report(self, name, trunk, healths):
        for health in healths:
            token = self.new_token()
            grant = self.in_all(name, lambda pool, token=token: pool.take(token, [trunk], longest_wait_s=60.0))
            if grant is not None:
                self.granted(grant)
                result = DialResult(health=health)
                self.tell_all(name, lambda pool, token=token, result=result: pool.report(trunk, result, token=token))
                self.tell_all(name, lambda pool, token=token: pool.release(token))

    # --- Time and gateways --------------------------------------------------------------------------------------

    @rule(seconds=SECONDS)
    def time_passes(self, seconds):
        for world in self.worlds:
            world.advance(seconds)
        self.now_us += round(seconds * 1e6)

    @rule(name=GATEWAYS)
    def renew(self, name):
        self.in_all(name, lambda pool: pool.renew())

    @rule(name=GATEWAYS, is_death=booleans())
    def end_and_start_anew(self, name, is_death):
        for number, world in enumerate(self.worlds):
            (world.die if is_death else world.leave)(self.pools[name][number])
            self.pools[name][number] = world.gateway(name)
        self.tokens[name].clear()

    @rule(trunk=TRUNKS, tenths=integers(min_value=1, max_value=20))
    def limits_change_without_effect_on_others(self, trunk, tenths):
        """Lower or raise the channels of one trunk at one gateway, and set them back."""
        changed = {**LIMITS, trunk: type(LIMITS[trunk])(channels=tenths, cps=LIMITS[trunk].cps)}
        self.tell_all("gw3", lambda pool: pool.set_limits(changed))
        self.take_on("gw3", trunk)
        self.tell_all("gw3", lambda pool: pool.set_limits(LIMITS))

    def take_on(self, name, trunk):
        token = self.new_token()
        grant = self.in_all(name, lambda pool: pool.take(token, [trunk]))
        if grant is not None:
            self.tokens[name][token] = trunk
            self.granted(grant)

    # --- What always holds --------------------------------------------------------------------------------------

    @invariant()
    def trunks_are_seen_alike(self):
        self.in_all("gw1", lambda pool: pool.renew())
        statuses = self.in_all("gw1", lambda pool: pool.view())
        assert statuses.keys() == LIMITS.keys()
        for trunk, status in statuses.items():
            here = sum(its == trunk for its in self.tokens["gw1"].values())
            assert status.busy_here == here
            assert here <= status.busy

    @invariant()
    def no_trunk_has_more_turns_in_any_second_than_its_limit(self):
        for trunk, turns in self.turns.items():
            limit = ceil(LIMITS[trunk].cps)
            assert all(later - first > 1_000_000 for first, later in zip(turns, turns[limit:], strict=False))
