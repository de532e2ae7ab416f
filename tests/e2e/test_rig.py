"""The rig and the rendered configuration: a real Asterisk, with a UDP echo in place of a gateway."""

import time
from contextlib import suppress
from urllib.parse import unquote

import pytest

from exoswitch.ami.actions import claim
from exoswitch.ami.filters import TRUNK_EVENTS
from exoswitch.ami.legs import dial_string
from tests.e2e.conftest import FULL_TONE_S, UNCLAIMED_S
from tests.harness.e2e.ami import AmiError
from tests.harness.e2e.asterisk_server import complaints
from tests.harness.e2e.audio import assert_hears_tone, assert_is_congestion_tone
from tests.harness.e2e.network import contact_status
from tests.harness.e2e.phone import Phone
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

NUMBER = "09812345678"
EXOPHONE = "08047491899"
TONE_HZ = 700
RING_S = 10.0


@pytest.fixture(autouse=True)
def line_is_cleared(ami):
    """Hang up the channels that a test leaves, because there is no gateway to do so."""
    yield
    for channel in ami.channels():
        with suppress(AmiError):
            ami.ask("Hangup", Channel=channel["Channel"])
    ami.wait_until_idle()


@pytest.fixture
def gateway():
    """The gateway's audio, as a bare echo."""
    with Phone() as echo:
        echo.echo()
        yield echo


def leg_to(gateway):
    return dial_string(gateway.host, gateway.port, "ulaw")


def originate(ami, gateway, channel_id, trunk="lab", ring_s=RING_S):
    ami.ask(
        "Originate",
        Channel=f"PJSIP/{NUMBER}@{trunk}",
        Context="exoswitch-bridge",
        Exten="s",
        Priority=1,
        Async="true",
        ChannelId=channel_id,
        CallerID=f"<{EXOPHONE}>",
        Timeout=round(ring_s * 1000),
        Variable=f"EXOSWITCH_LEG={leg_to(gateway)}",
    )


def bridge_inbound(ami, gateway):
    """Claim the inbound call and bridge it as a gateway does; give its channel id."""
    channel_id = ami.wait_for("AsyncAGIStart")["Uniqueid"]
    command = claim(channel_id, "gw1", "claim").get("Command")
    ami.ask("AGI", Channel=channel_id, CommandID="claim", Command=command)
    answer = ami.wait_for("AsyncAGIExec", CommandId="claim")
    assert unquote(answer["Result"]).strip() == "200 result=1 (gw1)"
    ami.ask("AGI", Channel=channel_id, CommandID="bridge", Command=f'EXEC Dial "{leg_to(gateway)}"')
    return channel_id


def assert_clean_tone(party):
    assert_hears_tone(party.listen, TONE_HZ, -10.0, tolerance_db=0.3)


def hangup_of(ami, channel_id, timeout_s=15.0):
    return ami.wait_for("Hangup", Uniqueid=channel_id, timeout_s=timeout_s)


def test_asterisk_starts_without_a_complaint(asterisk):
    assert "Asterisk 22" in asterisk.start_log
    assert complaints(asterisk.start_log) == []


def test_caller_is_heard_at_the_gateway_and_hears_what_the_gateway_sends(ami, sipp, phone, gateway):
    phone.play_tone(TONE_HZ)
    call = sipp.answer(phone)
    originate(ami, gateway, "echoed")
    assert call.wait_for("INVITED").details["number"] == NUMBER
    call.wait_for("ANSWERED")
    gateway.wait_for_packets(1)
    assert_clean_tone(gateway)
    assert_clean_tone(phone)


def test_gateway_receives_a_packet_every_20_ms(ami, sipp, phone, gateway):
    sipp.answer(phone)
    originate(ami, gateway, "steady")
    gateway.wait_for_packets(10)

    def is_steady():
        packets = gateway.wait_for_packets(50)
        assert {(packet.payload_type, len(packet.payload)) for packet in packets} == {(0, 160)}
        return packets[-1].at - packets[0].at == pytest.approx(0.02 * (len(packets) - 1), rel=0.2)

    eventually(is_steady, lambda: "no second had 50 packets")  # but one in which the machine stalled


def test_amis_events_are_the_few_that_a_gateway_reads(ami, sipp, phone, gateway):
    sipp.answer(phone, ring_s=0.1)
    originate(ami, gateway, "few")
    gateway.wait_for_packets(5)
    ami.ask("Hangup", Channel="few", Cause=16)
    hangup_of(ami, "few")
    ami.wait_for("Hangup", Linkedid="few", where=lambda event: event["Uniqueid"] != "few")
    in_no_certain_order = sorted(event["Event"] for event in ami.events if event["Event"] not in TRUNK_EVENTS)
    assert in_no_certain_order == [
        *("DialBegin", "DialBegin", "DialEnd", "DialEnd", "DialState", "FullyBooted", "Hangup", "Hangup"),
        *("OriginateResponse", "VarSet", "VarSet"),
    ]
    announced = {event["Variable"]: event["Value"] for event in ami.named("VarSet")}
    assert announced.keys() == {"UNICASTRTP_LOCAL_ADDRESS", "UNICASTRTP_LOCAL_PORT"}
    assert gateway.packets[0].source == ("127.0.0.1", int(announced["UNICASTRTP_LOCAL_PORT"]))


def test_list_of_channels_passes_the_event_filters(ami, sipp, phone, gateway):
    sipp.answer(phone)
    originate(ami, gateway, "listed")
    gateway.wait_for_packets(1)
    channels = ami.ask_list("CoreShowChannels", "CoreShowChannelsComplete")
    ours = [channel for channel in channels if channel["Linkedid"] == "listed"]
    assert sorted(channel["Channel"].partition("/")[0] for channel in ours) == ["PJSIP", "UnicastRTP"]
    of_asterisk = next(channel["Uniqueid"] for channel in ours if channel["Uniqueid"] != "listed")
    assert of_asterisk.startswith("pbx1-")


@pytest.mark.parametrize("number", ["08047491899", "+918047491899"])
def test_inbound_call_is_claimed_and_bridged_by_ami(ami, sipp, phone, gateway, number):
    phone.play_tone(TONE_HZ)
    call = sipp.call(number, phone)
    channel_id = bridge_inbound(ami, gateway)
    call.wait_for("ANSWERED")
    environment = unquote(ami.named("AsyncAGIStart")[0]["Env"])
    assert f"agi_extension: {number}\n" in environment
    assert "agi_callerid: +919812345678\n" in environment
    gateway.wait_for_packets(1)
    assert_clean_tone(gateway)
    assert_clean_tone(phone)
    ami.ask("Hangup", Channel=channel_id, Cause=16)
    assert call.wait_for("ENDED").details == {"by": "them"}


def test_caller_who_hangs_up_ends_both_legs_of_an_inbound_call(ami, sipp, phone, gateway):
    call = sipp.call(EXOPHONE, phone, hang_up_after_s=0.3)
    channel_id = bridge_inbound(ami, gateway)
    assert call.wait_for("ENDED").details == {"by": "us"}
    assert hangup_of(ami, channel_id)["Cause"] == "16"
    ami.wait_for("Hangup", Linkedid=channel_id, where=lambda event: event["Channel"].startswith("UnicastRTP/"))


def test_caller_who_gives_up_ends_the_waiting_call(ami, sipp, phone):
    call = sipp.call_and_give_up(EXOPHONE, phone, after_s=0.2)
    channel_id = ami.wait_for("AsyncAGIStart")["Uniqueid"]
    assert call.wait_for("ENDED").details == {"by": "us"}
    assert hangup_of(ami, channel_id)


def test_call_that_is_not_to_a_number_is_refused(sipp, phone):
    assert sipp.call("root", phone).wait_for("REFUSED").details == {"status": "404"}


def test_claimed_call_is_hung_up_with_the_cause_that_ami_gives(ami, sipp, phone):
    call = sipp.call(EXOPHONE, phone)
    ami.ask("Hangup", Channel=ami.wait_for("AsyncAGIStart")["Uniqueid"], Cause=17)
    assert call.wait_for("REFUSED").details == {"status": "486"}


def test_digit_on_the_phone_is_told_once(ami, sipp, phone, gateway):
    sipp.answer(phone)
    originate(ami, gateway, "digits")
    gateway.wait_for_packets(5)
    phone.press("5", 0.2)
    digit = ami.wait_for("DTMFEnd")
    assert (digit["Uniqueid"], digit["Digit"], digit["Direction"]) == ("digits", "5", "Received")
    assert int(digit["DurationMs"]) == pytest.approx(200, abs=60)
    ami.ask("PlayDTMF", Channel="digits", Digit="#", Duration=100, Receive="true")
    assert ami.wait_for("DTMFEnd", Digit="#")["Uniqueid"] == "digits"
    assert len(ami.named("DTMFEnd")) == 2


def test_phone_that_hangs_up_ends_both_legs(ami, sipp, phone, gateway):
    call = sipp.answer(phone, hang_up_after_s=0.3)
    originate(ami, gateway, "their-bye")
    assert call.wait_for("ENDED").details == {"by": "us"}
    assert hangup_of(ami, "their-bye")["Cause"] == "16"
    ami.wait_for("Hangup", Linkedid="their-bye", where=lambda event: event["Channel"].startswith("UnicastRTP/"))


def test_hang_up_by_ami_sends_the_phone_a_bye(ami, sipp, phone, gateway):
    call = sipp.answer(phone)
    originate(ami, gateway, "our-bye")
    call.wait_for("ANSWERED")
    gateway.wait_for_packets(1)
    ami.ask("Hangup", Channel="our-bye", Cause=16)
    assert call.wait_for("ENDED").details == {"by": "them"}


@pytest.mark.parametrize(
    ("status", "dial_status", "cause"),
    [
        ("486 Busy Here", "BUSY", "17"),
        ("404 Not Found", "NOANSWER", "1"),
        ("503 Service Unavailable", "CONGESTION", "34"),
    ],
)
def test_refusal_is_told_by_dial_status_and_cause(ami, sipp, gateway, status, dial_status, cause):
    sipp.refuse(status)
    originate(ami, gateway, "refused")
    assert hangup_of(ami, "refused")["Cause"] == cause
    assert ami.named("DialEnd")[0]["DialStatus"] == dial_status


def test_phone_that_nobody_picks_up_is_cancelled(ami, sipp, gateway):
    call = sipp.ring()
    originate(ami, gateway, "unanswered", ring_s=0.5)
    assert call.wait_for("ENDED").details == {"by": "them"}
    assert ami.wait_for("OriginateResponse")["Response"] == "Failure"


def test_trunk_that_does_not_answer_is_not_dialled_once_asterisk_knows(ami, gateway):
    ami.ask("PJSIPQualify", Endpoint="dead")
    give_up_at = time.monotonic() + 30
    while contact_status(ami, "dead") != "Unreachable":
        assert time.monotonic() < give_up_at
        time.sleep(0.05)
    began = time.monotonic()
    originate(ami, gateway, "dead-trunk", trunk="dead", ring_s=RING_S)
    assert ami.wait_for("OriginateResponse")["Response"] == "Failure"
    assert time.monotonic() - began < RING_S


def test_call_is_taken_over_by_another_gateway(ami, sipp, phone, gateway):
    phone.play_tone(TONE_HZ)
    sipp.answer(phone)
    originate(ami, gateway, "taken-over")
    gateway.wait_for_packets(10)
    with Phone() as second:
        second.echo()
        ami.ask("Setvar", Channel="taken-over", Variable="EXOSWITCH_LEG", Value=leg_to(second))
        ami.ask("Redirect", Channel="taken-over", Context="exoswitch-bridge", Exten="s", Priority=1)
        second.wait_for_packets(1)
        assert_clean_tone(second)
        assert_clean_tone(phone)
        assert ami.named("Hangup", Uniqueid="taken-over") == []
        ami.ask("Hangup", Channel="taken-over", Cause=16)
        hangup_of(ami, "taken-over")


def test_call_that_no_gateway_claims_is_ended_by_asterisk(ami, sipp, phone):
    call = sipp.call(EXOPHONE, phone)
    channel_id = ami.wait_for("AsyncAGIStart")["Uniqueid"]
    assert hangup_of(ami, channel_id, timeout_s=UNCLAIMED_S + 15.0)
    call.wait_for("REFUSED")


def test_caller_who_is_turned_away_hears_so_before_the_refusal(ami, sipp, phone):
    call = sipp.call(EXOPHONE, phone)
    channel_id = ami.wait_for("AsyncAGIStart")["Uniqueid"]
    ami.ask("Redirect", Channel=channel_id, Context="exoswitch-full", Exten="s", Priority=1)
    refused = call.wait_for("REFUSED")
    assert refused.details == {"status": "503"}
    assert hangup_of(ami, channel_id)["Cause"] == "34"
    assert_is_congestion_tone(phone.heard(until=refused.at), FULL_TONE_S)
