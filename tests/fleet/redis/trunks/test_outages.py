"""Redis is stopped, paused and restarted under calls on trunks: calls keep to the limits, and are counted again."""

import json

import pytest

from exoswitch.call.attempts import Health
from exoswitch.errors import BackendUnavailable, NoCapacity
from exoswitch.fleet.timings import DEFAULTS
from exoswitch.fleet.trunks.status import DialResult
from tests.harness.redis_outages import OUTAGES
from tests.harness.redis_server import RedisServer, needs_redis
from tests.harness.trunk_memory_world import STARTED_US
from tests.harness.trunk_redis_world import TrunkRedisWorld

pytestmark = [pytest.mark.loopback, needs_redis()]

ANSWER_MAX_S = 2.5


@pytest.fixture
def server(tmp_path):
    server = RedisServer()
    server.start(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def world(server):
    world = TrunkRedisWorld(server)
    yield world
    world.close()


def take(world, pool, token, *trunks):
    """Take a channel if there is one; the answer does not take long."""
    began_s = world.turned.turned_s
    try:
        return world.wait(pool.take(token, trunks)).trunk
    except NoCapacity:
        return None
    finally:
        assert world.turned.turned_s - began_s < ANSWER_MAX_S


def come_back(world, *pools):
    """Wait until Redis has the gateways again; a Redis that was restarted has lost the test's time, too."""
    world.advance(0)
    for pool in pools:
        world.turned.until(lambda pool=pool: pool.is_shared and is_known(world, pool))


def is_known(world, pool):
    try:
        world.wait(pool.renew())
    except BackendUnavailable:
        return False
    return True


@pytest.mark.parametrize("outage", OUTAGES)
def test_calls_of_an_outage_keep_to_the_limits_and_are_counted_after_it(world, server, outage):
    pools = world.gateway("gw1"), world.gateway("gw2")
    kept = [take(world, pool, "before", "narrow") for pool in pools]
    world.wait(pools[0].renew())
    gone = []

    def meanwhile():
        gone.extend(take(world, pool, f"alone{number}", "narrow", "wide") for pool in pools for number in range(3))

    outage(server, meanwhile, meanwhile)
    come_back(world, *pools)
    assert kept == ["narrow", "narrow"]
    assert set(gone) <= {"wide"}
    status = world.wait(pools[0].view())
    assert (status["narrow"].busy, status["wide"].busy) == (2, len(gone))
    for number in range(3):
        for pool in pools:
            pool.release(f"alone{number}")
            pool.release("before")
    world.settle()
    status = world.wait(pools[0].view())
    assert (status["narrow"].busy, status["wide"].busy) == (0, 0)


def test_first_gateway_that_comes_back_leaves_the_channels_of_the_others_free(world, server):
    first, second = world.gateway("gw1"), world.gateway("gw2")
    assert [take(world, second, f"call{number}", "narrow") for number in range(2)] == ["narrow", "narrow"]
    world.wait(first.renew())
    world.die(second)
    server.stop()
    server.start()  # it has lost its data
    come_back(world, first)
    assert take(world, first, "a", "narrow", "wide") == "wide"
    world.advance(DEFAULTS.settle_s)
    world.wait(first.renew())
    assert take(world, first, "b", "narrow", "wide") == "narrow"


def test_release_during_an_outage_counts_after_it(world, server):
    pool = world.gateway("gw1")
    take(world, pool, "a", "narrow")
    server.stop()
    pool.release("a")
    server.start()
    come_back(world, pool)
    assert world.wait(pool.view())["narrow"].busy == 0


def test_faults_during_an_outage_open_the_breaker_of_this_gateway(world, server):
    pool = world.gateway("gw1")
    server.stop()
    for number in range(3):
        assert take(world, pool, f"call{number}", "fast") == "fast"
        pool.report("fast", DialResult(health=Health.STRONG), token=f"call{number}")
    assert take(world, pool, "next", "fast", "wide") == "wide"


def test_gateway_that_starts_without_redis_takes_the_limits_for_itself(world, server):
    server.stop()
    pool = world.start("gw1")
    assert [take(world, pool, f"call{number}", "narrow") for number in range(3)] == ["narrow", "narrow", None]
    assert pool.statuses()["narrow"].busy == 2
    server.start()
    come_back(world, pool)
    assert world.wait(pool.view())["narrow"].busy == 2


def test_call_that_ends_while_its_trunk_is_chosen_keeps_no_channel(world):
    pool = world.gateway("gw1")
    asked = pool.take("a", ["narrow"])
    pool.release("a")
    with pytest.raises(NoCapacity, match="the call has ended"):
        world.wait(asked)
    world.settle()
    assert world.wait(pool.view())["narrow"].busy == 0


def test_choice_that_is_cancelled_keeps_no_channel_after_the_next_heartbeat(world):
    pool = world.gateway("gw1")
    asked = pool.take("a", ["narrow"])
    asked.addErrback(lambda _: None)
    asked.cancel()
    world.settle()
    world.wait(pool.renew())
    assert world.wait(pool.view())["narrow"].busy == 0


def test_scripts_that_redis_has_forgotten_are_loaded_again(world, server):
    pool = world.gateway("gw1")
    server.call("SCRIPT", "FLUSH")
    assert take(world, pool, "a", "narrow") == "narrow"


def test_redis_that_has_lost_its_data_learns_all_calls_again(world, server):
    pool = world.gateway("gw1")
    take(world, pool, "a", "narrow")
    server.call("FLUSHALL")
    world.advance(0)
    assert take(world, pool, "b", "narrow", "wide") == "narrow"
    assert take(world, pool, "c", "narrow", "wide") == "wide"


def poisoned(path, value):
    """Give the record of a trunk, or of a gateway, with this value at one place."""
    record = {
        "dials": 7,
        "config_ms": 0,
        "format_ms": 0,
        "breaker": {"why": "", "opened_dial": 0, "next_probe_ms": 0, "probe_ms": 0, "faults": []},
        "window": {"buckets": {}},
        "ratio": dict.fromkeys(("since_ms", "dialled", "answered", "long_dialled", "long_answered"), 0)
        | {"is_odd": False},
        "epoch": "process9:1",
        "expires_ms": STARTED_US // 1000 + 1000,
        "calls": {},
    }
    place = record
    *folders, name = path.split(".")
    for folder in folders:
        place = place[folder]
    place[name] = value
    return json.dumps(record)


@pytest.mark.parametrize(
    ("key", "path", "value", "is_set_aside"),
    [
        ("trunk_gateways", "calls", [1, 2], True),
        ("trunk_gateways", "calls", {"narrow": -5}, True),
        ("trunk_gateways", "calls", [], False),
        ("trunk_gateways", "expires_ms", 10**14, False),
        ("trunks", "pace", {"permille": 1000, "lowered_ms": 0}, False),
        ("trunks", "breaker.faults", {"x": 1}, True),
        ("trunks", "breaker.faults", {}, False),
        ("trunks", "window.buckets", [], False),
        ("trunks", "window.buckets", [{"good": 1}], True),
        ("trunks", "window.buckets", {"x": {"good": 1}}, True),
        ("trunks", "window.buckets", {str(STARTED_US // 3_000_000): [1]}, True),
        ("trunks", "window.buckets", {str(STARTED_US // 3_000_000): {"²": 1}}, False),
    ],
)
def test_record_of_another_form_is_set_aside_and_is_no_outage(world, server, key, path, value, is_set_aside):
    pool = world.gateway("gw1")
    server.command("HSET", f"exoswitch:{key}", "narrow", poisoned(path, value))
    server.command("HSET", "exoswitch:trunk_turns", "narrow", f"{STARTED_US} {STARTED_US}")
    world.wait(pool.renew())
    assert pool.statuses()["narrow"].busy == 0
    assert [take(world, pool, f"call{number}", "narrow") for number in range(3)] == ["narrow", "narrow", None]
    assert world.wait(pool.view())["narrow"].busy == 2
    assert (b"narrow" in server.call("HKEYS", "exoswitch:unreadable")) is is_set_aside
