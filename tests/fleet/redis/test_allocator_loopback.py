"""The allocator in Redis only: login, scripts, keys, registration."""

import os
import socket

import pytest
from attrs import evolve
from twisted.logger import capturedLogs

from exoswitch.errors import NoCapacity
from exoswitch.fleet.redis.codec import status_word
from exoswitch.fleet.redis.scripts import REGISTER
from tests.harness.redis_server import RedisServer, needs_redis
from tests.harness.redis_world import RedisWorld

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("patient_links"), needs_redis()]

PBX = {"pbx1": 5}


@pytest.fixture
def world(server):
    world = RedisWorld(server)
    yield world
    world.close()


def take(world, nodes):
    return world.wait(nodes.allocate("sid"))


def logged(events):
    return [event["log_format"].format(**event) for event in events if event["log_level"].name in {"warn", "error"}]


def test_flushed_scripts_are_sent_again(server, world):
    nodes = world.gateway("gw1", 5, PBX)
    server.call("SCRIPT", "FLUSH")
    take(world, nodes)
    assert nodes.is_shared
    assert world.metrics.counts == {}


def test_all_leases_are_entered_again_after_redis_lost_them(server, world):
    nodes = world.gateway("gw1", 5, PBX)
    leases = {take(world, nodes)}
    server.call("FLUSHALL")
    leases.add(take(world, nodes))
    assert set(world.wait(nodes.view()).leases) == leases


def test_gateway_that_stops_leaves_nothing_behind(server, world):
    nodes = world.gateway("gw1", 5, PBX)
    take(world, nodes)
    world.alive.remove(nodes)
    world.wait(nodes.stopService())
    assert server.call("DBSIZE") == b":0\r\n"


def test_number_of_keys_does_not_grow_with_gateways_and_calls(server, world):
    for name in ("gw1", "gw2"):
        nodes = world.gateway(name, 5, PBX)
        world.wait(nodes.allocate("sid", quotas={f"account/{name}": 1, "trunk": 9}))
    assert server.call("DBSIZE") == b":6\r\n"


def test_second_gateway_of_one_name_is_refused_and_told_who_has_it(server):
    world = RedisWorld(server, heartbeat_s=0.1)
    first = world.gateway("gw1", 5, PBX)
    lease = take(world, first)
    second = world.start("gw1", 5, PBX)
    world.turned.until(lambda: world.taken)
    holder = f"process {os.getpid()} on {socket.gethostname()}"
    assert world.taken[0] == holder
    with pytest.raises(NoCapacity, match="another gateway of this fleet is called gw1, too"):
        take(world, second)
    assert (first.is_shared, second.is_shared) == (True, False)
    assert world.wait(first.view()).leases == (lease,)
    world.close()


def test_gateway_that_was_killed_has_its_name_back_once_its_last_heartbeat_has_expired(server):
    world = RedisWorld(server, silent_s=0.6, heartbeat_s=0.1)
    first = world.gateway("gw1", 5, PBX)
    take(world, first)
    world.die(first)
    again = world.start("gw1", 5, PBX)
    world.turned.until(lambda: again.is_shared)
    world.wait(again.renew())
    assert (again.is_shared, world.taken) == (True, [])
    assert world.wait(again.view()).leases == ()
    world.close()


def test_gateway_that_was_replaced_is_told_at_once(server):
    world = RedisWorld(server)
    first = world.gateway("gw1", 5, PBX)
    world.gateway("gw1", 5, PBX)
    first._membership.register()
    world.turned.until(lambda: world.taken)
    assert not first.is_shared
    world.close()


def test_registration_older_than_the_last_one_is_ignored(world):
    nodes = world.gateway("gw1", 5, PBX)
    stale = nodes._membership.epoch
    nodes._membership.register()
    lease = take(world, nodes)
    status = status_word(nodes._local.status)
    assert world.wait(nodes._membership.link.run(REGISTER, "gw1", stale, status, 1000)) == "late"
    assert world.wait(nodes.view()).leases == (lease,)


def test_cancelled_request_keeps_no_place(world):
    nodes = world.gateway("gw1", 5, PBX)
    asked = nodes.allocate("sid")
    asked.addErrback(lambda _: None)
    asked.cancel()
    assert world.wait(nodes.view()).leases == ()


@pytest.fixture
def locked(tmp_path):
    server = RedisServer(options=("--requirepass", "hunter2"))
    server.start(tmp_path)
    yield server
    server.stop()


def test_password_and_database_are_used(locked, world):
    address = evolve(locked.address, password="hunter2", database=3)
    nodes = world.start("gw1", 5, PBX, address)
    world.turned.until(lambda: nodes.is_shared)
    assert len(world.wait(nodes.view()).gateways) == 1
    assert world.server.call("DBSIZE") == b":0\r\n"


def test_wrong_password_is_logged_once_without_it_and_calls_go_on(locked, world):
    with capturedLogs() as events:
        nodes = world.start("gw1", 5, PBX, evolve(locked.address, password="hunter1"))
        world.turned.until(lambda: logged(events))
        world.turned.turn(1.0)  # the link tries again
    (line,) = logged(events)
    assert "WRONGPASS" in line
    assert "hunter1" not in str(events)
    assert take(world, nodes).gateway == "gw1"
    assert world.metrics.counts == {"places_taken_without_redis_total": 1}
