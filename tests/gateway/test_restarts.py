"""A gateway that comes back goes on with its calls, and one that stops can hand them off."""

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from exoswitch.call import events as ev
from exoswitch.call.session import CallStatus
from exoswitch.errors import ChannelGone
from exoswitch.fleet.memory import MemoryNodes
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.sessions.memory import MemorySessions
from tests.harness.gateways import (
    ELSEWHERE,
    LEG,
    Gateways,
    SharedWorld,
    two_with_a_call_on_the_first,
)
from tests.harness.recorders import RecordedSwitch

LONG_ENOUGH_S = 1.5


@pytest.fixture
def fleet():
    return Gateways()


def test_single_gateway_recovers_its_own_calls(fleet):
    fleet.add("gw1")
    sid = fleet.talk("gw1")
    fleet.kill("gw1")
    fleet.advance(3.0)
    back = fleet.restart("gw1", frozenset([sid]))
    fleet.advance(0.5)
    assert back.switch.asked == [("take_over", sid, *LEG, True)]
    assert back.bots.connections[-1].told.is_resumed
    assert fleet.leases() == {sid: "gw1"}


def test_gateway_whose_name_another_process_took_lets_go_of_the_calls_that_this_one_goes_on_with(fleet):
    first = fleet.add("gw1")
    sid = fleet.talk("gw1")
    fleet.kill("gw1")
    fleet.advance(3.0)
    fleet.restart("gw1", frozenset([sid]))
    fleet.advance(0.5)
    first.engine.name_taken()
    assert first.engine.hang_up_all() == 0
    assert first.asked("hang_up") == []
    assert fleet.leases() == {sid: "gw1"}


def test_session_that_cannot_be_used_does_not_stop_the_others(fleet, logged_failures, monkeypatch):
    fleet.add("gw1")
    sids = [fleet.talk("gw1") for _ in range(3)]
    second = fleet.add("gw2")
    begin = LiveCalls.begin

    def begin_or_fail(calls, session, lease):
        if session.call_sid == sids[1]:
            raise LookupError("a word of a later version")
        return begin(calls, session, lease)

    monkeypatch.setattr(LiveCalls, "begin", begin_or_fail)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert {request[1] for request in second.asked("take_over")} == {sids[0], sids[2]}
    assert fleet.leases() == {sids[0]: "gw2", sids[2]: "gw2"}
    assert fleet.session(sids[1]).ending.reason.endswith("its session cannot be used by this gateway")
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_restarted_gateway_recovers_its_calls_although_its_clock_was_set_back(fleet):
    fleet.add("gw1")
    sid = fleet.talk("gw1")
    session = fleet.session(sid)
    fleet.world.sessions.note(evolve(session, created_at=session.created_at + 3600))
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    again = fleet.restart("gw1", frozenset({sid}))
    fleet.advance(0.1)
    assert again.asked("take_over") == [("take_over", sid, *LEG, True)]


def test_restarted_gateway_records_the_calls_that_ended_without_it(fleet):
    fleet.add("gw1")
    talking, ringing = fleet.talk("gw1"), fleet.place("gw1")
    fleet.kill("gw1")
    fleet.restart("gw1", switch=RecordedSwitch(answer=ChannelGone("No such channel")))
    fleet.advance(0.5)
    assert fleet.session(talking).ending.reason == "its gateway was lost: it ended while no gateway had it"
    assert fleet.session(ringing).status is CallStatus.FAILED
    assert fleet.leases() == {}


def test_restarted_gateway_leaves_calls_to_gateways_that_took_them_over(fleet):
    _, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    back = fleet.restart("gw1", frozenset([sid]))
    fleet.advance(LONG_ENOUGH_S)
    assert back.switch.asked == []
    assert fleet.holder(sid) is second


def test_each_call_is_resumed_or_ended_once_although_asterisk_is_heard_of_twice(fleet, monkeypatch):
    fleet.add("gw1")
    talking, gone = fleet.talk("gw1"), fleet.talk("gw1")
    fleet.kill("gw1")
    fleet.advance(3.0)
    allocate, waiting = MemoryNodes.allocate, []

    def allocate_later(nodes, *details, **more):
        waiting.append(Deferred())
        return waiting[-1].addCallback(lambda _: allocate(nodes, *details, **more))

    monkeypatch.setattr(MemoryNodes, "allocate", allocate_later)
    back = fleet.restart("gw1", frozenset([talking]))
    back.happens(ev.SwitchLost("pulled"), ev.SwitchReady(frozenset([talking])))
    (place,) = waiting
    place.callback(None)
    fleet.advance(0.5)
    assert fleet.session(gone).ending.reason == "its gateway was lost: it ended while no gateway had it"
    assert back.metrics.count("calls_total") == 1
    assert fleet.leases() == {talking: "gw1"}


class SlowSessions(MemorySessions):
    """A store that takes its time to find what was left."""

    def unfinished(self, gateway):
        self.found, asked = Deferred(), super().unfinished
        return self.found.addCallback(lambda _: asked(gateway))


def test_call_that_began_before_the_store_was_read_is_not_recovered():
    fleet = Gateways(SharedWorld(sessions=SlowSessions()))
    gateway = fleet.add("gw1")
    sid = fleet.talk("gw1")
    fleet.world.sessions.found.callback(None)
    fleet.advance(0.5)
    assert gateway.switch.verbs() == ["originate"]
    assert fleet.session(sid).ending is None


def test_gateway_that_stops_can_hand_its_calls_off(fleet):
    first, second, sid = two_with_a_call_on_the_first(fleet)
    first.nodes.set_draining(None, draining=True)
    over = []
    first.engine.drain(30.0, hand_over=True).addCallback(over.append)
    fleet.advance(0.5)
    assert second.switch.asked == [("take_over", sid, *LEG, True)]
    assert over == []
    first.happens(ev.MediaAnnounced(sid, "10.0.1.5", 15002, ELSEWHERE))
    assert over == [None]
    assert first.asked("hang_up") == []
    assert fleet.leases() == {sid: "gw2"}
