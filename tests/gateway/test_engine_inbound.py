"""Inbound calls of an engine: the bot of their number answers them, or they are turned away."""

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent

from exoswitch.call import events as ev
from exoswitch.call.session import CallStatus, Direction
from exoswitch.gateway.inbound import TURNED_AWAY_AT_ONCE
from tests.harness.engine_house import (
    OURS,
    PERSON,
    House,
)
from tests.harness.recorders import RecordedSwitch


@pytest.fixture
def house():
    return House()


# --- Inbound ----------------------------------------------------------------------------------------------------


def test_inbound_call_is_claimed_bridged_and_connected_to_the_bot_of_its_number(house):
    house.happens(ev.CallArrived("1700.1", "09812345610", "918047491899"))
    assert house.switch.asked[0] == ("bridge", "1700.1", "10.0.0.5", 20000)
    assert house.session("sid1").direction is Direction.INBOUND
    house.bots.connections[0].listener.stream_opened()
    house.happens(ev.ChannelHungUp("1700.1", 16, ""))
    assert house.session("sid1").status is CallStatus.COMPLETED
    house.assert_nothing_is_left()


def test_inbound_call_to_an_unknown_number_is_rejected(house):
    house.happens(ev.CallArrived("1700.1", PERSON, "+911111111111"))
    assert house.switch.asked == [("hang_up", "1700.1", 21)]


def test_inbound_call_beyond_the_accounts_concurrency_hears_busy(house):
    house.happens(ev.CallArrived("1700.1", PERSON, "08047491800"), ev.CallArrived("1700.2", PERSON, "08047491800"))
    assert house.switch.asked[-1] == ("hang_up", "1700.2", 17)


def test_inbound_call_without_capacity_is_turned_away_and_its_session_says_so(house):
    house.media.is_full = True
    house.happens(ev.CallArrived("1700.1", PERSON, OURS))
    assert house.switch.asked == [("turn_away", "1700.1")]
    turned_away = house.session("sid1")
    assert (turned_away.status, turned_away.channel_id) == (CallStatus.FAILED, "1700.1")
    assert turned_away.ending.reason == "every place for a call was taken"
    house.happens(ev.ChannelHungUp("1700.1", 34, ""))
    house.assert_nothing_is_left()


def test_flood_of_calls_without_capacity_is_turned_away_some_at_a_time(house):
    house.media.is_full, house.switch.answer = True, Deferred()
    begun = [f"1700.{number}" for number in range(TURNED_AWAY_AT_ONCE)]
    for channel_id in (*begun, "1701.1", "1701.2", "1701.2"):  # The last one is known.
        house.happens(ev.CallArrived(channel_id, PERSON, OURS))
    assert house.switch.asked == [("turn_away", channel_id) for channel_id in begun]
    other = RecordedSwitch(name="pbx2")
    house.engine.switch_event(other, ev.CallArrived("1702.1", PERSON, OURS))
    assert other.asked == [("turn_away", "1702.1")]
    house.happens(ev.ChannelHungUp("1701.1", 16, ""))  # It waits no more.
    house.switch.answer.callback(None)
    assert house.switch.asked[len(begun) :] == [("turn_away", "1701.2")]


# --- The link to Asterisk, and the end --------------------------------------------------------------------------


def test_rejected_calls_are_logged_once_a_second(house):
    with capturedLogs() as logged:
        for number in range(100):
            house.happens(ev.CallArrived(f"1700.{number}", PERSON, "+911111111111"))
        house.clock.advance(1.0)
        house.happens(ev.CallArrived("1700.100", PERSON, "+911111111111"))
    lines = [formatEvent(event) for event in logged if "was rejected" in formatEvent(event)]
    assert len(lines) == 2
    assert lines[1].endswith("(calls of this kind since the last line: 100)")


def test_flood_of_calls_to_numbers_of_nobody_is_left_to_asterisk(house, monkeypatch):
    monkeypatch.setattr("exoswitch.gateway.inbound.MOST_REJECTED", 3)
    for number in range(10):
        house.happens(ev.CallArrived(f"1700.{number}", PERSON, "+911111111111"))
    assert [each[:2] for each in house.switch.asked] == [("hang_up", f"1700.{number}") for number in range(3)]
    house.clock.advance(1.0)
    house.happens(ev.CallArrived("1700.10", PERSON, "+911111111111"))
    assert house.switch.asked[-1][:2] == ("hang_up", "1700.10")
