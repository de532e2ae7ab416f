"""Gateways that share a real Redis, on a reactor that the test runs."""

import random
from itertools import count

from exoswitch.fleet.redis.allocator import RedisNodes
from exoswitch.fleet.timings import FleetTimings
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.waiting import TurnedReactor


class RedisWorld:
    """Starts and ends gateways; they send heartbeats by themselves only with a short `heartbeat_s`."""

    def __init__(
        self, server, *, silent_s=10.0, keep_s=20.0, settle_s=0.0, heartbeat_s=3600.0, compare_s=3600.0, retry_s=0.0
    ):
        server.call("FLUSHALL")
        self.server = server
        self.turned = TurnedReactor()
        self.wait = self.turned.wait
        self.timings = FleetTimings(
            heartbeat_s=heartbeat_s,
            silent_s=silent_s,
            keep_s=keep_s,
            settle_s=settle_s,
            compare_s=compare_s,
            retry_s=retry_s,
        )
        self.metrics = MemoryMetrics()
        self.tokens = count()  # the same in every run: their order decides which gateway adopts a call
        self.alive = []
        self.taken = []  # the holders of names that gateways were refused

    def start(self, name, capacity, asterisks, address=None):
        """Start a gateway with healthy Asterisks, without waiting for Redis."""
        nodes = RedisNodes(
            name,
            capacity,
            asterisks,
            lambda: f"token{next(self.tokens):06}",
            address=address or self.server.address,
            reactor=self.turned.reactor,
            rng=random.Random(1),
            metrics=self.metrics,
            timings=self.timings,
            on_taken=self.taken.append,
        )
        for asterisk in asterisks:
            nodes.set_health(asterisk, healthy=True)
        nodes.startService()
        self.alive.append(nodes)
        return nodes

    def gateway(self, name, capacity, asterisks):
        """Start a gateway, and wait for Redis; the last heartbeat of an earlier process has expired by then."""
        self.server.call("ZADD", "exoswitch:heartbeats", "XX", 0, name)
        nodes = self.start(name, capacity, asterisks)
        self.turned.until(lambda: nodes.is_shared)
        self.wait(nodes.renew())
        return nodes

    def die(self, nodes):
        """End a gateway as a crash would: it does not leave."""
        self.alive.remove(nodes)
        nodes._membership.stop_heartbeats()
        self.wait(nodes._membership.link.stopService())

    def leave(self, nodes):
        self.alive.remove(nodes)
        self.wait(nodes.stopService())

    def advance(self, seconds):
        """Make all heartbeats older."""
        for name in ("gw1", "gw2", "gw3"):
            if b"$-1" not in self.server.call("ZSCORE", "exoswitch:heartbeats", name):
                self.server.call("ZINCRBY", "exoswitch:heartbeats", round(-seconds * 1000), name)

    def close(self):
        for nodes in list(self.alive):
            self.die(nodes)
        self.turned.close()
