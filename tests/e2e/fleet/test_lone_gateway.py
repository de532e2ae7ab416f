"""A gateway without neighbours is killed and started again: it recovers its calls."""

import time

import pytest

from tests.harness.e2e.gateway import stored_statuses
from tests.harness.e2e.pair import gateway
from tests.harness.e2e.talks import silences_s, wait_until_heard_again
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

TAKEN_UP_WITHIN_S = 2.0  # after a start that takes no longer than twice the first one


@pytest.fixture
def lone_gateway(tmp_path, asterisk, bot_port):
    alone = gateway("gw1", tmp_path, asterisk, bot_port, sessions="sqlite:///calls.db", gateway={"on_stop": "wait"})
    try:
        yield alone
    finally:
        alone.kill()


def test_lone_gateway_that_was_killed_takes_its_own_calls_up_again(lone_gateway, talks, ami):
    began = time.monotonic()
    lone_gateway.start()
    lone_gateway.wait_until_ready()
    start_s = time.monotonic() - began
    calls = [talks.dial(lone_gateway), talks.ring(), talks.dial(lone_gateway)]

    def stored():
        return stored_statuses(lone_gateway.folder)

    eventually(lambda: stored() == ["in-progress"] * len(calls), stored)
    killed_at = time.monotonic()
    lone_gateway.kill()
    lone_gateway.start()
    wait_until_heard_again(calls, killed_at)
    assert silences_s(calls, killed_at)[-1] < TAKEN_UP_WITHIN_S + 2 * start_s
    calls[1].assert_is_clean()
    calls[2].assert_bot_hears_phone()
    for talk in calls:
        talk.streams()[-1].close()
    eventually(lambda: {lone_gateway.show(talk.call_sid).body["Call"]["Status"] for talk in calls} == {"completed"})
    eventually(lambda: not ami.channels(), lambda: [channel["Channel"] for channel in ami.channels()])
    assert lone_gateway.complaints() == []
