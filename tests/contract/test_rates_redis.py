"""Limits for each minute in Redis: the contract of IRates, with a real server, and its outages."""

import random

import pytest

from exoswitch.fleet.redis import rates as module
from exoswitch.fleet.redis.rates import RedisRates
from tests.contract.rates_suite import RatesContract
from tests.harness.redis_server import needs_redis
from tests.harness.waiting import TurnedReactor

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("patient_links"), needs_redis()]

KEY = "exoswitch:rates:a"


class RedisWorld:
    """Gateways with links of their own; time passes by a shift of what Redis has."""

    def __init__(self, server):
        server.call("FLUSHALL")
        self.server, self.turned, self.alive = server, TurnedReactor(), []

    def start(self):
        rates = RedisRates(address=self.server.address, reactor=self.turned.reactor, rng=random.Random(1))
        rates.startService()
        self.alive.append(rates)
        self.turned.until(lambda: rates._link.is_up)
        return rates

    def take(self, rates, name, per_minute):
        return self.turned.wait(rates.take(name, per_minute))

    def pass_time(self, seconds):
        shift = (
            "for _, key in ipairs(redis.call('KEYS', 'exoswitch:rates:*')) do "
            "for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do "
            "redis.call('ZINCRBY', key, -tonumber(ARGV[1]), member) end end"
        )
        self.server.command("EVAL", shift, 0, str(round(seconds * 1e6)))

    def close(self):
        for rates in self.alive:
            self.turned.wait(rates.stopService())
        self.turned.close()


@pytest.fixture
def world(server):
    world = RedisWorld(server)
    yield world
    world.close()


class TestRedisRates(RatesContract):
    def test_gateways_of_a_fleet_share_the_count(self, world):
        first, second = world.start(), world.start()
        taken = [world.take(each, "a", 3).is_allowed for each in (first, second, first, second)]
        assert taken == [True, True, True, False]


def test_a_key_of_another_type_is_set_aside(world):
    world.server.call("SET", KEY, "x")
    assert world.take(world.start(), "a", 2).remaining == 1
    assert b"its type was string" in world.server.command("HGETALL", "exoswitch:unreadable")


def test_times_of_a_clock_that_was_put_back_are_forgotten(world):
    rates = world.start()
    assert world.take(rates, "a", 1).is_allowed
    world.pass_time(-3600)
    assert world.take(rates, "a", 1).is_allowed


def test_keys_are_gone_after_a_minute(world):
    world.take(world.start(), "a", 1)
    assert 55_000 < int(world.server.call("PTTL", KEY)[1:]) <= 60_000


def test_a_gateway_without_redis_goes_on_with_its_own_count(world, monkeypatch):
    rates = world.start()
    assert world.take(rates, "a", 2).is_allowed
    monkeypatch.setattr(module.RedisLink, "is_up", False)
    assert [world.take(rates, "a", 2).is_allowed for _ in range(2)] == [True, False]
