"""The engine with its calls: what is asked of Asterisk, media and bots, from the first request to the end."""

import pytest
from attrs import evolve
from twisted.logger import formatEvent

from exoswitch.call import effects as fx
from exoswitch.call import events as ev
from exoswitch.call.session import CallStatus, Direction, DisconnectedBy
from exoswitch.errors import TrunkError
from exoswitch.fleet.trunks.memory import MemoryTrunks
from tests.harness.engine_house import DRAIN, PERSON, RECONNECT, REQUEST, House, Slow, result


@pytest.fixture
def house():
    return House()


def test_placed_call_is_saved_and_dialled_on_the_trunk_with_its_sid_as_channel(house):
    session = result.successResultOf(house.place())
    assert (session.direction, session.status) == (Direction.OUTBOUND, CallStatus.QUEUED)
    assert (session.customer, session.exophone) == (PERSON, "08047491899")
    assert (session.trunk, session.asterisk) == ("lab", "pbx1")
    verb, origination = house.switch.asked[0]
    assert verb == "originate"
    assert origination.channel_id == session.call_sid
    assert origination.channel.endswith("@lab")
    assert (origination.media_host, origination.media_port) == ("10.0.0.5", 20000)
    assert house.session(session.call_sid).call_sid == session.call_sid


def test_fault_of_ours_in_the_choice_of_a_trunk_ends_the_call_and_gives_its_place_back(
    house, monkeypatch, logged_failures
):
    monkeypatch.setattr(MemoryTrunks, "take", lambda *_given, **_named: {}["a bug"])
    refusal = result.failureResultOf(house.place(), TrunkError)
    assert "by a fault of the gateway: see its log" in refusal.getErrorMessage()
    assert [formatEvent(event) for event in logged_failures] == ["call sid1: no trunk could be chosen"]
    logged_failures.clear()
    house.assert_nothing_is_left()


def test_live_call_is_shown_while_the_store_is_away(house):
    sid = house.talk()
    object.__setattr__(house.engine._environment, "sessions", Slow(ready=False))
    assert house.session(sid).status is CallStatus.IN_PROGRESS


def test_call_goes_through_its_statuses(house):
    sid = result.successResultOf(house.place()).call_sid
    house.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid))
    assert house.session(sid).status is CallStatus.RINGING
    house.clock.advance(3)
    house.happens(ev.ChannelAnswered(sid))
    house.clock.advance(1)
    house.bots.connections[0].listener.stream_opened()
    assert house.session(sid).status is CallStatus.IN_PROGRESS
    house.clock.advance(16)
    house.happens(ev.ChannelHungUp(sid, 16, "Normal Clearing"))
    ended = house.session(sid)
    assert (ended.status, ended.duration_s) == (CallStatus.COMPLETED, 17.0)
    assert (ended.charge.billed_s, f"{ended.charge.amount}", f"{ended.charge.baseline}") == (
        60,
        "0.200000",
        "0.500000",
    )
    assert house.metrics.count("calls_total", status="completed") == 1
    house.assert_nothing_is_left()


def test_bot_is_told_of_the_person_and_our_number(house):
    house.talk()
    told = house.bots.connections[0].told
    assert (told.customer, told.exophone, told.account) == ("+919812345610", REQUEST.exophone, "acme1")
    assert told.call_sid != told.stream_sid


def test_resolver_gets_the_direction_and_the_custom_field(house):
    sid = result.successResultOf(house.place(evolve(REQUEST, custom_field="order 7"))).call_sid
    house.happens(ev.ChannelDialled(sid), ev.ChannelRinging(sid), ev.ChannelAnswered(sid))
    told = house.bots.connections[0].told
    assert (told.direction, told.custom_field) == (Direction.OUTBOUND, "order 7")


def test_media_is_directed_attached_and_detached(house):
    sid = house.talk()
    house.happens(ev.MediaAnnounced(sid, "10.0.1.5", 15100), ev.DigitPressed(sid, "7", 90))
    leg, bot = house.media.legs[0], house.bots.connections[0]
    assert leg.stream is bot
    assert leg.asked == [("direct", "10.0.1.5", 15100)]
    assert bot.asked == [("start",), ("digit", "7", 90)]
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert leg.stream is None
    assert bot.asked[-1] == ("close", fx.StopReason.CALL_ENDED)


def test_phone_is_hung_up_when_the_bot_closes(house):
    sid = house.talk()
    house.bots.connections[0].listener.stream_closed(1000, "bye")
    assert house.switch.asked[-1] == ("hang_up", sid, 16)
    assert house.engine.live == 1
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    house.assert_nothing_is_left()


def test_hang_up_that_asterisk_never_confirms_still_frees_everything(house):
    house.talk()
    house.bots.connections[0].listener.stream_closed(1000, "bye")
    house.clock.advance(5)
    house.assert_nothing_is_left()


def test_refused_handshake_is_tried_again_once_and_then_the_call_ends(house):
    sid = result.successResultOf(house.place()).call_sid
    house.happens(ev.ChannelAnswered(sid))
    house.bots.connections[0].listener.stream_failed("3009 refused")
    house.bots.connections[1].listener.stream_failed("3009 refused")
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert "3009" in house.session(sid).ending.stream_error
    house.assert_nothing_is_left()


def test_lost_bot_is_connected_again_as_another_stream_of_the_same_call(house):
    sid = house.talk(RECONNECT)
    first = house.bots.connections[0]
    first.listener.stream_closed(1006, "gone")
    leg = house.media.legs[0]
    assert (leg.asked[-1], leg.stream) == (("hold",), None)
    house.happens(ev.DigitPressed(sid, "7", 90))
    house.clock.advance(0.9)
    assert len(house.bots.connections) == 1
    house.clock.advance(0.1)
    second = house.bots.connections[1]
    assert second.told == evolve(first.told, stream_sid=house.session(sid).stream_sid)
    assert second.told.stream_sid != first.told.stream_sid
    second.listener.stream_opened()
    house.happens(ev.DigitPressed(sid, "8", 90))
    assert leg.stream is second
    assert (first.asked, second.asked) == ([("start",)], [("start",), ("digit", "8", 90)])
    assert house.metrics.counts["stream_losses_total"] == 1
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert second.asked[-1] == ("close", fx.StopReason.CALL_ENDED)
    house.assert_nothing_is_left()


def test_lost_bot_that_stays_away_ends_the_call_after_three_attempts(house):
    sid = house.talk(RECONNECT)
    house.bots.connections[0].listener.stream_closed(None, "")
    for wait_s in (1, 2, 4):
        house.clock.advance(wait_s)
        house.bots.connections[-1].listener.stream_failed("3009 refused")
    assert len(house.bots.connections) == 4
    assert house.switch.asked[-1] == ("hang_up", sid, 16)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert house.session(sid).ending.stream_error == "3009 refused"
    house.assert_nothing_is_left()


@pytest.mark.parametrize("wait_s", [0.5, 1.5], ids=["while it waits", "while it tries"])
def test_call_whose_bot_is_lost_can_be_stopped(house, wait_s):
    sid = house.talk(RECONNECT)
    house.bots.connections[0].listener.stream_closed(1011, "crashed")
    house.clock.advance(wait_s)
    stopped = house.engine.stopService()
    assert [bot.asked[-1:] for bot in house.bots.connections[1:]] in ([], [[("close", fx.StopReason.STOPPED)]])
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    result.successResultOf(stopped)
    house.assert_nothing_is_left()


def test_audio_of_a_bot_that_closed_is_played_to_its_end_if_configured(house):
    sid = house.talk(DRAIN)
    house.bots.connections[0].listener.stream_closed(1000, "bye")
    assert house.media.legs[0].asked == [("drain",)]
    assert "hang_up" not in house.switch.verbs()
    house.media.listeners[0].playout_finished()
    assert house.switch.asked[-1] == ("hang_up", sid, 16)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert house.session(sid).ending.disconnected_by is DisconnectedBy.BOT
    house.assert_nothing_is_left()


def test_draining_ends_at_the_limit_of_the_call(house):
    sid = house.talk(DRAIN)
    house.bots.connections[0].listener.stream_closed(1000, "bye")
    house.clock.advance(3600)
    assert house.switch.asked[-1] == ("hang_up", sid, 16)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    house.assert_nothing_is_left()


def test_call_without_audio_from_asterisk_ends(house):
    sid = house.talk()
    house.media.listeners[0].media_lost(30.0)
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    assert "no audio" in house.session(sid).ending.reason


def test_events_of_unknown_channels_are_ignored(house):
    house.happens(ev.ChannelHungUp("someone-else", 16, ""), ev.DigitPressed("someone-else", "1", 80))
    assert house.engine.live == 0


def test_event_that_the_state_does_not_allow_is_logged_and_the_call_goes_on(house, logged_failures):
    sid = house.talk()
    house.media.listeners[0].stream_opened()
    assert len(logged_failures) == 1
    logged_failures.clear()
    house.happens(ev.ChannelHungUp(sid, 16, ""))
    house.assert_nothing_is_left()
