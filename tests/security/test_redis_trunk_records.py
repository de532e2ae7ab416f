"""Records of trunks in Redis that cannot be read are set aside; calls go on, and are counted."""

import json

import pytest
from twisted.logger import capturedLogs

from exoswitch.call.attempts import Health
from exoswitch.fleet.redis.trunks.scripts import KEYS
from exoswitch.fleet.trunks.status import DialResult
from tests.harness.redis_server import needs_redis, patient_links, server  # noqa: F401 - fixtures
from tests.harness.trunk_redis_world import TrunkRedisWorld

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("patient_links"), needs_redis()]

RECORD = {
    "dials": 1,
    "config_ms": 0,
    "format_ms": 0,
    "breaker": {"why": "", "opened_dial": 0, "next_probe_ms": 0, "probe_ms": 0, "faults": {}},
    "window": {"buckets": {}},
    "ratio": {
        "since_ms": 0,
        "dialled": 0,
        "answered": 0,
        "long_dialled": 0,
        "long_answered": 0,
        "is_odd": False,
    },
}


def record(**changed):
    return json.dumps({**RECORD, **changed})


BAD_RECORDS = {
    "trunk: no JSON": ("HSET", "trunks", "fast", "no json"),
    "trunk: not UTF-8": ("HSET", "trunks", "fast", b"\xff\xfe"),
    "trunk: a list": ("HSET", "trunks", "fast", "[]"),
    "trunk: null": ("HSET", "trunks", "fast", "null"),
    "trunk: deeply nested": ("HSET", "trunks", "fast", 5000 * "["),
    "trunk: no part": ("HSET", "trunks", "fast", "{}"),
    "trunk: a text for a number": ("HSET", "trunks", "fast", record(dials="many")),
    "trunk: no number": ("HSET", "trunks", "fast", record(dials=float("nan"))),
    "trunk: a huge number": ("HSET", "trunks", "fast", record(config_ms=1e300)),
    "trunk: a part of an earlier form": ("HSET", "trunks", "fast", record(pace={"permille": 0, "lowered_ms": 9e14})),
    "trunk: faults that are none": (
        "HSET",
        "trunks",
        "fast",
        record(breaker={**RECORD["breaker"], "faults": ["x"]}),
    ),
    "trunk: a bucket of text": ("HSET", "trunks", "fast", record(window={"buckets": {"1": {"strong": "x"}}})),
    "trunk: a bucket that is none": ("HSET", "trunks", "fast", record(window={"buckets": {"1": 7}})),
    "turn: no number": ("HSET", "trunk_turns", "fast", "soon"),
    "turn: in many years": ("HSET", "trunk_turns", "fast", 40 * "9"),
    "gateway: no JSON": ("HSET", "trunk_gateways", "ghost", "no json"),
    "gateway: no calls": ("HSET", "trunk_gateways", "ghost", '{"epoch":"a:1","expires_ms":9e14}'),
    "gateway: calls that are none": (
        "HSET",
        "trunk_gateways",
        "ghost",
        '{"epoch":"a:1","expires_ms":9e14,"calls":{"fast":"many"}}',
    ),
    "gateway: its own": ("HSET", "trunk_gateways", "gw1", "broken"),
} | {f"type: of {key}": ("XADD", key.partition(":")[2], "*", "a", "b") for key in KEYS}


@pytest.fixture
def world(server):  # noqa: F811 - the fixture
    world = TrunkRedisWorld(server)
    yield world
    world.close()


@pytest.mark.parametrize("command", BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_record_that_cannot_be_read_costs_no_link_and_no_call(world, command):
    pools = world.gateway("gw1"), world.gateway("gw2")
    world.wait(pools[0].take("first", ["fast"]))
    verb, key, *words = command
    if verb == "XADD":
        world.server.call("DEL", f"exoswitch:{key}")
    assert not world.server.command(verb, f"exoswitch:{key}", *words).startswith(b"-")
    with capturedLogs() as events:
        for number, pool in enumerate(pools * 2):
            assert world.wait(pool.take(f"call{number}", ["fast", "wide"], longest_wait_s=50)).trunk == "fast"
            result = DialResult(health=Health.GOOD, post_dial_s=1.0, sip_status=486)
            pool.report("fast", result, token=f"call{number}")
            world.wait(pool.missed(f"call{number}"))
            world.wait(pool.renew())
        world.settle()
        status = world.wait(pools[0].view())["fast"]
    assert all(pool.is_shared for pool in pools)
    assert (status.busy, status.busy_here) == (5, 3)
    assert [event["log_format"] for event in events if event["log_level"].name in {"warn", "error"}] == []


def test_records_of_trunks_that_no_file_names_any_more_are_removed(world):
    pool = world.gateway("gw1")
    world.wait(pool.take("a", ["fast"]))
    world.server.command("HSET", "exoswitch:trunks", "gone", record())
    world.server.command("HSET", "exoswitch:trunk_turns", "gone", "17 4")
    world.server.command("HSET", "exoswitch:trunk_turns", "ahead", "9000000000000000 9000000000000000")
    world.wait(pool.renew())
    for key in ("trunks", "trunk_turns"):
        assert world.server.call("HKEYS", f"exoswitch:{key}") == b"*1\r\n$4\r\nfast\r\n"


def test_record_that_was_set_aside_is_kept_for_the_doctor(world):
    pool = world.gateway("gw1")
    world.server.command("HSET", "exoswitch:trunks", "fast", "no json")
    world.wait(pool.take("a", ["fast"]))
    assert b"new no json" in world.server.command("HGET", "exoswitch:unreadable", "trunk fast")
