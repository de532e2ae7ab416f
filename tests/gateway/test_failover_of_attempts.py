"""A gateway dies while a call is between two trunks, or rings on the second one: its phone never rings twice."""

import pytest
from attrs import evolve

from exoswitch.call import events as ev
from exoswitch.call.session import CallStatus
from exoswitch.fleet.trunks.status import TrunkLimits
from tests.harness.gateways import LEG, Gateways
from tests.harness.recorders import Unanswered

LONG_ENOUGH_S = 1.5
TRUNKS = ("lab", "other", "third")


@pytest.fixture
def fleet():
    return Gateways()


def refuse(fleet, channel_id):
    fleet.happens(
        ev.ChannelDialled(channel_id),
        ev.OriginateFailed(channel_id, 0),
        ev.ChannelHungUp(channel_id, 34, "", 503, by_peer=True),
    )


def two_with_a_call_on_its_second_trunk(fleet, *, forgets):
    """Let a call of gw1 be dialled on a second trunk; then gw1 is dead, and perhaps its last notes are lost."""
    first = fleet.add("gw1", trunk_names=TRUNKS)
    sid = fleet.place("gw1")
    noted = fleet.session(sid)
    refuse(fleet, sid)
    fleet.advance(0.1)
    assert [request[1].channel_id for request in first.asked("originate")] == [sid, f"{sid}-2"]
    if forgets:
        fleet.world.sessions._sessions[sid] = noted
    second = fleet.add("gw2", trunk_names=TRUNKS)
    second.switch.gone = {sid, f"{sid}-3"}
    second.switch.is_led = False
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    return second, sid


@pytest.mark.parametrize("forgets", [False, True])
def test_call_that_rings_on_its_second_trunk_is_adopted_even_if_the_last_notes_are_lost(fleet, forgets):
    second, sid = two_with_a_call_on_its_second_trunk(fleet, forgets=forgets)
    assert second.asked("take_over")[-1] == ("take_over", f"{sid}-2", *LEG, False)
    fleet.happens(ev.ChannelRinging(f"{sid}-2"), ev.ChannelAnswered(f"{sid}-2"))
    second.bots.connections[0].listener.stream_opened()
    assert fleet.session(sid).status is CallStatus.IN_PROGRESS
    fleet.happens(ev.ChannelHungUp(f"{sid}-2", 16, ""))
    assert fleet.session(sid).status is CallStatus.COMPLETED
    assert (fleet.leases(), second.asked("originate")) == ({}, [])


@pytest.mark.parametrize("forgets", [False, True])
def test_events_of_a_channel_that_no_note_named_are_those_of_the_call(fleet, forgets):
    second, sid = two_with_a_call_on_its_second_trunk(fleet, forgets=forgets)
    fleet.happens(ev.ChannelHungUp(f"{sid}-2", 17, "", 486, by_peer=True))
    assert fleet.session(sid).status is CallStatus.BUSY
    assert (fleet.leases(), second.asked("originate")) == ({}, [])


def test_call_that_was_between_two_trunks_fails_and_says_why_the_first_one_failed(fleet):
    second, sid = two_with_a_call_on_its_second_trunk(fleet, forgets=False)
    fleet.happens(ev.SwitchReady(frozenset()))
    ended = fleet.session(sid)
    assert ended.status is CallStatus.FAILED
    assert "before: not answered on trunk lab (127.0.0.1:5060): the trunk has no free line" in ended.ending.reason
    assert (fleet.leases(), second.asked("originate")) == ({}, [])


def test_restarted_gateway_finds_the_channel_that_is_up_in_asterisks_list(fleet):
    fleet.add("gw1", trunk_names=TRUNKS)
    sid = fleet.place("gw1")
    noted = fleet.session(sid)
    refuse(fleet, sid)
    fleet.advance(0.1)
    fleet.world.sessions._sessions[sid] = noted
    fleet.kill("gw1")
    fleet.advance(40)
    restarted = fleet.restart("gw1", frozenset({f"{sid}-2"}), trunk_names=TRUNKS)
    restarted.switch.is_led = False
    fleet.advance(1)
    fleet.happens(ev.ChannelAnswered(f"{sid}-2"))
    assert fleet.session(sid).status is CallStatus.IN_PROGRESS
    assert restarted.asked("originate") == []


def test_lost_call_is_hung_up_on_each_channel_that_it_may_have(fleet):
    fleet.add("gw1", trunk_names=TRUNKS)
    second = fleet.add("gw2", trunk_names=TRUNKS)
    sid = fleet.place("gw1")
    holder = fleet.holder(sid)
    (other,) = [gateway for gateway in (second, fleet.by_name["gw1"]) if gateway is not holder]
    other.media.is_full = True
    fleet.kill(holder.name)
    fleet.advance(LONG_ENOUGH_S)
    assert [request[1] for request in other.asked("hang_up_lost")] == [sid, f"{sid}-2", f"{sid}-3"]


def test_paused_gateway_does_not_dial_the_next_trunk_before_it_knows_whose_the_call_is(fleet):
    first = fleet.add("gw1", trunk_names=TRUNKS)
    first.trunks.set_limits({"lab": TrunkLimits(30, 1.0), "other": TrunkLimits(30, 1.0)})
    first.trunks.take("another call", ["other"])
    sid = fleet.place("gw1")
    refuse(fleet, sid)  # The turn of the other trunk comes in a second.
    fleet.add("gw2", trunk_names=TRUNKS).switch.gone = {sid, f"{sid}-2", f"{sid}-3"}
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    first.trunks.set_limits(dict.fromkeys(TRUNKS, TrunkLimits(30, 1000.0)))
    view, first.nodes.view = first.nodes.view, Unanswered()
    fleet.wake("gw1")
    fleet.advance(2)
    assert len(first.asked("originate")) == 1
    view().addCallback(first.nodes.view.waiting[0].callback)
    fleet.advance(2)
    assert len(first.asked("originate")) == 1
    assert first.engine.live == 0
    assert fleet.session(sid).status is CallStatus.FAILED


def test_gateway_that_gets_a_call_back_does_not_dial_it_a_second_time(fleet):
    first = fleet.add("gw1", trunk_names=TRUNKS)
    sid = fleet.place("gw1")
    second = fleet.add("gw2", trunk_names=TRUNKS)
    first.switch.is_led = second.switch.is_led = False
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert fleet.holder(sid) is second
    fleet.wake("gw1")
    fleet.advance(LONG_ENOUGH_S)
    fleet.kill("gw2")
    fleet.advance(LONG_ENOUGH_S)
    assert fleet.holder(sid) is first
    assert len(first.asked("originate")) == 1
    assert first.asked("take_over") == [("take_over", sid, *LEG, False)]


def test_dialled_call_without_notes_is_not_dialled_by_the_gateway_that_gets_it_back(fleet):
    first = fleet.add("gw1", trunk_names=TRUNKS)
    sid = fleet.place("gw1")
    forgotten = evolve(fleet.session(sid), channel_id=None, attempts=())
    second = fleet.add("gw2", trunk_names=TRUNKS)
    first.switch.is_led = second.switch.is_led = False
    fleet.kill("gw1")
    fleet.world.sessions._sessions[sid] = forgotten
    fleet.advance(LONG_ENOUGH_S)
    fleet.wake("gw1")
    fleet.advance(LONG_ENOUGH_S)
    fleet.kill("gw2")
    fleet.advance(LONG_ENOUGH_S)
    assert fleet.holder(sid) is first
    assert (len(first.asked("originate")), second.asked("originate")) == (1, [])
