"""A call that is accepted is dialled once, by the gateway that has its place, whatever fails meanwhile."""

from unittest.mock import patch

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, fail

from exoswitch.call import events as ev
from exoswitch.call.session import CallStatus
from exoswitch.call.status_callback import StatusCallback
from exoswitch.errors import BackendUnavailable, ChannelGone, NoCapacity
from exoswitch.sessions.memory import MemorySessions
from tests.harness.gateways import (
    LEG,
    REQUEST,
    Gateways,
    SharedWorld,
    result,
    two_with_a_call_on_the_first,
)

LONG_ENOUGH_S = 1.5


@pytest.fixture
def fleet():
    return Gateways()


def test_call_is_dialled_by_the_gateway_that_has_the_place(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    sid = fleet.place("gw1")
    assert [len(gateway.asked("originate")) for gateway in (first, second)] == [1, 1]
    assert fleet.holder(sid) is second
    assert (fleet.session(sid).gateway, fleet.session(sid).trunk) == ("gw2", "lab")
    assert result.successResultOf(first.engine.find("acme1", sid)).call_sid == sid


def test_concurrency_of_an_account_is_counted_over_the_fleet_and_survives_failover(fleet):
    fleet.add("gw1"), fleet.add("gw2")
    tiny = evolve(REQUEST, account="tiny")
    sid = fleet.place("gw1", tiny)
    for name in ("gw1", "gw2"):
        assert "account tiny" in result.failureResultOf(fleet.by_name[name].engine.place(tiny)).getErrorMessage()
    fleet.kill(fleet.holder(sid).name)
    fleet.advance(LONG_ENOUGH_S)
    (survivor,) = fleet.living
    assert "account tiny" in result.failureResultOf(survivor.engine.place(tiny)).getErrorMessage()
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    assert result.successResultOf(survivor.engine.place(tiny)).account == "tiny"


def test_call_that_cannot_be_handed_over_is_dialled_where_it_was_accepted(fleet):
    first, second = fleet.add("gw1", capacity=2, has_post=False), fleet.add("gw2")
    fleet.talk("gw1")
    sid = fleet.place("gw1")
    assert fleet.holder(sid) is first
    assert second.switch.asked == []
    refused = first.engine.place(evolve(REQUEST, callback=StatusCallback(url="http://crm.example.org/done")))
    fleet.advance(0.2)
    result.failureResultOf(refused, NoCapacity)
    failed = [session for session in fleet.world.sessions._sessions.values() if session.status.is_final]
    assert [(session.status, session.callback) for session in failed] == [(CallStatus.FAILED, None)]
    assert len(fleet.leases()) == 2


def test_call_is_refused_if_no_asterisk_of_the_fleet_can_be_reached(fleet):
    for name in ("gw1", "gw2"):
        fleet.add(name).switch.ready = False
    fleet.happens(ev.SwitchLost("gone"))
    refused = fleet.by_name["gw1"].engine.place(REQUEST)
    fleet.advance(0.1)
    assert "no Asterisk" in result.failureResultOf(refused, BackendUnavailable).getErrorMessage()


def test_job_that_comes_twice_is_dialled_once(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    sid = fleet.place("gw1")
    (lease,) = [lease for lease in fleet.world.fleet.view(0).leases if lease.call_sid == sid]
    del first
    for _ in range(2):
        fleet.world.queues.append(lease)
        fleet.advance(0.3)
    assert len(second.asked("originate")) == 1


def test_job_of_a_gateway_that_dies_before_it_dials_is_dialled_once_by_another(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    fleet.kill("gw2")
    sid = fleet.place("gw1")
    assert second.switch.asked == []
    fleet.advance(LONG_ENOUGH_S)
    assert [origination.channel_id for _, origination in first.asked("originate")][1:] == [sid]
    fleet.restart("gw2")
    fleet.advance(LONG_ENOUGH_S)
    assert fleet.by_name["gw2"].asked("originate") == []


def forgotten_by_redis(fleet, second):
    """Hand a call over to the second gateway, and let Redis lose its job and its lease."""
    fleet.talk("gw1")
    second.jobs.stopService()
    sid = fleet.place("gw1")
    (lease,) = [lease for lease in fleet.world.fleet.view(0).leases if lease.call_sid == sid]
    fleet.world.queues.queue("gw2").clear()
    second.nodes.release(lease)
    second.jobs.startService()
    return sid


def test_call_that_redis_forgot_after_the_hand_over_is_still_dialled(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    sid = forgotten_by_redis(fleet, second)
    fleet.advance(11.0)
    assert len(first.asked("originate")) + len(second.asked("originate")) == 2
    assert fleet.leases()[sid] == fleet.session(sid).gateway


def test_call_that_redis_forgot_is_placed_again_although_the_fleet_does_not_answer_at_first(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    sid = forgotten_by_redis(fleet, second)
    with patch.object(first.nodes, "allocate", lambda *_, **__: fail(BackendUnavailable("Redis is away"))):
        fleet.advance(11.0)
        assert sid not in fleet.leases()
    fleet.advance(6.0)
    assert fleet.leases()[sid] == fleet.session(sid).gateway


def test_call_is_accepted_although_its_place_cannot_be_given_away_at_once(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.talk("gw1")
    with patch.object(first.nodes, "transfer", lambda _lease: fail(BackendUnavailable("Redis is away"))):
        sid = fleet.place("gw1")
    fleet.advance(1.0)
    assert fleet.holder(sid) is second
    assert fleet.leases()[sid] == "gw2"


class SlowToSave(MemorySessions):
    """A store that saves the first session when the test says so."""

    saving = None

    def save(self, session):
        self.saving = session, Deferred()
        return self.saving[1]

    def finish(self):
        session, saved = self.saving
        self.note(session)
        saved.callback(None)


def test_call_that_lost_its_place_in_a_pause_while_it_was_saved_is_dialled_once():
    fleet = Gateways(SharedWorld(sessions=SlowToSave()))
    first, second = fleet.add("gw1"), fleet.add("gw2")
    placed = first.engine.place(REQUEST)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    fleet.wake("gw1")
    fleet.world.sessions.finish()
    fleet.advance(1.0)
    sid = result.successResultOf(placed).call_sid
    assert (len(first.asked("originate")), len(second.asked("originate"))) == (1, 0)
    fleet.happens(ev.ChannelHungUp(sid, 17, ""))
    assert fleet.session(sid).ending is not None
    assert fleet.leases() == {}


class SometimesAway(MemorySessions):
    """A store that can be away for a while: it answers neither reads nor claims."""

    is_away = False

    def recall(self, call_sids):
        return fail(BackendUnavailable("away")) if self.is_away else super().recall(call_sids)

    def claim(self, call_sid, token):
        return fail(BackendUnavailable("away")) if self.is_away else super().claim(call_sid, token)


@pytest.fixture
def forgetful():
    """A fleet whose store can be away."""
    return Gateways(SharedWorld(sessions=SometimesAway()))


def test_accepted_call_waits_for_the_store_before_it_is_dialled(forgetful):
    gateway, sessions = forgetful.add("gw1"), forgetful.world.sessions
    sessions.is_away = True
    sid = forgetful.place("gw1")
    forgetful.advance(5.0)
    assert gateway.asked("originate") == []
    sessions.is_away = False
    forgetful.advance(1.0)
    assert len(gateway.asked("originate")) == 1
    sessions.is_away = True
    given_up = forgetful.place("gw1")
    forgetful.advance(25.0)
    sessions.is_away = False
    assert forgetful.session(given_up).status is CallStatus.FAILED
    assert list(forgetful.leases()) == [sid]


def test_job_that_arrives_while_the_store_is_away_is_dialled_once_it_is_back(forgetful):
    forgetful.add("gw1")
    second, sessions = forgetful.add("gw2"), forgetful.world.sessions
    forgetful.talk("gw1")
    sessions.is_away = True
    sid = forgetful.place("gw1")
    forgetful.advance(5.0)
    assert second.asked("originate") == []
    sessions.is_away = False
    forgetful.advance(1.0)
    assert [origination.channel_id for _, origination in second.asked("originate")] == [sid]


def test_calls_taken_over_while_the_store_is_away_are_resumed_when_it_is_back(forgetful):
    _, second, sid = two_with_a_call_on_the_first(forgetful)
    forgetful.kill("gw1")
    forgetful.world.sessions.is_away = True
    forgetful.advance(5.0)
    assert second.switch.asked == []
    forgetful.world.sessions.is_away = False
    forgetful.advance(1.0)
    assert second.switch.asked == [("take_over", sid, *LEG, True)]


def test_call_that_may_have_been_dialled_is_not_dialled_again(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    del first
    fleet.talk("gw1")
    sid = fleet.place("gw1")
    assert fleet.holder(sid) is second
    fleet.kill("gw2")
    fleet.by_name["gw1"].switch.answer = ChannelGone("No such channel")
    fleet.advance(LONG_ENOUGH_S)
    assert len(fleet.by_name["gw1"].asked("originate")) == 1
    assert fleet.session(sid).status is CallStatus.FAILED
