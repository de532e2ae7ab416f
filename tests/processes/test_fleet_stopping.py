"""A gateway is stopped by SIGTERM: it hands its calls over, or waits for their end."""

import time

import pytest

from tests.harness.fleet.fleet import STOP_WAIT_S
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.fleet, needs_redis()]

MOVED_S = 2.0  # the longest silence of a handed-over call
UNAVAILABLE = 503


def held_by(fleet, gateway):
    return [place.call_sid for place in fleet.counts.places() if place.holder == gateway.name]


def test_stop_with_hand_over_moves_all_calls_and_exits_with_0(fleet):
    leaving, *others = fleet.gateways
    sids = fleet.place(24)
    moving = held_by(fleet, leaving)
    assert moving
    with fleet.heard_throughout(sids, MOVED_S):
        assert leaving.stop() == 0
    fleet.wait_until_heard(moving, since=fleet.far_side.now - 0.5)
    fleet.wait_until_left(sids)
    assert fleet.resumed() == set(moving)
    assert set(fleet.counts.holders()) == {gateway.name for gateway in others}
    assert set(fleet.records.gateways_of(moving)) <= {gateway.name for gateway in others}
    assert fleet.records.faults() == []


def test_stop_with_wait_refuses_new_calls_and_exits_with_0_at_the_end_of_the_last_one(fleet):
    leaving = fleet.gateways[1]
    sids = fleet.place(9)
    waited_for = held_by(fleet, leaving)
    assert waited_for
    with fleet.heard_throughout(sids, 0.4):
        leaving.ask_to_stop()
        time.sleep(1.0)
        assert leaving.place("09812345678", fleet.far_side.bot.url).status == UNAVAILABLE
        assert leaving.is_running
    fleet.far_side.hang_up(fleet.phones(waited_for))
    asked_at = fleet.far_side.now
    assert leaving.wait_for_end() == 0
    assert fleet.far_side.now - asked_at < STOP_WAIT_S / 2
    fleet.wait_until_left(set(sids) - set(waited_for))
    assert fleet.resumed() == set()
    assert {fleet.records.status(sid) for sid in waited_for} == {"completed"}
