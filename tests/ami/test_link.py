import random

import pytest
from attrs import evolve
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel, formatEvent

from exoswitch.ami.message import AmiMessage
from exoswitch.ami.switch import AsteriskSwitch
from exoswitch.call.events import ChannelDialled, SwitchLost, SwitchReady
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import ConfigError
from exoswitch.tasks.fair_turns import ASTERISKS_S, FairTurns
from exoswitch.tasks.link import REPEAT_WARNING_S
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.ami_far_side import SECRET
from tests.harness.ami_rig import CONFIG
from tests.harness.logs import warnings_in


@pytest.mark.parametrize("ami", ["", "10.0.1.5:5038", "tcp:", "tcp:host:port", "carrier-pigeon:x", "tcp:h:1:x=1"])
def test_bad_endpoint_is_a_problem_of_the_configuration(ami):
    config = AsteriskConfig(name="pbx1", ami=ami, username="u", secret="s", host="h")
    with pytest.raises(ConfigError) as raised:
        AsteriskSwitch(
            config,
            reactor=(clock := MemoryReactorClock()),
            turns=FairTurns(clock, ASTERISKS_S),
            rng=random.Random(7),
            metrics=MemoryMetrics(),
        )
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


def test_login_answers_the_challenge_and_never_shows_the_secret(rig, log):
    rig.start()
    (login,) = rig.far.asked("Login")
    assert login.get("Key")
    assert SECRET not in str(login.headers) + str(log)


def test_login_gives_the_secret_if_challenges_are_refused_on_an_encrypted_connection(rig):
    rig.switch._config = evolve(CONFIG, ami="tls:10.0.1.5:5039")
    rig.far.refused = {"Challenge"}
    rig.start()
    assert rig.far.asked("Login")[0].get("Secret") == SECRET
    assert rig.switch.ready


def test_secret_is_not_sent_in_the_clear(rig, log):
    rig.far.refused = {"Challenge"}
    rig.start()
    assert not rig.far.asked("Login")
    assert SECRET not in str([action.headers for action in rig.far.actions])
    (error,) = [event for event in log if event["log_level"] is LogLevel.error]
    assert "tcp:10.0.1.5:5038, or use tls:" in formatEvent(error)
    rig.clock.advance(59)
    assert not rig.clock.tcpClients  # A refusal stays for some time.


def test_nothing_is_asked_before_asterisk_is_booted(rig):
    rig.far.boots = False
    rig.start()
    assert not rig.switch.ready
    assert not rig.far.asked("Filter")
    rig.far.tell("FullyBooted")
    assert rig.switch.ready


def test_asterisk_that_never_boots_is_dropped_with_a_hint(rig, log):
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


def test_wrong_secret_is_logged_with_a_remedy_and_tried_again_slowly(rig, log):
    rig.far.refused = {"Login"}
    rig.start()
    rig.clock.advance(0)
    assert "refused the login of 'exoswitch': Permission denied. Compare username and secret" in warnings_in(log)[0]
    assert SECRET not in str(log)
    rig.clock.advance(59)
    assert rig.clock.tcpClients == []
    rig.far.refused = set()
    rig.clock.advance(5)
    rig.far.accept()
    assert rig.switch.ready


def test_attempts_are_made_later_and_later_and_the_reason_is_logged(rig, log):
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


def test_connections_that_never_become_ready_are_made_later_and_later_too(rig):
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


def test_lost_link_is_told_once_and_the_next_tells_which_channels_are_up(rig):
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


def test_link_that_answers_no_ping_is_lost(rig):
    rig.start()
    rig.far.silent = {"Ping"}
    for _ in range(2):
        rig.clock.advance(10)
    rig.clock.advance(0)
    assert rig.recorder.events[-1] == SwitchLost("Asterisk pbx1 did not answer Ping within 10 s")


def test_stop_is_no_loss(rig):
    rig.start()
    rig.switch.stopService()
    rig.clock.advance(0)
    assert rig.recorder.events == [SwitchReady(frozenset())]


def test_stop_does_not_wait_for_an_asterisk_that_does_not_close(rig):
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


def test_actions_and_events_are_measured(rig):
    rig.start()
    labels = 'action="Login",asterisk="pbx1"'
    assert len(rig.metrics.observed[f"ami_action_seconds{{{labels}}}"]) == 1
    before = rig.metrics.count("ami_events_total", asterisk="pbx1")
    rig.far.tell("DialState", ("DestUniqueid", "c1"), ("DialStatus", "RINGING"))
    assert rig.metrics.count("ami_events_total", asterisk="pbx1") == before + 1
    assert rig.metrics.read()['ami_queue{asterisk="pbx1"}'] == 0


def test_refused_strangers_are_counted_and_told_to_nobody(rig):
    rig.start()
    before = list(rig.recorder.events)
    rig.far.tell("InvalidAccountID", ("AccountID", "100"), ("RemoteAddress", "IPV4/UDP/192.0.2.9/5060"))
    assert rig.metrics.count("sip_strangers_total", asterisk="pbx1") == 1
    assert rig.recorder.events == before


def test_messages_that_are_not_believed_are_counted(rig):
    rig.start()
    rig.switch.disbelieve("its Uniqueid comes twice")
    assert rig.metrics.count("ami_refused_total", asterisk="pbx1") == 1


def test_messages_that_are_not_believed_are_logged_once_a_minute(rig, log):
    rig.start()
    for _ in range(100):
        rig.switch.disbelieve("its Uniqueid comes twice")
    assert len(warnings_in(log)) == 1
    rig.clock.advance(REPEAT_WARNING_S)
    rig.switch.disbelieve("its Uniqueid comes twice")
    assert len(warnings_in(log)) == 2
    assert "101 such messages" in warnings_in(log)[1]
