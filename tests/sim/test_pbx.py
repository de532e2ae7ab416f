"""The simulated Asterisk against logs of a real one (22.10): both must give the same events to the gateway."""

from collections import Counter
from pathlib import Path

import pytest
from attrs import evolve
from twisted.internet.testing import MemoryReactorClock

from exoswitch.ami import actions
from exoswitch.ami.message import AmiDecoder
from exoswitch.ami.translate import EventTranslator
from exoswitch.call.events import (
    CallArrived,
    ChannelHungUp,
    ChannelRinging,
    DialFailed,
    DigitPressed,
    MediaAnnounced,
    OriginateFailed,
)
from exoswitch.sim.asterisk import SimulatedAsterisk
from exoswitch.sim.script import DeadTrunk, Refuse, Ring, parse_script
from tests.harness.sim_asterisk import LEG, AsteriskCore

TRANSCRIPTS = Path(__file__).parents[1] / "ami" / "transcripts"


def meaning(messages):
    """Translate as the gateway does; remove the fields that differ between runs."""
    translator = EventTranslator()
    told = [event for message in messages if (event := translator.translate(message)) is not None]
    return [plain(event) for event in told]


def plain(event):
    match event:
        case MediaAnnounced():
            return evolve(event, channel_id="", host="", port=0, leg=None)
        case DigitPressed():
            return evolve(event, channel_id="", digit="", duration_ms=0)
        case CallArrived():
            return evolve(event, channel_id="", caller="", callee="")
        case ChannelHungUp():
            return evolve(event, channel_id="", text="")
        case _:
            return evolve(event, channel_id="")


def real(name):
    data = (TRANSCRIPTS / f"{name}.txt").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return meaning(AmiDecoder(greeting=data.startswith(b"Asterisk Call Manager")).feed(data))


def outbound(script, *, ring_s=30.0):
    asterisk = AsteriskCore(script)
    asterisk.log_in()
    assert asterisk.originate(ring_s=ring_s).succeeded
    asterisk.pass_time(40)
    return asterisk


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("busy", "busy"),
        ("declined", "refuse=603"),
        ("refused_404", "refuse=404"),
        ("refused_480", "refuse=480"),
        ("refused_503", "refuse=503"),
        ("refused_after_ringing", "refuse-ringing=480,1"),
        ("refused_after_announcement", "refuse-announced=480,1"),
        ("silent_timer_b", "silent"),
        ("dead_trunk", "dead"),
        ("no_answer", "no-answer"),
        ("silent_trunk", "no-reply"),
    ],
)
def test_a_call_that_fails_means_the_same_as_with_a_real_asterisk(name, script):
    """Count the events: Asterisk sends OriginateResponse in no fixed order."""
    asterisk = outbound(script)
    assert Counter(meaning(asterisk.events())) == Counter(real(name))
    assert asterisk.closed == ["sid-1"]
    assert not asterisk.pbx.calls


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("hung_up_while_trying", "no-reply"),
        ("hung_up_while_silent", "silent"),
        ("hung_up_while_ringing", "no-answer"),
    ],
)
def test_a_hang_up_while_the_phone_is_dialled_means_the_same_as_with_a_real_asterisk(name, script):
    asterisk = AsteriskCore(script)
    asterisk.log_in()
    asterisk.originate()
    asterisk.pass_time(0.5)
    asterisk.act("Hangup", ("Channel", "sid-1"), ("Cause", "16"))
    asterisk.pass_time(40)
    assert Counter(meaning(asterisk.events())) == Counter(real(name))


def test_a_call_that_is_hung_up_before_its_dead_trunk_is_noticed_ends_once():
    asterisk = AsteriskCore("dead")
    asterisk.log_in()
    asterisk.originate()
    asterisk.act("Hangup", ("Channel", "sid-1"), ("Cause", "16"))
    asterisk.pass_time(1)
    assert asterisk.closed == ["sid-1"]


def test_an_answered_call_means_the_same_as_with_a_real_asterisk():
    asterisk = outbound("answer-after=1")
    asterisk.act("PlayDTMF", ("Channel", "sid-1"), ("Digit", "5"), ("Receive", "true"))
    asterisk.act("Hangup", ("Channel", "sid-1"), ("Cause", "16"))
    assert meaning(asterisk.events()) == real("answered")


def test_an_inbound_call_means_the_same_as_with_a_real_asterisk():
    asterisk = AsteriskCore()
    asterisk.log_in()
    channel_id = asterisk.arrive().channel.unique_id
    asterisk.send(actions.claim(channel_id, "gw1", "c0"))
    asterisk.send(actions.bridge(channel_id, LEG))
    asterisk.act("PlayDTMF", ("Channel", channel_id), ("Digit", "7"), ("Receive", "true"))
    asterisk.act("Hangup", ("Channel", channel_id))
    assert meaning(asterisk.events()) == real("inbound")


def test_an_inbound_call_has_both_numbers():
    asterisk = AsteriskCore()
    asterisk.log_in()
    call = asterisk.arrive()
    translator = EventTranslator()
    told = [translator.translate(message) for message in asterisk.events()]
    assert told[-1] == CallArrived(call.channel.unique_id, "+9198", "+9180", trunk="lab")


def test_events_of_an_answered_call_come_in_asterisks_order():
    asterisk = outbound("answer-after=1")
    asterisk.pbx.find("sid-1").hang_up()
    asterisk.carry_out()
    assert asterisk.names() == [
        *("Newchannel", "VarSet", "VarSet", "DialBegin", "Newstate", "DialState", "Newstate", "DialEnd"),
        "OriginateResponse",
        *("Newexten", "Newchannel", "VarSet", "VarSet", "DialBegin", "Newstate", "DialEnd"),
        *("BridgeCreate", "BridgeEnter", "BridgeEnter", "BridgeLeave", "BridgeLeave", "VarSet", "Hangup", "Hangup"),
    ]


def test_a_phone_rings_before_it_is_busy():
    asterisk = AsteriskCore("busy-after=3")
    asterisk.log_in()
    asterisk.originate()
    asterisk.pass_time(2)
    assert "DialState" in asterisk.names()
    asterisk.pass_time(2)
    names = asterisk.names()
    assert sorted(names) == ["DialEnd", "Hangup", "HangupRequest", "OriginateResponse"]
    names.remove("OriginateResponse")
    assert names == ["HangupRequest", "DialEnd", "Hangup"]


def test_the_answer_to_the_originate_comes_at_any_place_among_the_events_of_a_refusal():
    asterisk = AsteriskCore("busy")
    asterisk.log_in()
    places = set()
    for number in range(40):
        asterisk.originate(f"sid-{number}")
        asterisk.pass_time(1)
        places.add(asterisk.names().index("OriginateResponse") - 4)
    assert len(places) == 4


def test_a_ring_time_out_ends_the_call_after_the_time_of_the_originate():
    asterisk = outbound("answer-after=10", ring_s=5)
    assert OriginateFailed("", 3) in meaning(asterisk.events())


def test_a_call_hung_up_while_it_rings_is_never_answered():
    asterisk = AsteriskCore("answer-after=1")
    asterisk.log_in()
    asterisk.originate()
    asterisk.pass_time(0.5)
    asterisk.act("Hangup", ("Channel", "sid-1"))
    asterisk.pass_time(60)
    assert asterisk.opened == []
    assert asterisk.names()[-3:] == ["DialEnd", "OriginateResponse", "Hangup"]


def test_a_test_can_answer_a_phone():
    asterisk = AsteriskCore("no-answer")
    asterisk.log_in()
    asterisk.originate()
    asterisk.pass_time(1)
    for _ in range(2):
        asterisk.pbx.find("sid-1").answer()
    asterisk.carry_out()
    assert len(asterisk.opened) == 1


def test_a_call_without_a_leg_ends_at_the_answer():
    asterisk = AsteriskCore("answer")
    asterisk.log_in()
    asterisk.originate(dial_string="Local/1@nowhere")
    asterisk.pass_time(1)
    assert asterisk.opened == []
    assert asterisk.names()[-2:] == ["Newexten", "Hangup"]


def test_a_waiting_caller_who_hangs_up_ends_the_call():
    asterisk = AsteriskCore()
    asterisk.log_in()
    call = asterisk.arrive()
    call.hang_up()
    asterisk.carry_out()
    assert asterisk.names()[-2:] == ["AsyncAGIEnd", "Hangup"]
    call.hang_up()
    call.command("c", f'EXEC Dial "{LEG}"')
    asterisk.carry_out()
    assert asterisk.names() == []


def test_an_unknown_agi_command_does_nothing():
    asterisk = AsteriskCore()
    asterisk.log_in()
    call = asterisk.arrive()
    asterisk.events()
    call.command("c", "STREAM FILE hello")
    asterisk.carry_out()
    assert [event.get("Result") for event in asterisk.events()] == ["200%20result%3D0%0A"]
    assert call.is_waiting


@pytest.mark.parametrize(
    ("sip_status", "cause", "dial_status"),
    [
        (404, 1, "NOANSWER"),
        (420, 3, "CHANUNAVAIL"),
        (302, 23, "NOANSWER"),
        (380, 16, "NOANSWER"),
        (503, 34, "CONGESTION"),
        (599, 34, "CONGESTION"),
        (499, 127, "NOANSWER"),
        (600, 17, "BUSY"),
    ],
)
def test_a_refusal_has_its_sip_status_and_the_cause_that_asterisk_makes_of_it(sip_status, cause, dial_status):
    told = meaning(outbound(f"refuse={sip_status},0.4").events())
    assert DialFailed("", dial_status) in told
    assert ChannelHungUp("", cause, "", sip_status=sip_status, by_peer=True) in told
    assert ChannelRinging("") not in told


def test_a_phone_can_ring_before_the_trunk_refuses_the_call():
    told = meaning(outbound("refuse-ringing=480,8").events())
    assert told.count(ChannelRinging("")) == 1
    assert ChannelHungUp("", 19, "", sip_status=480, by_peer=True) in told


def test_each_number_on_each_trunk_has_a_script_of_its_own():
    asterisk = SimulatedAsterisk(
        reactor=MemoryReactorClock(),
        scripts={"1@a": parse_script("busy"), "1": parse_script("no-answer"), "@a": parse_script("dead")},
    )
    chosen = {address: asterisk.pbx.choose_script(*address.split("@")) for address in ("1@a", "1@b", "2@a", "2@b")}
    assert {address: script.reception for address, script in chosen.items()} == {
        "1@a": Refuse(486),
        "1@b": Ring(),
        "2@a": DeadTrunk(),
        "2@b": asterisk.script.reception,
    }
