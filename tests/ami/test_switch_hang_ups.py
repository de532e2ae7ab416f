"""A switch hangs up until it has happened: over lost links, refusals, and Asterisks that do not answer."""

import pytest

from exoswitch.ami.hangups import HANG_UP_RETRY_S
from exoswitch.ami.pending_hangups import REFUSALS_MAX
from exoswitch.call.events import SwitchLost
from exoswitch.errors import ChannelGone
from tests.harness.ami_rig import CALL
from tests.harness.logs import warnings_in

LEG = "10.0.0.5", 20000


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


@pytest.mark.parametrize("taking", ["take_over", "adopt"])
def test_phone_that_asterisk_dials_after_its_call_was_found_gone_is_hung_up(rig, taking):
    """Its gateway died, and Asterisk was slow to read that gateway's last Originate."""
    rig.start()
    rig.far.gone = {"Setvar"}
    wanted = (LEG, {"is_bridged": False}) if taking == "take_over" else ((), {})
    (problem,) = rig.begin(getattr(rig.switch, taking)("sid1", *wanted[0], **wanted[1]))
    assert isinstance(problem, ChannelGone)
    assert rig.hang_ups() == []
    rig.far.gone = set()
    rig.far.tell("DialBegin", ("DestUniqueid", "sid1"), ("DestChannel", "PJSIP/lab-1"))
    assert rig.hang_ups() == [("sid1", "16")]
