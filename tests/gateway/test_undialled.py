"""A call that was accepted, and that no gateway dials, ends like any other call."""

import pytest
from attrs import evolve

from exoswitch.call import events as ev
from exoswitch.call.session import CallStatus
from exoswitch.call.status_callback import StatusCallback
from exoswitch.gateway.resume import STALE_S
from exoswitch.gateway.undialled import LOOK_EVERY_S
from exoswitch.sessions.memory import MemorySessions
from tests.harness.gateways import REQUEST, Gateway, Gateways, SharedWorld

CALLBACK = StatusCallback(url="http://crm.example.org/done")


@pytest.fixture
def told():
    """The callbacks that the sessions of the fleet ask for."""
    return []


@pytest.fixture
def fleet(told):
    return Gateways(SharedWorld(sessions=MemorySessions(add_callbacks=told.extend)))


def accepted_and_lost(fleet):
    """Place a call at gw1, which dies with gw2 before either dials it; Redis forgets all places."""
    fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    fleet.by_name["gw2"].jobs.stopService()
    sid = fleet.place("gw1", evolve(REQUEST, callback=CALLBACK))
    fleet.kill("gw1"), fleet.kill("gw2")
    for lease in fleet.world.fleet.view(0).leases:
        fleet.world.fleet.release(fleet.world.fleet._holders[lease.token], lease.token)
    return sid


def test_call_that_no_gateway_has_dialled_for_minutes_fails_and_is_told_once(fleet, told):
    sid = accepted_and_lost(fleet)
    third = fleet.add("gw3")
    fleet.advance(STALE_S - 20)
    assert fleet.session(sid).status is CallStatus.QUEUED
    fleet.advance(2 * LOOK_EVERY_S + 30)
    ended = fleet.session(sid)
    assert (ended.status, ended.callback) == (CallStatus.FAILED, CALLBACK)
    assert ended.ending.reason == "its gateway was lost: no gateway dialled it for 300 s"
    for name in ("gw1", "gw2"):
        fleet.restart(name)
    fleet.advance(2 * LOOK_EVERY_S)
    assert fleet.session(sid) == ended
    assert {(row.call_sid, row.event) for row in told} == {(sid, "terminal")}
    assert [gateway.asked("originate") for gateway in (third, *fleet.living)] == [[]] * 4


def test_call_that_was_perhaps_dialled_and_never_noted_is_hung_up_too(fleet):
    sid = accepted_and_lost(fleet)
    fleet.world.sessions.claim(sid, "a process that is dead")
    third = fleet.add("gw3")
    fleet.advance(STALE_S + 2 * LOOK_EVERY_S)
    assert fleet.session(sid).status is CallStatus.FAILED
    assert ("hang_up_lost", sid, 16) in third.asked("hang_up_lost")


def test_call_with_a_place_waits_on(fleet):
    fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    fleet.by_name["gw2"].jobs.stopService()
    sid = fleet.place("gw1")
    fleet.advance(STALE_S + 3 * LOOK_EVERY_S)
    assert fleet.session(sid).status is CallStatus.QUEUED


def test_call_of_a_single_gateway_ends_although_its_asterisk_stays_away(fleet):
    sid = accepted_and_lost(fleet)
    back = Gateway("gw2", fleet.world)
    fleet.by_name["gw2"] = back
    back.jobs.startService()
    back.engine.startService()
    fleet.advance(STALE_S + 2 * LOOK_EVERY_S)
    ended = fleet.session(sid)
    assert ended.status is CallStatus.FAILED
    back.happens(ev.SwitchReady(frozenset()))
    fleet.advance(1.0)
    assert fleet.session(sid) == ended
    assert back.asked("originate") == []
