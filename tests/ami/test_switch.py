import pytest
from attrs import define, evolve
from twisted.logger import capturedLogs, formatEvent
from zope.interface.verify import verifyObject

from exoswitch.ami.switch import QUALIFY_AGAIN_S
from exoswitch.call.events import ChannelHungUp, SwitchLost, SwitchReady
from exoswitch.errors import BackendUnavailable, ChannelGone, TrunkRefused
from exoswitch.interfaces.switch import ISwitch
from tests.harness.ami_rig import CALL, CONFIG, Recorder
from tests.harness.logs import warnings_in


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


def announce(rig, host):
    rig.far.legs.clear()
    leg = ("Channel", "UnicastRTP/10.0.0.5:20000-0x7f01"), ("Uniqueid", "17.8"), ("Linkedid", "17.1")
    for variable, value in (("ADDRESS", host), ("PORT", "4000")):
        rig.far.tell("VarSet", *leg, ("Variable", f"UNICASTRTP_LOCAL_{variable}"), ("Value", value))
    return rig.recorder.events[-1].host


# --- Hang-ups ---------------------------------------------------------------------------------------------------


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


# --- A listener that fails ----------------------------------------------------------------------------------------


@define
class Failing(Recorder):
    """A listener that cannot take the end of a call."""

    def switch_event(self, switch, event):
        super().switch_event(switch, event)
        if type(event) is ChannelHungUp:
            raise LookupError("the call has no stream")


@pytest.fixture
def failing(rig, logged_failures):
    rig.switch.listener = failing = Failing()
    rig.start()
    yield failing
    assert {failure["log_failure"].type for failure in logged_failures} == {LookupError}
    logged_failures.clear()


HANG_UP = ("Channel", "PJSIP/lab-1"), ("Uniqueid", "17.1"), ("Cause", "16")


def test_claim_ends_with_its_channel_although_the_listener_fails(rig, failing):
    results = rig.begin(rig.switch.claim("17.1"))
    rig.far.tell("Hangup", *HANG_UP)
    rig.far.serve()
    assert [type(problem) for problem in results] == [ChannelGone]


def test_list_of_channels_is_told_although_the_listener_fails(rig, failing):
    rig.far.silent = {"Getvar"}  # whether the channel is gone
    rig.far.tell("Hangup", *HANG_UP)
    rig.far.line.end(ConnectionError("pulled"))
    rig.far.silent = set()
    rig.reconnect()
    assert [type(event) for event in failing.events[-3:]] == [SwitchLost, ChannelHungUp, SwitchReady]
