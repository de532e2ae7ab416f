"""A server of a fleet goes away and comes back, with calls in progress and with short calls all the time."""

import time

import pytest

from tests.harness.fleet import outages
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.fleet, needs_redis()]

OUTAGE_S = 2.0  # shorter than every time-out, long enough to notice a lost connection
BEFORE_AND_AFTER_S = 0.5
SILENCE_S = 0.4  # a gateway on a busy machine may stand still for so long; the outages are much longer
PLACED, UNAVAILABLE = 200, 503


@pytest.mark.parametrize(
    ("outage", "answers"),
    [
        pytest.param(outages.redis_stopped, {PLACED}, id="redis stopped"),
        pytest.param(outages.redis_paused, {PLACED}, id="redis paused"),
        pytest.param(outages.postgres_stopped, {PLACED, UNAVAILABLE}, id="postgres stopped"),
        pytest.param(outages.postgres_paused, {PLACED}, id="postgres paused"),
        pytest.param(outages.one_asterisk_frozen, {PLACED}, id="one asterisk frozen"),
        pytest.param(outages.one_ami_shut, {PLACED}, id="one ami shut"),
        pytest.param(outages.all_ami_shut, {PLACED, UNAVAILABLE}, id="all ami shut"),
    ],
)
def test_calls_in_progress_lose_no_audio_and_every_call_is_accounted_for(fleet, calls, outage, answers):
    with fleet.heard_throughout(calls, SILENCE_S), fleet.traffic() as traffic:
        time.sleep(BEFORE_AND_AFTER_S)
        with outage(fleet):
            time.sleep(OUTAGE_S)
        time.sleep(BEFORE_AND_AFTER_S)
    assert set(traffic.statuses) == answers
    fleet.wait_until_left(calls)
    assert set(fleet.records.sessions_of(traffic.accepted + calls).values()) == {1}
    assert fleet.records.faults() == []
    assert [gateway.complaints() for gateway in fleet.gateways] == [[], [], []]
