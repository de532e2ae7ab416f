"""Pools of trunks that share a real Redis; the time of Redis and of the pools passes only when the test says so."""

import random

import pytest
from attrs import define

from exoswitch.fleet.redis.link import Script
from exoswitch.fleet.redis.trunks import scripts
from exoswitch.fleet.redis.trunks.pool import RedisTrunks
from tests.contract.trunk_pool_suite import KEEP_S, LIMITS
from tests.harness.trunk_memory_world import STARTED_US
from tests.harness.waiting import TurnedReactor

PING = Script.of("return 'pong'")
TIME = "local time = redis.call('TIME')\n  return time[1] * 1000000 + time[2]"
TEST_TIME = "return tonumber(redis.call('GET', 'test:now_us'))"
NAMES = ("REGISTER", "TURN", "REPORT", "RENEW", "TAKE", "COUNT", "LEAVE")


@define
class TestTime:
    """A reactor whose seconds are those of the test; sockets and timers are those of the reactor."""

    __test__ = False

    _reactor: object
    now_s: float = 1000.0

    def seconds(self):
        return self.now_s

    def __getattr__(self, name):
        return getattr(self._reactor, name)


def with_test_time(script):
    """Give a script that reads the time from a key."""
    assert TIME in script.text
    text = script.text.replace(TIME, TEST_TIME)
    return Script.of(text)


class TrunkRedisWorld:
    """Starts and ends pools; they send heartbeats only when they are told to."""

    def __init__(self, server):
        server.call("FLUSHALL")
        self.server = server
        self.turned = TurnedReactor()
        self.wait = self.turned.wait
        self.time = TestTime(self.turned.reactor)
        self.now_us = STARTED_US
        self.advance(0)
        self.alive = []
        self.patch = pytest.MonkeyPatch()
        for name in NAMES:
            self.patch.setattr(scripts, name, with_test_time(getattr(scripts, name)))
        self.patch.setattr(scripts, "ALL", tuple(getattr(scripts, name) for name in NAMES))
        self.started = 0

    def start(self, name):
        """Start a pool, without waiting for Redis."""
        self.started += 1
        pool = RedisTrunks(
            name,
            f"process{self.started}",
            address=self.server.address,
            reactor=self.time,
            rng=random.Random(1),
            heartbeat_s=3600.0,
            keep_s=KEEP_S,
        )
        pool.set_limits(LIMITS)
        pool.startService()
        self.alive.append(pool)
        return pool

    def gateway(self, name):
        pool = self.start(name)
        self.turned.until(lambda: pool.is_shared)
        self.wait(pool.renew())
        return pool

    def die(self, pool):
        """End a pool as a crash would: it does not leave."""
        self.alive.remove(pool)
        pool._membership.stop_heartbeats()
        self.wait(pool._membership.link.stopService())

    def leave(self, pool):
        self.alive.remove(pool)
        self.wait(pool.stopService())

    def advance(self, seconds):
        self.now_us += round(seconds * 1e6)
        self.time.now_s = (self.now_us - STARTED_US) / 1e6 + 1000.0
        self.server.call("SET", "test:now_us", self.now_us)

    def settle(self):
        """Wait until Redis has carried out everything: it answers each connection in order."""
        for pool in self.alive:
            if pool.is_shared:
                self.wait(pool._membership.link.run(PING))

    def close(self):
        for pool in list(self.alive):
            self.die(pool)
        self.turned.close()
        self.patch.undo()
