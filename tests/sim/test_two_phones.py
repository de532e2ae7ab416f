"""Two phones at the simulated Asterisk: which channels are connected, and what a tap of them has."""

import pytest

from exoswitch.ami.originate import originate, tap
from exoswitch.sim.exchange import JoinMedia
from tests.harness.sim_asterisk import LEG, AsteriskCore


@pytest.fixture
def core():
    core = AsteriskCore("answer-after=1")
    core.log_in()
    core.originate("sid-1")
    core.pass_time(2)
    return core


def dial_second(core):
    action = originate(
        channel_id="sid-2",
        channel="PJSIP/0982@lab",
        caller_id="0804",
        ring_s=30.0,
        dial_string="",
        node="gw1",
        joins="sid-1",
    )
    core.send(action)
    core.pass_time(2)
    return [effect for effect in core.others if isinstance(effect, JoinMedia)]


def listen(core, tap_id, channel_id, *, one_side=False):
    """Tap a channel; give what is mixed into its audio."""
    core.send(tap(tap_id=tap_id, channel_id=channel_id, dial_string=LEG, node="gw1", one_side=one_side))
    return core.opened[-1].also


@pytest.mark.parametrize("tap_id", ["tap-sid-1", "sid-1-tap"])
def test_second_phone_is_connected_with_the_first_one_and_not_with_a_tap_of_it(core, tap_id):
    listen(core, tap_id, "sid-1")
    (joined,) = dial_second(core)
    assert (joined.first.channel_id, joined.second.channel_id) == ("sid-1", "sid-2")


def test_both_phones_are_heard_at_the_channel_of_the_second_one_alone(core):
    dial_second(core)
    assert listen(core, "tap-a", "sid-1") is None
    assert listen(core, "tap-b", "sid-2") == core.script
    assert listen(core, "tap-c", "sid-2", one_side=True) is None
