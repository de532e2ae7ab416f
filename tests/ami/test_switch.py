import random
from urllib.parse import quote

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from zope.interface import implementer
from zope.interface.verify import verifyObject

from exoswitch.ami.message import AmiMessage
from exoswitch.ami.switch import AsteriskSwitch
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import BackendUnavailable, ConfigError, TrunkError
from exoswitch.events import CallArrived, ChannelDialled, ChannelHungUp, SwitchLost, SwitchReady
from exoswitch.interfaces import ISwitch, ISwitchListener, Origination
from tests.ami.far_side import SECRET, FarSide

RNG = random.Random(7)  # noqa: S311 - for jitter
CONFIG = AsteriskConfig(name="pbx1", ami="tcp:10.0.1.5:5038", username="exoswitch", secret=SECRET, host="10.0.1.5")
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


@implementer(ISwitchListener)
@define
class Recorder:
    events: list[object] = field(factory=list)

    def switch_event(self, switch, event):
        self.events.append(event)


@define
class Rig:
    clock: MemoryReactorClock
    far: FarSide
    switch: AsteriskSwitch
    recorder: Recorder

    def start(self) -> None:
        self.switch.startService()
        self.far.accept()

    def begin(self, work: Deferred[None]) -> list[object]:
        results: list[object] = []
        work.addCallbacks(results.append, lambda failure: results.append(failure.value))
        self.far.serve()
        return results

    def reconnect(self) -> None:
        self.clock.advance(10)
        self.far.accept()

    def hang_ups(self) -> list[tuple[str, str]]:
        self.far.serve()
        return [(action.get("Channel"), action.get("Cause")) for action in self.far.asked("Hangup")]

    def claim_answered(self, owner: str) -> None:
        command_id = self.far.asked("AGI")[-1].get("CommandID")
        result = quote(f"200 result=1 ({owner})\n")
        self.far.tell("AsyncAGIExec", ("Uniqueid", "17.1"), ("CommandId", command_id), ("Result", result))


@pytest.fixture
def rig():
    clock = MemoryReactorClock()
    recorder = Recorder()
    switch = AsteriskSwitch(CONFIG, reactor=clock, rng=RNG, node="gw1", listener=recorder)
    rig = Rig(clock, FarSide(clock), switch, recorder)
    yield rig
    stopped: list[object] = []
    if switch.running:
        switch.stopService().addBoth(stopped.append)
        clock.advance(0)
        assert stopped == [None]
    assert clock.getDelayedCalls() == []


@pytest.fixture
def log():
    events: list[dict[str, object]] = []
    globalLogPublisher.addObserver(events.append)
    yield events
    globalLogPublisher.removeObserver(events.append)


def warnings_in(log: list[dict[str, object]]) -> list[str]:
    return [event["log_format"].format(**event) for event in log if event["log_level"].name in {"warn", "error"}]


# --- The link ---------------------------------------------------------------------------------------------------


def test_switch_keeps_its_interface(rig):
    verifyObject(ISwitch, rig.switch)


@pytest.mark.parametrize("ami", ["", "10.0.1.5:5038", "tcp:", "tcp:host:port", "carrier-pigeon:x", "tcp:h:1:x=1"])
def test_bad_endpoint_is_a_problem_of_the_configuration(ami):
    config = AsteriskConfig(name="pbx1", ami=ami, username="u", secret="s", host="h")
    with pytest.raises(ConfigError) as raised:
        AsteriskSwitch(config, reactor=MemoryReactorClock(), rng=RNG)
    assert raised.value.problems[0].path == "asterisks[pbx1].ami"
    assert "tcp:10.0.1.5:5038" in str(raised.value)


def test_switch_becomes_ready_step_by_step(rig):
    rig.far.channels = [AmiMessage((("Uniqueid", uid),)) for uid in ("sid1", "17.1")]
    rig.start()
    assert rig.switch.ready
    assert rig.recorder.events == [SwitchReady(frozenset({"sid1", "17.1"}))]
    names = [action.get("Action") for action in rig.far.actions]
    assert names[:3] == ["Challenge", "Login", "Filter"]
    assert names[-1] == "CoreShowChannels"


def test_nothing_is_asked_before_asterisk_is_booted(rig):
    rig.far.boots = False
    rig.start()
    assert not rig.switch.ready
    assert not rig.far.asked("Filter")
    rig.far.tell("FullyBooted")
    assert rig.switch.ready


def test_asterisk_that_never_boots_is_left_with_a_hint(rig, log):
    rig.far.boots = False
    rig.start()
    for _ in range(12):
        rig.clock.advance(10)
        rig.far.serve()
    rig.clock.advance(0)
    assert "read = system" in warnings_in(log)[0]


def test_asterisk_that_cannot_filter_is_used_unfiltered(rig):
    rig.far.refused = {"Filter"}
    rig.start()
    assert rig.switch.ready
    assert len(rig.far.asked("Filter")) == 1


def test_wrong_secret_is_said_plainly_and_tried_again_slowly(rig, log):
    rig.far.refused = {"Login"}
    rig.start()
    rig.clock.advance(0)
    assert "Compare username and secret" in warnings_in(log)[0]
    assert SECRET not in str(log)
    rig.clock.advance(59)
    assert rig.clock.tcpClients == []
    rig.far.refused = set()
    rig.clock.advance(5)
    rig.far.accept()
    assert rig.switch.ready


def test_attempts_are_made_later_and_later_and_each_says_why(rig, log):
    rig.switch.startService()
    waits = []
    for _ in range(7):
        rig.far.refuse()
        waits.append(rig.clock.getDelayedCalls()[0].getTime() - rig.clock.seconds())
        rig.clock.advance(waits[-1])
    assert all(base <= wait < base + 1 for base, wait in zip([1, 2, 4, 8, 16, 30, 30], waits, strict=True))
    assert "tcp:10.0.1.5:5038: Connection to the other side was lost" in warnings_in(log)[0]
    rig.far.accept()
    assert rig.switch.ready
    rig.far.line.end(ConnectionError("pulled"))
    assert rig.clock.getDelayedCalls()[0].getTime() - rig.clock.seconds() < 2


def test_connections_that_come_to_nothing_are_made_later_and_later_too(rig):
    rig.far.silent = {"Challenge"}
    rig.start()
    for base in (1, 2, 4):
        rig.far.line.end(ConnectionError("pulled"))
        (retry,) = rig.clock.getDelayedCalls()
        wait = retry.getTime() - rig.clock.seconds()
        assert base <= wait < base + 1
        rig.clock.advance(wait)
        rig.far.accept()
    assert rig.recorder.events == []


def test_lost_link_is_told_once_and_comes_back_with_what_is_up(rig):
    rig.start()
    rig.far.line.end(ConnectionError("pulled"))
    assert not rig.switch.ready
    rig.far.channels = [AmiMessage((("Uniqueid", "sid9"),))]
    rig.reconnect()
    assert rig.recorder.events == [
        SwitchReady(frozenset()),
        SwitchLost("pulled"),
        SwitchReady(frozenset({"sid9"})),
    ]


def test_silent_link_is_lost_by_its_pings(rig):
    rig.start()
    rig.far.silent = {"Ping"}
    for _ in range(2):
        rig.clock.advance(10)
    rig.clock.advance(0)
    assert rig.recorder.events[-1] == SwitchLost("Asterisk did not answer Ping within 10 s")


def test_stop_is_no_loss(rig):
    rig.start()
    rig.switch.stopService()
    rig.clock.advance(0)
    assert rig.recorder.events == [SwitchReady(frozenset())]


def test_stop_does_not_wait_for_an_asterisk_that_takes_nothing(rig):
    rig.start()
    rig.far.line.ends = False
    stopped: list[object] = []
    rig.switch.stopService().addBoth(stopped.append)
    assert stopped == []
    rig.clock.advance(2)
    rig.clock.advance(0)
    assert stopped == [None]


def test_stop_ends_an_attempt_and_a_wait(rig):
    rig.switch.startService()
    rig.far.refuse()
    rig.switch.stopService()


def test_events_reach_a_listener_that_was_set_later(rig):
    rig.switch.listener = None
    rig.start()
    rig.switch.listener = rig.recorder
    rig.far.tell("DialBegin", ("DestUniqueid", "sid1"))
    assert rig.recorder.events == [ChannelDialled("sid1")]


# --- Outbound calls ---------------------------------------------------------------------------------------------


def test_call_is_queued(rig):
    rig.start()
    assert rig.begin(rig.switch.originate(CALL)) == [None]
    action = rig.far.asked("Originate")[0]
    assert action.action_id == action.get("ChannelId") == "sid1"
    assert action.get("Variable") == "EXOSWITCH_LEG=UnicastRTP/10.0.0.5:20000/c(ulaw)"


def test_refused_call_is_the_trunks_error(rig):
    rig.start()
    rig.far.refused = {"Originate"}
    (problem,) = rig.begin(rig.switch.originate(CALL))
    assert isinstance(problem, TrunkError)
    assert str(problem) == "Asterisk pbx1 refused to dial: Originate refused"


def test_no_call_is_placed_while_the_link_is_down(rig):
    for work in (rig.switch.originate(CALL), rig.switch.bridge("17.1", "10.0.0.5", 20000)):
        results: list[object] = []
        work.addErrback(lambda failure, results=results: results.append(failure.value))
        assert isinstance(results[0], BackendUnavailable)


def test_call_without_an_answer_and_one_cut_off_are_unavailable(rig):
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
    assert isinstance(results[0], TrunkError)
    assert str(results[0]) == "gateway gw2 has taken this call"
    rig.switch.hang_up("17.1", 16)
    assert rig.hang_ups() == []
    assert len(rig.far.asked("AGI")) == 1
    rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), ("Uniqueid", "17.1"), ("Cause", "16"))
    rig.switch.hang_up("17.1", 16)
    assert rig.hang_ups() == [("17.1", "16")]


def test_channel_that_is_gone_cannot_be_bridged(rig):
    rig.start()
    rig.far.refused = {"AGI"}
    (problem,) = rig.begin(rig.switch.bridge("17.1", "10.0.0.5", 20000))
    assert isinstance(problem, TrunkError)


def test_caller_who_hangs_up_during_the_claim_ends_it(rig):
    rig.start()
    results = rig.begin(rig.switch.bridge("17.1", "10.0.0.5", 20000))
    rig.far.tell("Hangup", ("Channel", "PJSIP/lab-1"), ("Uniqueid", "17.1"), ("Cause", "16"))
    assert isinstance(results[0], TrunkError)
    assert rig.recorder.events[-1] == ChannelHungUp("17.1", 16, "")


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


# --- Hang-ups ---------------------------------------------------------------------------------------------------


def test_hang_up_is_sent_at_once_and_forgotten_when_it_happened(rig):
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
    rig.far.refused = {"Hangup"}
    for _ in range(2):
        rig.far.line.end(ConnectionError("pulled"))
        rig.reconnect()
    assert rig.hang_ups()[2:] == [("sid1", "16"), ("sid2", "17")]


def test_hang_up_without_an_answer_costs_the_link_and_is_sent_on_the_next(rig):
    rig.start()
    rig.far.silent = {"Hangup"}
    rig.switch.hang_up("sid1", 16)
    rig.clock.advance(9)
    rig.far.serve()
    rig.clock.advance(1)
    rig.clock.advance(0)
    assert rig.recorder.events[-1] == SwitchLost("Asterisk did not answer Hangup within 10 s")
    rig.reconnect()
    assert rig.hang_ups() == [("sid1", "16")] * 2


def test_call_that_is_hung_up_before_its_channel_exists_is_hung_up_when_it_does(rig):
    rig.start()
    rig.begin(rig.switch.originate(CALL))
    rig.far.refused = {"Hangup"}
    rig.switch.hang_up("sid1", 16)
    assert rig.hang_ups() == [("sid1", "16")]
    rig.far.refused = set()
    rig.far.tell("DialBegin", ("DestUniqueid", "sid1"), ("DestChannel", "PJSIP/lab-1"))
    assert rig.hang_ups() == [("sid1", "16")] * 2
