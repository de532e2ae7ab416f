import gc

import pytest
from attrs import evolve
from twisted.logger import capturedLogs, formatEvent
from zope.interface.verify import verifyObject

from exoswitch.ami.hangups import HANG_UP_RETRY_S
from exoswitch.ami.message import AmiMessage
from exoswitch.ami.pending_hangups import REFUSALS_MAX
from exoswitch.ami.switch import QUALIFY_AGAIN_S
from exoswitch.call.events import CallArrived, ChannelHungUp, ChannelTaken, SwitchLost, SwitchReady
from exoswitch.errors import BackendUnavailable, CallTaken, ChannelGone, TrunkRefused
from exoswitch.interfaces.switch import ISwitch, Origination
from tests.harness.ami_rig import CONFIG
from tests.harness.logs import warnings_in

CALL = Origination(
    channel_id="sid1",
    channel="PJSIP/09812345678@lab",
    caller_id="08047491899",
    media_host="10.0.0.5",
    media_port=20000,
    ring_s=45.0,
)
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


def test_switch_keeps_its_interface(rig):
    verifyObject(ISwitch, rig.switch)


# --- Outbound calls ---------------------------------------------------------------------------------------------


def test_call_is_queued(rig):
    rig.start()
    assert rig.begin(rig.switch.originate(CALL)) == [None]
    action = rig.far.asked("Originate")[0]
    assert action.action_id == action.get("ChannelId") == "sid1"
    assert action.get_all("Variable") == (
        "EXOSWITCH_LEG=UnicastRTP/10.0.0.5:20000/c(ulaw)",
        "EXOSWITCH_GATEWAY=gw1",
    )


def test_trunk_is_asked_whether_it_answers_at_most_once_a_second(rig):
    rig.start()
    for _ in range(10):
        rig.switch.qualify("lab")
        rig.switch.qualify("other")
    rig.far.serve()
    assert [action.get("Endpoint") for action in rig.far.asked("PJSIPQualify")] == ["lab", "other"]
    rig.clock.advance(QUALIFY_AGAIN_S)
    rig.switch.qualify("lab")
    rig.far.serve()
    assert len(rig.far.asked("PJSIPQualify")) == 3


def test_trunk_that_cannot_be_asked_is_a_warning(rig):
    rig.switch.qualify("lab")
    rig.start()
    assert rig.far.asked("PJSIPQualify") == []
    rig.far.refused = {"PJSIPQualify"}
    with capturedLogs() as logs:
        rig.switch.qualify("lab")
        rig.far.serve()
    (warning,) = warnings_in(logs)
    assert warning.startswith("trunk lab is not asked whether it answers: ")


def test_refused_call_fails_with_asterisks_words(rig):
    rig.start()
    rig.far.refused = {"Originate"}
    (problem,) = rig.begin(rig.switch.originate(CALL))
    assert isinstance(problem, TrunkRefused)
    assert str(problem) == "Asterisk pbx1 refused Originate: Permission denied"


def test_call_whose_request_is_too_long_for_asterisk_is_refused(rig):
    rig.start()
    (problem,) = rig.begin(rig.switch.originate(evolve(CALL, channel=f"PJSIP/{'9' * 1100}@lab")))
    assert isinstance(problem, TrunkRefused)


def test_nothing_can_be_asked_while_the_link_is_down(rig):
    for work in (
        rig.switch.originate(CALL),
        rig.switch.bridge("17.1", "10.0.0.5", 20000),
        rig.switch.take_over("17.1", "10.0.0.5", 20000, is_bridged=True),
        rig.switch.turn_away("17.1"),
        rig.switch.claim("17.1"),
    ):
        results: list[object] = []
        work.addErrback(lambda failure, results=results: results.append(failure.value))
        assert isinstance(results[0], BackendUnavailable)


def test_call_without_an_answer_or_with_a_lost_link_is_unavailable(rig):
    rig.start()
    rig.far.silent = {"Originate"}
    results = rig.begin(rig.switch.originate(CALL))
    rig.clock.advance(10)
    assert isinstance(results[0], BackendUnavailable)
    rig.far.serve()
    results = rig.begin(rig.switch.originate(CALL))
    rig.far.line.end(ConnectionError("pulled"))
    assert isinstance(results[0], BackendUnavailable)


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


# --- Hang-ups ---------------------------------------------------------------------------------------------------


def test_hang_up_is_sent_at_once_and_forgotten_once_it_has_happened(rig):
    rig.start()
    rig.switch.hang_up("sid1", 17)
    assert rig.hang_ups() == [("sid1", "17")]
    rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), ("Uniqueid", "sid1"), ("Cause", "17"))
    rig.far.line.end(ConnectionError("pulled"))
    rig.reconnect()
    assert rig.hang_ups() == [("sid1", "17")]


def test_hang_up_that_was_not_confirmed_is_sent_again_on_the_next_link(rig):
    rig.start()
    rig.switch.hang_up("sid1", 16)
    rig.far.line.end(ConnectionError("pulled"))
    rig.switch.hang_up("sid2", 17)
    rig.reconnect()
    assert rig.hang_ups() == [("sid1", "16"), ("sid2", "17")]
    rig.far.gone = {"Hangup"}
    for _ in range(2):
        rig.far.line.end(ConnectionError("pulled"))
        rig.reconnect()
    assert rig.hang_ups()[2:] == [("sid1", "16"), ("sid2", "17")]


def test_hang_up_without_an_answer_costs_the_link_and_is_sent_on_the_next(rig):
    rig.start()
    rig.far.silent = {"Hangup"}
    rig.switch.hang_up("sid1", 16)
    rig.far.serve()
    rig.clock.advance(9)
    rig.far.serve()
    rig.clock.advance(1)
    rig.clock.advance(0)
    assert rig.recorder.events[-1] == SwitchLost("Asterisk pbx1 did not answer Hangup within 10 s")
    rig.reconnect()
    assert rig.hang_ups() == [("sid1", "16")] * 2


def test_call_that_is_hung_up_before_its_channel_exists_is_hung_up_when_it_does(rig):
    rig.start()
    rig.begin(rig.switch.originate(CALL))
    rig.far.gone = {"Hangup"}
    rig.switch.hang_up("sid1", 16)
    assert rig.hang_ups() == [("sid1", "16")]
    rig.far.gone = set()
    rig.far.tell("DialBegin", ("DestUniqueid", "sid1"), ("DestChannel", "PJSIP/lab-1"))
    assert rig.hang_ups() == [("sid1", "16")] * 2


@pytest.mark.parametrize("action", ["Hangup", "Getvar"])
def test_refused_hang_up_is_logged_and_tried_again(rig, log, action):
    rig.start()
    rig.far.refused = {action}
    rig.switch.hang_up("sid1", 16)
    rig.far.serve()
    assert len(rig.far.asked(action)) == 1
    assert f"Asterisk pbx1 refused {action}: Permission denied" in warnings_in(log)[0]
    rig.far.refused = set()
    rig.clock.advance(HANG_UP_RETRY_S)
    assert rig.hang_ups()[-1] == ("sid1", "16")
    rig.far.gone = {"Hangup"}
    rig.clock.advance(HANG_UP_RETRY_S)
    count = len(rig.hang_ups())
    rig.clock.advance(HANG_UP_RETRY_S)
    assert len(rig.hang_ups()) == count


def test_refusal_of_a_hang_up_that_has_happened_is_not_logged(rig, log):
    rig.start()
    rig.far.silent = {"Hangup"}
    rig.switch.hang_up("sid1", 16)
    rig.far.serve()
    rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), ("Uniqueid", "sid1"), ("Cause", "16"))
    rig.far.refused = {"Hangup"}
    rig.far.answer(rig.far.asked("Hangup")[0])
    assert warnings_in(log) == []


def test_refused_hang_up_stays_for_the_next_link(rig):
    rig.start()
    rig.far.refused = {"Hangup"}
    rig.switch.hang_up("sid1", 16)
    rig.far.serve()
    rig.far.line.end(ConnectionError("pulled"))
    rig.far.refused = set()
    rig.reconnect()
    assert rig.hang_ups() == [("sid1", "16")] * 2


def test_hang_up_that_is_refused_again_and_again_is_given_up_with_an_error(rig, log):
    rig.start()
    rig.far.refused = {"Hangup"}
    rig.switch.hang_up("sid1", 16)
    for _ in range(REFUSALS_MAX + 5):
        rig.far.serve()
        rig.clock.advance(HANG_UP_RETRY_S)
    assert len(rig.hang_ups()) == REFUSALS_MAX
    first, last = warnings_in(log)
    assert "sid1" in first
    assert "sid1 is not hung up" in last
    assert "Permission denied" in last


def test_call_of_a_lost_gateway_is_hung_up_even_if_our_name_cannot_be_put_on_it(rig, log):
    rig.start()
    rig.far.refused = {"Setvar"}
    rig.switch.hang_up_lost("sid1", 16)
    assert rig.hang_ups() == [("sid1", "16")]
    assert "Asterisk pbx1 refused Setvar: Permission denied" in warnings_in(log)[0]


def test_call_of_a_lost_gateway_is_hung_up_as_soon_as_asterisk_can_be_reached(rig):
    rig.start()
    rig.far.serve()
    rig.far.line.end(ConnectionError("pulled"))
    rig.switch.hang_up_lost("sid1", 16)
    rig.reconnect()
    assert rig.hang_ups() == [("sid1", "16")]


def announce(rig, host):
    rig.far.legs.clear()
    leg = ("Channel", "UnicastRTP/10.0.0.5:20000-0x7f01"), ("Uniqueid", "17.8"), ("Linkedid", "17.1")
    for variable, value in (("ADDRESS", host), ("PORT", "4000")):
        rig.far.tell("VarSet", *leg, ("Variable", f"UNICASTRTP_LOCAL_{variable}"), ("Value", value))
    return rig.recorder.events[-1].host


def test_address_that_is_not_host_is_believed_and_named_once(rig, log):
    rig.start()
    assert announce(rig, "10.0.1.5") == "10.0.1.5"
    assert announce(rig, "172.17.0.2") == "172.17.0.2"
    assert announce(rig, "172.17.0.2") == "172.17.0.2"
    (told,) = [formatEvent(event) for event in log if "media_address" in formatEvent(event)]
    assert "announces 172.17.0.2 for its audio, and host: is 10.0.1.5" in told


def test_asterisk_behind_nat_exchanges_audio_at_its_host(rig):
    rig.switch._config = evolve(CONFIG, media_address="host")
    rig.start()
    assert announce(rig, "172.17.0.2") == "10.0.1.5"
