"""A call goes on from an app to a phone: the number is dialled once, by the gateway that has the call."""

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent

from exoswitch.call import events as ev
from exoswitch.call.passthru import Hop, Passthru
from exoswitch.errors import CallTaken
from tests.harness.flows import FIRST, LONG_ENOUGH_S, PASSTHRU, SECOND, alone, close
from tests.harness.gateways import OURS, Gateways
from tests.harness.recorders import RecordedSwitch


@pytest.fixture
def fleet():
    return Gateways()


OTHER = "+919812345611"
TO_PHONE = evolve(FIRST, passthru=evolve(PASSTHRU, on_302=Hop(number=OTHER)))


def test_a_number_is_dialled_as_the_second_phone_of_the_call(fleet):
    gateway, sid = alone(fleet, TO_PHONE)
    close(gateway)
    gateway.passthrus.answer(302)
    fleet.advance(0.5)
    second = fleet.session(sid).second
    assert second.number == OTHER
    (_, origination) = gateway.asked("originate")[-1]
    assert origination.channel_id == second.call_sid
    assert gateway.media.legs[0].asked[-1] == ("hold",)


def test_a_number_can_follow_an_asynchronous_passthru(fleet):
    passthru = Passthru(url=PASSTHRU.url, is_async=True, on_200=Hop(number=OTHER))
    gateway, sid = alone(fleet, evolve(FIRST, passthru=passthru))
    close(gateway)
    fleet.advance(0.5)
    assert fleet.session(sid).second.number == OTHER
    assert gateway.bots.connections[-1].asked[-1] == ("close", None)
    assert len(gateway.passthrus.all) == 1


def test_a_number_that_no_phone_can_have_is_in_no_log_and_in_no_reason(fleet):
    impossible = "+7411179773"
    with capturedLogs() as log:
        gateway, sid = alone(fleet, evolve(FIRST, passthru=evolve(PASSTHRU, on_302=Hop(number=impossible))))
        close(gateway)
        gateway.passthrus.answer(302)
        fleet.advance(0.5)
    second = fleet.session(fleet.session(sid).second.call_sid)
    assert "can be no phone's number" in second.ending.reason
    assert impossible not in second.ending.reason
    assert [text for text in map(formatEvent, log) if impossible in text] == []


def test_a_gateway_that_takes_over_a_caller_who_waits_for_a_phone_asks_no_passthru(fleet):
    gateway, sid = alone(fleet, TO_PHONE)
    close(gateway)
    gateway.passthrus.answer(302)
    fleet.advance(0.5)
    second = fleet.add("gw2", apps=(SECOND,))
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    assert second.passthrus.all == second.bots.connections == []
    assert fleet.session(sid).second.number == OTHER
    assert fleet.leases()[sid] == "gw2"


def handed_over_before_the_claim(fleet):
    """Let a bot hand a caller over to a phone while Asterisk has not answered the claim of the call."""
    gateway = fleet.add("gw1", inbound_bot=TO_PHONE)
    gateway.switch.answer = claimed = Deferred()
    fleet.happens(ev.CallArrived("in1", "+919812345610", OURS))
    gateway.bots.connections[-1].listener.stream_opened()
    close(gateway)
    gateway.passthrus.answer(302)
    gateway.switch.answer = None
    return gateway, claimed


def test_the_phone_for_an_inbound_caller_is_dialled_once_his_call_is_claimed(fleet):
    gateway, claimed = handed_over_before_the_claim(fleet)
    fleet.advance(0.5)
    assert gateway.asked("originate") == []
    claimed.callback(None)
    fleet.advance(0.5)
    ((_, origination),) = gateway.asked("originate")
    assert origination.joins == "in1"


def test_a_call_whose_caller_hangs_up_ends_although_its_claim_is_not_answered(fleet):
    gateway, claimed = handed_over_before_the_claim(fleet)
    fleet.happens(ev.ChannelHungUp("in1", 16, ""))
    fleet.advance(0.5)
    assert fleet.leases() == {}
    claimed.callback(None)
    fleet.advance(0.5)
    assert gateway.asked("originate") == []


def test_the_phone_for_a_caller_who_is_taken_over_is_dialled_once_his_audio_is_led_here(fleet):
    alone(fleet, TO_PHONE)
    switch = RecordedSwitch(answer=Deferred())
    second, led = fleet.add("gw2", switch=switch), switch.answer
    close(fleet.by_name["gw1"])
    fleet.kill("gw1")
    fleet.advance(LONG_ENOUGH_S)
    second.passthrus.answer(302)
    switch.answer = None
    fleet.advance(0.5)
    assert second.asked("originate") == []
    led.callback(switch.is_led)
    fleet.advance(0.5)
    assert len(second.asked("originate")) == 1


def test_no_phone_is_dialled_for_a_caller_whose_call_another_gateway_has_claimed(fleet):
    gateway, claimed = handed_over_before_the_claim(fleet)
    claimed.errback(CallTaken("gateway gw2 has taken this call"))
    fleet.advance(0.5)
    assert gateway.asked("originate") == []
    assert fleet.leases() == {}
