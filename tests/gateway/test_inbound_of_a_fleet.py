"""An inbound call, which all gateways of its Asterisk hear of, is taken by one of them."""

import pytest

from exoswitch.call import events as ev
from exoswitch.errors import BackendUnavailable, CallTaken, ChannelGone, TrunkRefused
from tests.harness.gateways import (
    LEG,
    OURS,
    PERSON,
    Gateways,
)


@pytest.fixture
def fleet():
    return Gateways()


ARRIVAL = ev.CallArrived("1700.1", PERSON, OURS)


def test_inbound_call_is_taken_by_one_gateway_and_has_one_session(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    fleet.happens(ARRIVAL)
    assert first.switch.asked == [("bridge", "1700.1", *LEG)]
    assert second.switch.asked == []
    fleet.happens(ev.MediaAnnounced("1700.1", "10.0.1.5", 15000, LEG))
    fleet.advance(3.0)
    assert second.switch.asked == []
    assert len(fleet.leases()) == len(fleet.world.sessions._sessions) == 1


def test_inbound_call_whose_chosen_gateway_dies_is_taken_by_another_within_a_second(fleet):
    second, first = fleet.add("gw2"), fleet.add("gw1")
    fleet.kill("gw1")
    second.happens(ARRIVAL)
    fleet.advance(1.0)
    assert second.switch.asked == [("take_over", "1700.1", *LEG, False)]
    assert first.switch.asked == []
    (connection,) = second.bots.connections
    assert not connection.told.is_resumed


def test_inbound_call_that_the_chosen_gateway_does_not_hear_of_is_taken_by_another(fleet):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    second.happens(ARRIVAL)
    fleet.advance(2.0)
    assert first.switch.asked == []
    assert second.switch.asked == [("take_over", "1700.1", *LEG, False)]
    assert list(fleet.leases().values()) == ["gw2"]


@pytest.mark.parametrize(
    "waits", [False, ChannelGone("no such channel"), BackendUnavailable("Asterisk pbx1 is not ready")]
)
def test_inbound_call_whose_audio_goes_unheard_is_left_to_the_gateway_that_took_it(fleet, waits):
    first, second = fleet.add("gw1"), fleet.add("gw2")
    second.switch.waits = waits
    fleet.happens(ARRIVAL)
    first.happens(ev.MediaAnnounced("1700.1", "10.0.1.5", 15000, LEG))
    fleet.advance(3.0)
    assert first.switch.asked == [("bridge", "1700.1", *LEG)]
    assert second.switch.asked == []
    assert list(fleet.leases().values()) == ["gw1"]


def test_inbound_call_is_taken_from_a_dead_gateway_where_asterisk_does_not_say_whether_it_waits(fleet):
    second, _ = fleet.add("gw2"), fleet.add("gw1")
    second.switch.waits = TrunkRefused("Permission denied")
    fleet.kill("gw1")
    second.happens(ARRIVAL)
    fleet.advance(1.5)
    assert second.asked("take_over") == [("take_over", "1700.1", *LEG, False)]


def test_inbound_call_that_ends_before_a_gateway_took_it_is_forgotten(fleet):
    fleet.add("gw1")
    second = fleet.add("gw2")
    fleet.kill("gw1")
    second.happens(ARRIVAL)
    fleet.happens(ev.ChannelHungUp("1700.1", 16, ""))
    fleet.advance(3.0)
    assert second.switch.asked == []


def test_inbound_call_for_which_no_gateway_has_a_place_is_turned_away(fleet):
    first, second = (fleet.add(name, capacity=1) for name in ("gw1", "gw2"))
    fleet.talk("gw1")
    fleet.talk("gw1")
    second.switch.answer = CallTaken("gateway gw1 has taken this call")
    fleet.happens(ARRIVAL)
    assert first.asked("turn_away") == second.asked("turn_away") == [("turn_away", "1700.1")]
    failed = [session for session in fleet.world.sessions._sessions.values() if session.ending is not None]
    assert [(session.gateway, session.ending.reason) for session in failed] == [
        ("gw1", "every place for a call was taken")
    ]
