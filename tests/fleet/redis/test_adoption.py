"""Calls pass from one gateway to another in Redis: lost answers, two registries that differ, pauses."""

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.redis.scripts import ACKNOWLEDGE
from tests.harness.redis_server import needs_redis
from tests.harness.redis_world import RedisWorld

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("patient_links"), needs_redis()]

PBX = {"pbx1": 9}
SILENT_S, KEEP_S = 10.0, 20.0


@pytest.fixture
def world(server):
    world = RedisWorld(server, silent_s=SILENT_S, keep_s=KEEP_S)
    yield world
    world.close()


def take(world, nodes, **options):
    return world.wait(nodes.allocate("sid", **options))


def held(nodes):
    """Count the leases in the local registry of a gateway."""
    return len(nodes._local.leases)


def leave_orphan(world, adopter):
    """Let a gateway with a call die; the other one may adopt it."""
    dying = world.gateway("gw2", 9, PBX)
    lease = take(world, dying)
    world.die(dying)
    world.advance(SILENT_S)
    world.wait(adopter.renew())
    return lease


def unavailable(*_):
    return fail(BackendUnavailable("by this test"))


def test_gateway_that_has_just_reconnected_declares_no_gateway_dead(server):
    world = RedisWorld(server, silent_s=SILENT_S, settle_s=60.0)
    fresh = world.gateway("gw1", 9, PBX)
    lease = leave_orphan(world, fresh)
    world.advance(KEEP_S)
    world.wait(fresh.renew())
    assert world.wait(fresh.adopt()) == world.wait(fresh.reap()) == ()
    assert world.wait(fresh.view()).leases == (lease,)
    world.close()


def test_gateway_that_has_just_connected_adopts_what_was_handed_off_to_it(server):
    world = RedisWorld(server, silent_s=SILENT_S, settle_s=60.0)
    first, fresh = (world.gateway(name, 9, PBX) for name in ("gw1", "gw2"))
    lease = take(world, first)
    assert world.wait(first.hand_off([lease])) == {"sid"}
    assert [one.token for one in world.wait(fresh.adopt())] == [lease.token]
    world.close()


def test_full_fleet_pauses_between_attempts_to_reassign_calls(server):
    world = RedisWorld(server, silent_s=SILENT_S, retry_s=60.0)
    nodes = world.gateway("gw1", 9, PBX)
    nodes.set_draining(None, draining=True)
    lease = leave_orphan(world, nodes)
    assert world.wait(nodes.adopt()) == ()
    nodes.set_draining(None, draining=False)
    assert world.wait(nodes.adopt()) == ()
    server.call("DEL", "exoswitch:adoption_pause")
    assert [one.token for one in world.wait(nodes.adopt())] == [lease.token]
    world.close()


def test_many_calls_of_a_dead_gateway_are_reassigned_in_several_steps(world):
    nodes, dying = (world.gateway(name, 300, {"pbx1": 300}) for name in ("gw1", "gw2"))
    for at in range(250):
        world.wait(dying.receive("pbx1", f"17.{at}", "sid", excluding="gw1"))
    world.die(dying)
    world.advance(SILENT_S)
    world.wait(nodes.renew())
    assert [len(world.wait(nodes.adopt())) for _ in range(3)] == [200, 50, 0]
    assert held(nodes) == 250


def test_adopted_call_is_in_the_local_registry_and_entered_again_after_redis_lost_it(server, world):
    nodes = world.gateway("gw1", 9, PBX)
    leave_orphan(world, nodes)
    (adopted,) = world.wait(nodes.adopt())
    assert held(nodes) == 1
    server.call("FLUSHALL")
    world.wait(nodes.renew())
    assert world.wait(nodes.view()).leases == (adopted,)


def test_lost_answer_is_repeated_on_the_next_connection(world):
    nodes = world.gateway("gw1", 9, PBX)
    lease = leave_orphan(world, nodes)
    unheard = nodes.adopt()
    unheard.addErrback(lambda failure: failure.trap(CancelledError))
    unheard.cancel()
    nodes._membership.register()
    assert [one.token for one in world.wait(nodes.adopt())] == [lease.token]
    assert world.wait(nodes.adopt()) == ()


def test_adoption_that_redis_repeats_for_lack_of_an_acknowledgement_is_returned_once(world, monkeypatch):
    nodes = world.gateway("gw1", 9, PBX)
    leave_orphan(world, nodes)
    ask = nodes._membership.ask
    monkeypatch.setattr(
        nodes._membership,
        "ask",
        lambda script, *words: unavailable() if script is ACKNOWLEDGE else ask(script, *words),
    )
    assert len(world.wait(nodes.adopt())) == 1
    assert world.wait(nodes.adopt()) == ()
    monkeypatch.undo()
    assert world.wait(nodes.adopt()) == ()
    assert nodes._unacknowledged
    assert world.wait(nodes.adopt()) == ()
    assert not nodes._unacknowledged


def test_waiting_call_is_taken_by_the_asking_gateway_without_redis(server, world, monkeypatch):
    nodes = world.gateway("gw1", 9, PBX)
    world.gateway("gw2", 9999, PBX)
    take(world, nodes)
    monkeypatch.setattr(nodes._membership, "ask", unavailable)
    lease = world.wait(nodes.receive("pbx1", "17.1", "sid"))
    assert (lease.gateway, lease.asterisk, held(nodes)) == ("gw1", "pbx1", 2)
    assert world.metrics.counts == {"places_taken_without_redis_total": 1}


@pytest.mark.parametrize("what", ["adopt", "reap", "hold", "transfer", "hand_off"])
def test_operations_that_need_other_gateways_fail_without_redis(world, what):
    address = type(world.server.address)(host="127.0.0.1", port=1)
    nodes = world.start("gw1", 9, PBX, address)
    lease = take(world, nodes)
    elsewhere = type(lease)(token="t", call_sid="sid", gateway="gw2", asterisk="pbx1")
    arguments = {"hold": [lease], "transfer": [elsewhere], "hand_off": [[lease]]}.get(what, [])
    with pytest.raises(BackendUnavailable):
        world.wait(getattr(nodes, what)(*arguments))
    assert held(nodes) == 1


def test_call_that_others_adopted_leaves_the_local_registry_by_the_comparison(world):
    nodes, other = (world.gateway(name, 9, PBX) for name in ("gw1", "gw2"))
    kept, lost = take(world, nodes), take(world, nodes)
    world.wait(nodes.hand_off([lost]))
    nodes._local.enter(lost)  # as if this gateway had been paused while the other one adopted it
    for _ in range(2):
        assert held(nodes) == 2
        world.wait(Deferred.fromCoroutine(nodes._membership.compare()))
    assert held(nodes) == 1
    world.wait(nodes.release(kept))
    assert [one.token for one in world.wait(other.adopt())] == [lost.token]


def test_place_that_we_hold_in_redis_without_knowing_it_is_released_by_the_comparison(world):
    nodes, other = (world.gateway(name, 9, PBX) for name in ("gw1", "gw2"))
    late = world.wait(other.receive("pbx1", "17.1", "sid"))
    assert late.gateway == "gw1"
    for _ in range(2):
        assert world.wait(nodes.view()).leases == (late,)
        world.wait(Deferred.fromCoroutine(nodes._membership.compare()))
    assert world.wait(nodes.view()).leases == ()
