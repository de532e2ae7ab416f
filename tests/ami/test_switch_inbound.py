"""A switch claims inbound calls, and takes over the calls of other gateways."""

import gc

import pytest

from exoswitch.ami.message import AmiMessage
from exoswitch.call.events import CallArrived, ChannelHungUp, ChannelTaken, SwitchReady
from exoswitch.errors import BackendUnavailable, CallTaken, ChannelGone, TrunkRefused

WAITING = AmiMessage(
    (
        ("Channel", "PJSIP/lab-1"),
        ("Uniqueid", "17.1"),
        ("CallerIDNum", "+919812345678"),
        ("Exten", "+918047491899"),
        ("Application", "AGI"),
        ("ApplicationData", "agi:async"),
    )
)
ARRIVAL = CallArrived("17.1", caller="+919812345678", callee="+918047491899")


# --- Inbound calls ----------------------------------------------------------------------------------------------


def test_inbound_call_is_claimed_and_then_bridged(rig):
    rig.start()
    results = rig.begin(rig.switch.bridge("17.1", "10.0.0.5", 20000))
    assert results == []
    rig.claim_answered("gw1")
    assert results == [None]
    assert rig.far.asked("AGI")[1].get("Command") == 'EXEC Dial "UnicastRTP/10.0.0.5:20000/c(ulaw)"'


def test_call_of_another_gateway_is_neither_bridged_nor_hung_up(rig):
    rig.start()
    results = rig.begin(rig.switch.bridge("17.1", "10.0.0.5", 20000))
    rig.claim_answered("gw2")
    assert isinstance(results[0], CallTaken)
    assert str(results[0]) == "gateway gw2 has taken this call"
    rig.switch.hang_up("17.1", 16)
    assert rig.hang_ups() == []
    assert len(rig.far.asked("AGI")) == 1
    rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), ("Uniqueid", "17.1"), ("Cause", "16"))
    rig.far.ended.clear()  # a channel of the same id
    rig.switch.hang_up("17.1", 16)
    assert rig.hang_ups() == [("17.1", "16")]


def test_channel_that_is_gone_cannot_be_bridged(rig):
    rig.start()
    rig.far.gone = {"AGI"}
    (problem,) = rig.begin(rig.switch.bridge("17.1", "10.0.0.5", 20000))
    assert isinstance(problem, ChannelGone)
    assert str(problem) == "Asterisk pbx1 refused AGI: Channel 17.1 does not exist."


def test_refused_bridge_does_not_mean_that_the_channel_is_gone(rig):
    rig.start()
    rig.far.refused = {"AGI"}
    (problem,) = rig.begin(rig.switch.bridge("17.1", "10.0.0.5", 20000))
    assert isinstance(problem, TrunkRefused)


def test_caller_who_hangs_up_during_the_claim_ends_it(rig):
    rig.start()
    results = rig.begin(rig.switch.bridge("17.1", "10.0.0.5", 20000))
    rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), ("Uniqueid", "17.1"), ("Cause", "16"))
    assert isinstance(results[0], ChannelGone)
    assert rig.recorder.events[-1] == ChannelHungUp("17.1", 16, "", by_peer=False)


def test_cause_of_a_hang_up_during_the_claim_is_told_before_the_claim_fails(rig):
    rig.start()
    told = []
    bridged = rig.switch.bridge("17.1", "10.0.0.5", 20000)
    rig.begin(bridged.addErrback(lambda _: told.extend(rig.recorder.events)))
    rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), ("Uniqueid", "17.1"), ("Cause", "16"))
    assert told[-1] == ChannelHungUp("17.1", 16, "", by_peer=False)


def test_caller_who_hangs_up_before_the_claim_is_queued_ends_it_once(rig, logged_failures):
    rig.start()
    rig.far.silent = {"AGI"}
    results = rig.begin(rig.switch.bridge("17.1", "10.0.0.5", 20000))
    rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), ("Uniqueid", "17.1"), ("Cause", "16"))
    assert results == []
    rig.far.gone = {"AGI"}
    rig.far.answer(rig.far.asked("AGI")[0])
    assert isinstance(results[0], ChannelGone)
    gc.collect()
    assert logged_failures == []


@pytest.mark.parametrize("end", ["time", "loss", "stop"])
def test_claim_that_is_never_answered_leaves_nothing(rig, end):
    rig.start()
    results = rig.begin(rig.switch.bridge("17.1", "10.0.0.5", 20000))
    if end == "time":
        rig.clock.advance(5)
    elif end == "loss":
        rig.far.line.end(ConnectionError("pulled"))
    else:
        rig.switch.stopService()
        rig.clock.advance(0)
    assert isinstance(results[0], BackendUnavailable)


def test_call_that_came_while_the_link_was_down_arrives_once(rig):
    rig.far.channels = [WAITING]
    rig.start()
    assert rig.recorder.events == [SwitchReady(frozenset({"17.1"})), ARRIVAL]
    rig.far.line.end(ConnectionError("pulled"))
    rig.reconnect()
    assert rig.recorder.events.count(ARRIVAL) == 1


def test_call_is_claimed_and_left_waiting(rig):
    rig.start()
    results = rig.begin(rig.switch.claim("17.1"))
    rig.claim_answered("gw1")
    assert results == [None]
    assert len(rig.far.asked("AGI")) == 1


def test_claimed_call_is_turned_away(rig):
    rig.start()
    results = rig.begin(rig.switch.turn_away("17.1"))
    rig.claim_answered("gw1")
    assert results == [None]
    assert rig.redirects() == [("17.1", "exoswitch-full")]


def test_call_of_another_gateway_is_not_turned_away(rig):
    rig.start()
    results = rig.begin(rig.switch.turn_away("17.1"))
    rig.claim_answered("gw2")
    assert isinstance(results[0], CallTaken)
    assert rig.redirects() == []


# --- Calls of other gateways ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_bridged", "application"), [(True, ""), (False, "Dial"), (False, "AGI")])
def test_call_is_taken_over_and_its_audio_comes_here(rig, is_bridged, application):
    rig.start()
    rig.far.values = {"CHANNEL(appname)": application}
    assert rig.begin(rig.switch.take_over("sid1", "10.0.0.5", 20000, is_bridged=is_bridged)) == [True]
    assert [(action.get("Variable"), action.get("Value")) for action in rig.far.asked("Setvar")] == [
        ("EXOSWITCH_GATEWAY", "gw1"),
        ("EXOSWITCH_LEG", "UnicastRTP/10.0.0.5:20000/c(ulaw)"),
    ]
    assert len(rig.far.asked("Getvar")) == (0 if is_bridged else 1)
    assert rig.redirects() == [("sid1", "exoswitch-bridge")]


def test_ringing_call_is_taken_over_and_left_where_it_is(rig):
    rig.start()
    rig.far.values = {"CHANNEL(appname)": "AppDial2"}
    assert rig.begin(rig.switch.take_over("sid1", "10.0.0.5", 20000, is_bridged=False)) == [False]
    assert [action.get("Action") for action in rig.far.actions[-3:]] == ["Setvar", "Setvar", "Getvar"]
    assert rig.redirects() == []


@pytest.mark.parametrize("action", ["Setvar", "Getvar", "Redirect"])
def test_channel_that_is_gone_cannot_be_taken_over(rig, action):
    rig.start()
    rig.far.gone = {action}
    (problem,) = rig.begin(rig.switch.take_over("sid1", "10.0.0.5", 20000, is_bridged=False))
    assert isinstance(problem, ChannelGone)


@pytest.mark.parametrize("action", ["Setvar", "Getvar", "Redirect"])
def test_refused_take_over_does_not_mean_that_the_channel_is_gone(rig, action):
    rig.start()
    rig.far.refused = {action}
    (problem,) = rig.begin(rig.switch.take_over("sid1", "10.0.0.5", 20000, is_bridged=False))
    assert isinstance(problem, TrunkRefused)
    assert str(problem) == f"Asterisk pbx1 refused {action}: Permission denied"


def test_ready_link_tells_the_legs_that_are_up(rig):
    leg = AmiMessage((("Channel", "UnicastRTP/10.0.0.6:20002-0x1"), ("Uniqueid", "17.2"), ("Linkedid", "17.1")))
    rig.far.channels = [leg]
    rig.start()
    assert rig.recorder.events == [SwitchReady(frozenset({"17.2"}), {"17.1": ("10.0.0.6", 20002)})]


def test_call_that_another_gateway_has_taken_over_is_not_hung_up(rig):
    rig.start()
    rig.far.values = {"EXOSWITCH_GATEWAY": "gw2"}
    rig.switch.hang_up("sid1", 16)
    assert rig.hang_ups() == []
    assert rig.recorder.events[-1] == ChannelTaken("sid1")
    asked = len(rig.far.asked("Getvar"))
    rig.switch.hang_up("sid1", 16)
    rig.far.serve()
    assert len(rig.far.asked("Getvar")) == asked
    rig.far.line.end(ConnectionError("pulled"))
    rig.reconnect()
    assert rig.hang_ups() == []


def test_call_that_we_take_over_again_is_ours_to_hang_up(rig):
    rig.start()
    rig.far.values = {"EXOSWITCH_GATEWAY": "gw2"}
    rig.switch.hang_up("sid1", 16)
    assert rig.hang_ups() == []
    rig.far.values = {"EXOSWITCH_GATEWAY": "gw1"}
    rig.begin(rig.switch.take_over("sid1", "10.0.0.5", 20000, is_bridged=True))
    rig.switch.hang_up("sid1", 16)
    assert rig.hang_ups() == [("sid1", "16")]
