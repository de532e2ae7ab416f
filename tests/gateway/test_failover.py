"""A gateway dies or is paused: its calls go on elsewhere, each on one gateway at a time."""

import pytest
from attrs import evolve

from exoswitch.call import events as ev
from exoswitch.call.session import BotTarget, CallStatus
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import BackendUnavailable, ChannelGone, TrunkRefused
from tests.harness.gateways import (
    BOT,
    ELSEWHERE,
    LEG,
    REQUEST,
    Gateways,
    two_with_a_call_on_the_first,
)

LONG_ENOUGH_S = 1.5


@pytest.fixture
def fleet():
    return Gateways()


def test_answered_call_of_a_dead_gateway_is_led_to_its_neighbour_and_its_bot_connected_again(fleet):
    _, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.asked == [("take_over", sid, *LEG, True)]
    (connection,) = second.bots.connections
    assert (connection.told.call_sid, connection.told.is_resumed) == (sid, True)
    connection.listener.stream_opened()
    assert connection.asked == [("start",)]
    assert fleet.leases() == {sid: "gw2"}
    assert (fleet.session(sid).gateway, fleet.session(sid).status) == ("gw2", CallStatus.IN_PROGRESS)


def test_resumed_call_has_the_rest_of_its_time_and_then_ends(fleet):
    first, second, sid = two_with_a_call_on_the_first(fleet)
    del first
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    second.bots.connections[-1].listener.stream_opened()
    fleet.advance(600.0 - LONG_ENOUGH_S)
    assert second.asked("hang_up") == [("hang_up", sid, 16)]
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    ended = fleet.session(sid)
    assert (ended.status, ended.ending.reason) == (CallStatus.COMPLETED, "the call reached its limit of 600 s")
    assert (ended.trunk, ended.charge.billed_s, ended.charge.amount) == ("lab", 600, 2)
    assert fleet.leases() == {}


@pytest.mark.parametrize(("option", "is_new"), [("new", True), ("same", False)])
def test_stream_of_a_resumed_call_has_a_new_sid_or_the_same(fleet, option, is_new):
    fleet.add("gw1")
    bot = BotTarget(url=BOT.url, options=StreamOptions(resumed_sid=option))
    sid = fleet.place("gw1", evolve(REQUEST, bot=bot))
    fleet.happens(ev.ChannelAnswered(sid))
    before = fleet.session(sid).stream_sid
    second = fleet.add("gw2")
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    told = second.bots.connections[-1].told
    assert (told.stream_sid != before) is is_new
    assert told.stream_sid == fleet.session(sid).stream_sid


def test_call_that_is_to_end_with_its_gateway_is_hung_up_and_not_taken_over_first(fleet):
    fleet.add("gw1")
    bot = BotTarget(url=BOT.url, options=StreamOptions(on_gateway_loss="hang-up"))
    sid = fleet.place("gw1", evolve(REQUEST, bot=bot))
    fleet.happens(ev.ChannelAnswered(sid))
    second = fleet.add("gw2")
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.media.legs == second.bots.connections == []
    assert second.switch.asked == [("hang_up_lost", sid, 16)]
    ended = fleet.session(sid)
    assert ended.ending.reason == "its gateway was lost: its bot is configured so that the call ends then"
    assert second.metrics.count("calls_total", status="completed") == 1
    assert fleet.leases() == {}


def test_call_that_rings_at_a_dead_gateway_is_adopted_and_connected_when_it_is_answered(fleet):
    fleet.add("gw1")
    sid = fleet.place("gw1")
    fleet.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid))
    second = fleet.add("gw2")
    second.switch.is_led = False
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.asked == [("take_over", sid, *LEG, False)]
    assert second.bots.connections == []
    fleet.happens(ev.ChannelAnswered(sid))
    (connection,) = second.bots.connections
    assert not connection.told.is_resumed


def test_call_that_was_answered_while_its_gateway_was_dying_is_connected(fleet):
    fleet.add("gw1")
    sid = fleet.place("gw1")
    fleet.happens(ev.ChannelRinging(sid))
    fleet.kill("gw1")
    second = fleet.add("gw2")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.asked == [("take_over", sid, *LEG, False)]
    assert len(second.bots.connections) == 1


def test_call_whose_caller_hung_up_meanwhile_is_over(fleet):
    _, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    second.switch.answer = ChannelGone("No such channel")
    fleet.advance(LONG_ENOUGH_S)
    assert fleet.session(sid).status is CallStatus.COMPLETED
    assert fleet.leases() == {}


def test_refused_take_over_is_recorded_as_a_refusal_and_the_caller_is_hung_up(fleet):
    _, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    second.switch.answer = TrunkRefused("Asterisk pbx1 refused Setvar: Permission denied")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.verbs() == ["take_over", "hang_up_lost"]
    fleet.happens(ev.ChannelHungUp(sid, 16, ""))
    ended = fleet.session(sid)
    assert ended.status is CallStatus.FAILED
    assert ended.ending.reason == "Asterisk refused the call: Asterisk pbx1 refused Setvar: Permission denied"
    assert fleet.leases() == {}


def test_refused_adoption_of_a_ringing_call_hangs_the_phone_up(fleet):
    fleet.add("gw1")
    sid = fleet.place("gw1")
    fleet.happens(ev.ChannelRinging(sid))
    second = fleet.add("gw2")
    second.switch.answer = TrunkRefused("Asterisk pbx1 refused Setvar: Permission denied")
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.verbs() == ["take_over", "hang_up_lost"]
    assert fleet.session(sid).status is CallStatus.FAILED


def test_call_is_led_here_as_soon_as_its_asterisk_can_be_reached_again(fleet):
    _, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    second.switch.answer = BackendUnavailable("not ready")
    fleet.advance(LONG_ENOUGH_S)
    second.bots.connections[-1].listener.stream_opened()
    second.switch.answer = None
    fleet.advance(1.0)
    assert second.asked("hang_up") == []
    assert second.switch.asked[-1] == ("take_over", sid, *LEG, True)
    asked = len(second.switch.asked)
    fleet.advance(5.0)
    assert len(second.switch.asked) == asked


def test_paused_gateway_lets_go_of_calls_that_others_have_taken(fleet):
    first, second, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    second.bots.connections[-1].listener.stream_opened()
    fleet.wake("gw1")
    first.happens(ev.MediaAnnounced(sid, "10.0.1.5", 15002, ELSEWHERE))
    assert first.engine.live == 0
    assert first.asked("hang_up") == []
    assert first.bots.connections[-1].asked[-1] == ("close", None)
    fleet.advance(LONG_ENOUGH_S)
    assert fleet.leases() == {sid: "gw2"}
    assert fleet.session(sid).gateway == "gw2"


def test_paused_gateway_learns_from_the_list_of_channels_too(fleet):
    first, _, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    fleet.wake("gw1")
    first.happens(ev.SwitchLost("it stood still"), ev.SwitchReady(frozenset([sid]), {sid: ELSEWHERE}))
    assert first.engine.live == 0
    assert first.asked("hang_up") == []


def test_paused_gateway_asks_whose_its_calls_are_before_it_acts_on_events(fleet):
    first = fleet.add("gw1")
    sid = fleet.place("gw1")
    fleet.happens(ev.ChannelRinging(sid))
    second = fleet.add("gw2")
    second.switch.is_led = False
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    fleet.happens(ev.ChannelAnswered(sid), ev.ChannelHungUp(sid, 16, ""))
    fleet.wake("gw1", ev.ChannelAnswered(sid), ev.ChannelHungUp(sid, 16, ""))
    assert first.engine.live == 0
    assert first.bots.connections == []
    assert fleet.session(sid).gateway == "gw2"


def test_late_notes_of_a_gateway_that_lost_a_call_are_ignored(fleet):
    first, _, sid = two_with_a_call_on_the_first(fleet)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    first.happens(ev.ChannelHungUp(sid, 16, ""))
    assert (fleet.session(sid).gateway, fleet.session(sid).ending) == ("gw2", None)


def test_channel_of_another_gateway_is_let_go(fleet):
    first, _, sid = two_with_a_call_on_the_first(fleet)
    first.bots.connections[-1].listener.stream_closed(1006, "gone")
    assert first.asked("hang_up") == [("hang_up", sid, 16)]
    first.happens(ev.ChannelTaken(sid))
    assert first.engine.live == 0
    assert fleet.session(sid).ending is None


def test_calls_of_a_dead_gateway_are_spread_over_the_living_gateways(fleet):
    fleet.add("gw1")
    sids = {fleet.talk("gw1") for _ in range(6)}
    others = [fleet.add(name) for name in ("gw2", "gw3")]
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert [other.engine.live for other in others] == [3, 3]
    assert set(fleet.leases()) == sids


def test_gateways_with_separate_stores_do_not_take_over_each_others_calls(fleet):
    first, second = (fleet.add(name, shares_sessions=False) for name in ("gw1", "gw2"))
    sids = [fleet.talk("gw1") for _ in range(2)]
    assert len(first.asked("originate")) == 2
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.switch.asked == []
    fleet.restart("gw1", frozenset(sids), shares_sessions=False)
    fleet.advance(0.5)
    assert fleet.leases() == dict.fromkeys(sids, "gw1")


def test_call_that_no_gateway_had_a_place_for_is_recorded_as_ended(fleet):
    fleet.add("gw1")
    sids = [fleet.talk("gw1") for _ in range(2)]
    second = fleet.add("gw2", capacity=1)
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    second.bots.connections[-1].listener.stream_opened()
    fleet.advance(40.0)
    ended = [fleet.session(sid) for sid in sids if fleet.session(sid).ending is not None]
    assert [session.ending.reason for session in ended] == [
        "its gateway was lost: no other gateway had a place for it"
    ]
    assert second.asked("hang_up_lost") == [("hang_up_lost", session.call_sid, 16) for session in ended]
    assert len(fleet.leases()) == 1
