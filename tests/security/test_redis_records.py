"""Records in Redis that cannot be read are set aside; every gateway keeps its link, and all others go on."""

import json

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.redis.scripts import KEYS, UNREADABLE
from tests.harness.redis_server import needs_redis, patient_links, server  # noqa: F401 - fixtures
from tests.harness.redis_world import RedisWorld

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("patient_links"), needs_redis()]

PBX = {"pbx1": 50}
STATUS = json.dumps({"capacity": 5, "draining": False, "asterisks": {"pbx1": {"capacity": 5, "healthy": True}}})

BAD_RECORDS = {
    "gateway: no JSON": [("HSET", "gateways", "ghost", "no json")],
    "gateway: not UTF-8": [("HSET", "gateways", "ghost", b"e:1 \xff\xfe")],
    "gateway: JSON of another form": [("HSET", "gateways", "ghost", "e:1 {}")],
    "gateway: null for an Asterisk": [("HSET", "gateways", "ghost", 'e:1 {"capacity":1,"asterisks":{"pbx1":null}}')],
    "gateway: deeply nested": [("HSET", "gateways", "ghost", "e:1 " + 5000 * "[")],
    "gateway: no sign of life": [("HSET", "gateways", "ghost", f"e:1 {STATUS}")],
    "gateway: a name with a space": [
        ("HSET", "gateways", "a b", f"e:1 {STATUS}"),
        ("ZADD", "heartbeats", 9e12, "a b"),
    ],
    "gateway: its own": [("HSET", "gateways", "gw1", "broken")],
    "gateway: no heartbeat of its own": [("ZREM", "heartbeats", "gw1")],
    "lease: garbled": [("HSET", "leases", "bad", "garbled"), ("ZADD", "lease_index", 0, "gw1 bad")],
    "lease: empty": [("HSET", "leases", "bad", ""), ("ZADD", "lease_index", 0, "gw2 bad")],
    "lease: not UTF-8": [
        ("HSET", "leases", "bad", b"gw1 gw1 pbx1 \xff\xfe []"),
        ("ZADD", "lease_index", 0, "gw1 bad"),
    ],
    "lease: only in the index": [("ZADD", "lease_index", 0, "gw1 bad"), ("ZADD", "lease_index", 0, "dead bad")],
    "lease: of a call": [("HSET", "leases", "{token}", "garbled")],
    "count: of a gateway": [("HSET", "used", "gateway:gw1", "many")],
    "count: of an Asterisk": [("HSET", "used", "asterisk:pbx1", "1.5")],
    "count: of a quota": [("HSET", "quotas", "account", "few")],
    "adoption: of no lease": [("HSET", "adoptions", "bad", "gw1")],
    "adoption: of a garbled lease": [("HSET", "leases", "bad", "x"), ("HSET", "adoptions", "bad", "gw1")],
    "adoption: for no gateway": [("HSET", "adoptions", "{token}", "ghost")],
    "transfer: of no lease": [("SADD", "transfers", "bad")],
} | {f"type: of {key}": [("DEL", key), ("XADD", key, "*", "a", "b")] for key in (k.partition(":")[2] for k in KEYS)}


@pytest.fixture
def world(server):  # noqa: F811 - the fixture
    world = RedisWorld(server)
    yield world
    world.close()


def spoil(world, commands, token):
    for verb, key, *words in commands:
        given = [token if word == "{token}" else word for word in words]
        assert not world.server.command(verb, f"exoswitch:{key}", *given).startswith(b"-")


def ask_everything(world, nodes):
    """Ask for all that a gateway asks for; give how many requests failed."""
    requests = [
        lambda: nodes.allocate("sid", quotas={"account": 100}),
        lambda: nodes.allocate("sid", any_gateway=True, quotas={"account": 100}),
        lambda: nodes.receive("pbx1", f"channel-{nodes._gateway}", "sid", quotas={"account": 100}),
        nodes.renew,
        nodes.adopt,
        nodes.reap,
        nodes.view,
        lambda: Deferred.fromCoroutine(nodes._membership.compare()),
        lambda: nodes.hand_off([]),
    ]
    failed = 0
    for ask in requests:
        try:
            world.wait(ask())
        except BackendUnavailable:
            failed += 1
    return failed


@pytest.mark.parametrize("commands", BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_record_that_cannot_be_read_costs_no_link_and_no_request(world, commands):
    gateways = [world.gateway(name, 20, PBX) for name in ("gw1", "gw2")]
    lease = world.wait(gateways[0].allocate("first", quotas={"account": 100}))
    spoil(world, commands, lease.token)
    with capturedLogs() as events:
        failed = sum(ask_everything(world, nodes) for nodes in gateways * 2)
    assert failed == 0
    assert all(nodes.is_shared for nodes in gateways)
    assert world.metrics.counts["places_taken_without_redis_total"] == 0
    assert [event["log_format"] for event in events if "is down" in event["log_format"]] == []


@pytest.mark.parametrize("commands", BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_counts_are_those_of_the_leases_again(world, commands):
    first, second = (world.gateway(name, 20, PBX) for name in ("gw1", "gw2"))
    lease = world.wait(first.allocate("first", quotas={"account": 100}))
    spoil(world, commands, lease.token)
    for nodes in (first, second):
        ask_everything(world, nodes)
        world.wait(nodes._membership.link.run(UNREADABLE, "new"))
    view = world.wait(first.view())
    here = {lease.token for nodes in (first, second) for lease in nodes._local.leases}
    counted = [lease for lease in view.leases if lease.token != "bad"]
    assert view.asterisks == {"pbx1": len(counted)}
    assert view.quotas == {"account": sum("account" in lease.quotas for lease in counted)}
    assert {name: one.used for name, one in view.gateways.items()} == {
        name: sum(lease.gateway == name for lease in counted) for name in ("gw1", "gw2")
    }
    assert {lease.token for lease in counted if lease.token.startswith("token")} <= here


def test_record_that_was_set_aside_is_logged_once_and_counted_and_kept_for_the_doctor(world):
    first, second = (world.gateway(name, 20, PBX) for name in ("gw1", "gw2"))
    spoil(world, [("HSET", "gateways", "ghost", "no json")], "")
    with capturedLogs() as events:
        for nodes in (first, second, first):
            world.wait(nodes.adopt())
            world.wait(nodes.allocate("sid", any_gateway=True))
            world.wait(Deferred.fromCoroutine(nodes._membership._report_unreadable()))
    told = [event["log_format"].format(**event) for event in events if event["log_level"].name == "error"]
    assert told == ["a record in Redis could not be read, and is set aside: gateway ghost: no json"]
    assert world.metrics.counts["redis_records_unreadable_total"] == 1
    kept = world.wait(first._membership.link.run(UNREADABLE, "all"))
    assert json.loads(kept) == ["gateway ghost", "no json"]


def test_records_that_are_set_aside_are_bounded(world):
    nodes = world.gateway("gw1", 20, PBX)
    spoil(world, [("HSET", "gateways", f"ghost{number}", 1000 * "x") for number in range(300)], "")
    world.wait(nodes.allocate("sid", any_gateway=True))
    kept = json.loads(world.wait(nodes._membership.link.run(UNREADABLE, "all")))
    assert len(kept) == 200  # a name and a text of each
    assert max(map(len, kept)) == 200
    assert world.server.command("HLEN", "exoswitch:gateways") == b":1\r\n"


def test_calls_of_a_dead_gateway_are_adopted_although_one_of_their_leases_is_garbled(world):
    dead, heir = (world.gateway(name, 20, PBX) for name in ("gw1", "gw2"))
    leases = [world.wait(dead.allocate(f"call{number}")) for number in range(4)]
    world.die(dead)
    spoil(world, [("HSET", "leases", leases[1].token, "garbled")], "")
    world.server.call("ZADD", "exoswitch:heartbeats", 1, "gw1")
    adopted = world.wait(heir.adopt())
    assert sorted(lease.call_sid for lease in adopted) == ["call0", "call2", "call3"]
    assert world.wait(heir.view()).asterisks == {"pbx1": 3}


def test_error_in_a_script_leaves_the_link_up_and_is_logged(world):
    nodes = world.gateway("gw1", 20, PBX)
    link = nodes._membership.link
    with capturedLogs() as events, pytest.raises(BackendUnavailable):
        world.wait(link.run(type(UNREADABLE)("return redis.call('NO_SUCH')", 40 * "0")))
    assert link.is_up
    lines = [formatEvent(event) for event in events if "could not run a script" in formatEvent(event)]
    assert len(lines) == 1
    assert "next attempt" not in lines[0]
