"""An engine loses its link to Asterisk, drains, or stops: each call ends once, or goes on."""

import pytest
from attrs import evolve

from exoswitch.call import effects as fx
from exoswitch.call import events as ev
from exoswitch.call.session import CallStatus
from exoswitch.errors import BackendUnavailable, NoCapacity
from tests.harness.engine_house import (
    House,
    result,
)


@pytest.fixture
def house():
    return House()


def test_calls_that_ended_while_the_link_was_down_end_here_too(house):
    gone, still_there = house.talk(), None
    house.clock.advance(1)
    still_there = house.talk()
    house.happens(ev.SwitchLost("connection lost"))
    assert house.engine.live == 2
    house.happens(ev.SwitchReady(frozenset({still_there})))
    assert house.engine.live == 1
    assert house.session(gone).status is CallStatus.COMPLETED
    assert house.session(still_there).status is CallStatus.IN_PROGRESS


def test_call_that_was_answered_while_the_link_was_down_is_led_here_and_talks_to_its_bot(house):
    sid = result.successResultOf(house.place()).call_sid
    house.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.SwitchLost("connection lost"))
    (leg,) = house.media.legs
    here = leg.host, leg.port
    house.happens(ev.SwitchReady(frozenset({sid}), {sid: here}, frozenset({sid})))
    assert house.switch.asked[-1] == ("take_over", sid, *here, False)
    assert len(house.bots.connections) == 1
    assert house.session(sid).answered_at is not None


def _rung_out_unseen(house):
    """Let the ring time of a phone end while the link to its Asterisk is down."""
    sid = result.successResultOf(house.place()).call_sid
    house.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.SwitchLost("connection lost"))
    house.switch.ready = False
    house.clock.advance(house.session(sid).ring_s or 45.0)
    house.clock.pump([0.5] * 10)
    assert house.session(sid).status is CallStatus.RINGING
    house.switch.ready = True
    return sid


def test_phone_that_was_answered_unseen_is_not_hung_up_at_the_end_of_its_ring_time(house):
    sid = _rung_out_unseen(house)
    (leg,) = house.media.legs
    house.happens(ev.SwitchReady(frozenset({sid}), {sid: (leg.host, leg.port)}, frozenset({sid})))
    house.clock.pump([0.5] * 4)
    assert house.session(sid).status is CallStatus.IN_PROGRESS
    assert "hang_up" not in house.switch.verbs()


def test_phone_that_still_rings_when_the_link_is_up_again_has_rung_out(house):
    sid = _rung_out_unseen(house)
    house.happens(ev.SwitchReady(frozenset({sid})))
    house.clock.pump([0.5] * 2)
    assert house.switch.asked[-1] == ("hang_up", sid, 16)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert house.session(sid).status is CallStatus.NO_ANSWER


def test_link_that_stays_down_ends_a_call_that_rings(house):
    sid = _rung_out_unseen(house)
    house.switch.ready = False
    house.clock.pump([0.5] * 40)
    assert house.switch.asked[-1] == ("hang_up", sid, 16)


def test_no_new_call_goes_to_an_asterisk_whose_link_is_down(house):
    house.happens(ev.SwitchLost("connection lost"))
    result.failureResultOf(house.place(), NoCapacity)


def test_calls_with_the_same_channel_end_one_after_the_other(house):
    first = house.engine._calls.find(house.talk())
    session = evolve(first.session, call_sid="sid9", channel_id=first.call_sid)
    second = house.engine._calls.begin(session, result.successResultOf(house.nodes.allocate("sid9")))
    first.feed(first.inputs.channel_hung_up, 16)
    assert house.engine._calls.of_channel(house.switch, first.call_sid) is second
    second.feed(second.inputs.abandon)
    house.assert_nothing_is_left()


def test_stop_hangs_up_and_waits_until_asterisk_has_confirmed(house):
    sid = house.talk()
    stopped = house.engine.stopService()
    result.assertNoResult(stopped)
    assert house.bots.connections[0].asked[-1] == ("close", fx.StopReason.STOPPED)
    result.failureResultOf(house.place(), BackendUnavailable)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    result.successResultOf(stopped)
    assert house.session(sid).ending.reason == "the gateway stopped"
    house.assert_nothing_is_left()


def test_a_gateway_that_drains_takes_no_calls_and_waits_for_its_own(house):
    sid = house.talk()
    drained = house.engine.drain(60)
    assert not house.engine.ready
    result.failureResultOf(house.place(), BackendUnavailable)
    house.clock.advance(59)
    result.assertNoResult(drained)
    assert ("close", fx.StopReason.STOPPED) not in house.bots.connections[0].asked
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    result.successResultOf(drained)
    result.successResultOf(house.engine.stopService())
    house.assert_nothing_is_left()


def test_a_gateway_that_drains_waits_a_limited_time(house):
    sid = house.talk()
    drained = house.engine.drain(60)
    house.clock.advance(60)
    result.successResultOf(drained)
    stopped = house.engine.stopService()
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    result.successResultOf(stopped)


def test_drain_ends_with_the_last_call_even_if_a_stop_has_begun_meanwhile(house):
    sid = house.talk()
    drained, stopped = house.engine.drain(60), house.engine.stopService()
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    result.successResultOf(drained)
    result.successResultOf(stopped)
    house.assert_nothing_is_left()


def test_a_gateway_that_is_configured_not_to_wait_does_not_wait(house):
    house.talk()
    result.successResultOf(house.engine.drain(0))


def test_stop_with_no_calls_is_done_at_once(house):
    result.successResultOf(house.engine.stopService())
