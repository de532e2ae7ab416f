"""Redis is stopped, paused and restarted under traffic: calls go on, and the counts are right afterwards."""

import random
import time

import pytest
from attrs import evolve

from exoswitch.errors import NoCapacity, QuotaReached
from tests.harness.redis_outages import OUTAGES
from tests.harness.redis_server import RedisServer, needs_redis
from tests.harness.redis_world import RedisWorld

pytestmark = [pytest.mark.loopback, needs_redis()]

FLEET = {"gw1": (30, {"pbx1": 20, "pbx2": 20}), "gw2": (30, {"pbx2": 20, "pbx3": 20})}
SILENT_S, KEEP_S, HEARTBEAT_S = 0.7, 0.5, 0.1
PAUSE_BETWEEN_CALLS_S = 0.003
ANSWER_MAX_S = 1.0  # one time-out of 0.5 s, and some more


@pytest.fixture(params=[False, True], ids=["forgetful", "keeping its data"])
def server(request, tmp_path):
    server = RedisServer(keeps=request.param)
    server.start(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def world(server):
    world = RedisWorld(server, silent_s=SILENT_S, keep_s=KEEP_S, heartbeat_s=HEARTBEAT_S)
    yield world
    world.close()


class Traffic:
    """Calls of both gateways that come and go at random."""

    def __init__(self, world, seed):
        self.world = world
        self.rng = random.Random(seed)
        self.gateways = [world.gateway(name, *places) for name, places in FLEET.items()]
        self.live = {nodes: [] for nodes in self.gateways}
        self.asked = 0
        self.slowest_s = 0.0

    def run(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            nodes = self.rng.choice(self.gateways)
            calls = self.live[nodes]
            if calls and self.rng.random() < len(calls) / 40:
                self.spawn(nodes.release(calls.pop(self.rng.randrange(len(calls)))))
            else:
                self.call(nodes)
            self.world.turned.turn(PAUSE_BETWEEN_CALLS_S)

    def call(self, nodes):
        self.asked += 1
        began_s = self.world.turned.turned_s

        def placed(lease):
            self.live[nodes].append(lease)

        def answered(_):
            self.asked -= 1
            self.slowest_s = max(self.slowest_s, self.world.turned.turned_s - began_s)

        asked = nodes.allocate(f"sid{began_s}")
        asked.addCallbacks(placed, lambda failure: failure.trap(NoCapacity))
        self.spawn(asked.addCallback(answered))

    @staticmethod
    def spawn(deferred):
        deferred.addErrback(lambda failure: pytest.fail(str(failure)))

    def settle(self):
        """Wait until every request is answered and both gateways have sent a heartbeat."""
        self.world.turned.until(lambda: not self.asked and all(nodes.is_shared for nodes in self.gateways))
        for nodes in self.gateways:
            self.world.wait(nodes.renew())

    def converged(self):
        """Compare the counts in Redis with the live calls."""
        view = self.world.wait(self.gateways[0].view())
        live = [lease for calls in self.live.values() for lease in calls]
        assert sorted(view.leases, key=repr) == sorted(live, key=repr)
        used = {name: sum(lease.asterisk == name for lease in live) for name in ("pbx1", "pbx2", "pbx3")}
        assert view.asterisks == {name: count for name, count in used.items() if count}
        assert {name: one.used for name, one in view.gateways.items()} == {
            name: len(calls) for name, calls in zip(FLEET, self.live.values(), strict=True)
        }
        for nodes, calls in self.live.items():
            assert len(nodes._local.leases) == len(calls)


@pytest.mark.parametrize("outage", OUTAGES)
def test_calls_go_on_and_counts_are_right_afterwards(server, world, outage):
    traffic = Traffic(world, seed=outage.__name__)
    for _ in range(2):
        traffic.run(0.3)
        outage(server, lambda: traffic.run(0.5), lambda: traffic.run(1.2))
        traffic.run(0.3)
    traffic.settle()
    traffic.converged()
    assert traffic.slowest_s < ANSWER_MAX_S
    assert sum(map(len, traffic.live.values())) > 10


def test_gateway_that_dies_while_redis_is_away_is_reaped_afterwards(server, world):
    traffic = Traffic(world, seed=1)
    traffic.run(0.3)
    survivor, other = traffic.gateways
    server.stop()
    world.die(other)
    server.start()
    traffic.live[other] = []
    world.turned.until(lambda: survivor.is_shared)
    world.turned.turn(SILENT_S + KEEP_S + 3 * HEARTBEAT_S)
    world.wait(survivor.reap())
    view = world.wait(survivor.view())
    assert list(view.gateways) == ["gw1"]
    assert len(view.leases) == len(traffic.live[survivor])


def test_without_redis_the_last_known_use_of_an_asterisk_counts(server, world):
    first, other = (world.gateway(name, 30, {"pbx1": 10}) for name in ("gw1", "gw2"))
    for _ in range(6):
        world.wait(other.allocate("sid"))
    world.wait(first.renew())
    server.stop()
    for _ in range(4):
        world.wait(first.allocate("sid"))
    with pytest.raises(NoCapacity):
        world.wait(first.allocate("sid"))
    assert world.metrics.counts["places_taken_without_redis_total"] == 4


def test_without_redis_our_calls_and_the_last_known_calls_of_others_count_on_a_quota(server, world):
    world.timings = evolve(world.timings, compare_s=0.0)
    quotas = {"account/acme1": 4}
    first, other = (world.gateway(name, 30, {"pbx1": 30}) for name in ("gw1", "gw2"))
    for nodes in (first, other):
        world.wait(nodes.allocate("sid", quotas=quotas))
    world.turned.until(lambda: first._local.usage._remote_quotas == {"account/acme1": 1})
    server.stop()
    leases = [world.wait(first.allocate("sid", quotas=quotas)) for _ in range(2)]
    for asked in (
        first.allocate("sid", quotas=quotas),
        first.receive("pbx1", "17.1", "sid", quotas=quotas),
    ):
        with pytest.raises(QuotaReached, match="account/acme1 has reached its limit of 4 concurrent calls"):
            world.wait(asked)
    world.wait(first.release(leases[0]))
    world.wait(first.allocate("sid", quotas=quotas))
    server.start()
    world.turned.until(lambda: first.is_shared and other.is_shared)
    world.wait(other.renew())  # answered after its registration
    assert world.wait(first.view()).quotas == quotas


def test_gateway_that_starts_without_redis_takes_calls_and_registers_them_later(server, world):
    server.stop()
    nodes = world.start("gw1", 5, {"pbx1": 5})
    lease = world.wait(nodes.allocate("sid"))
    server.start()
    world.turned.until(lambda: nodes.is_shared)
    assert world.wait(nodes.view()).leases == (lease,)


def test_paused_redis_delays_only_one_call_by_the_time_out(server, world):
    nodes = world.gateway("gw1", 5, {"pbx1": 5})
    server.pause()
    waits_s = []
    for _ in range(3):
        began_s = world.turned.turned_s
        world.wait(nodes.allocate("sid"))
        waits_s.append(world.turned.turned_s - began_s)
    server.resume()
    assert waits_s[0] < ANSWER_MAX_S
    assert max(waits_s[1:]) < waits_s[0] / 2
