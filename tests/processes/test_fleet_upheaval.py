"""Gateways are killed and paused one after the other, at random times, while calls come and go."""

import time
from random import Random

import pytest

from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.fleet, needs_redis()]

SEED = 5
UPHEAVALS = 5
LASTING = 8
SETTLED_S = 4.5  # before that a new gateway takes no calls over
WAYS = ("kill", "kill", "pause")


def upset(fleet, dice):
    """Kill or pause one of the gateways for a short time."""
    gateway = dice.choice(fleet.gateways)
    if dice.choice(WAYS) == "kill":
        gateway.kill()
        time.sleep(dice.uniform(0.1, 2.5))
        gateway.start()
    else:
        gateway.pause()
        time.sleep(dice.uniform(0.3, 2.5))
        gateway.resume()


def test_every_accepted_call_is_dialled_once_and_accounted_for_whatever_befalls_its_gateways(fleet):
    dice = Random(SEED)
    lasting = fleet.place(LASTING)
    time.sleep(SETTLED_S)
    with fleet.traffic() as traffic:
        for _ in range(UPHEAVALS):
            time.sleep(dice.uniform(1.0, 2.5))
            upset(fleet, dice)
        time.sleep(SETTLED_S)
    fleet.wait_until_left(lasting)
    dialled = fleet.far_side.dialled()
    assert {sid: dialled[sid] for sid in traffic.accepted if dialled[sid] > 1} == {}
    assert {sid for sid in traffic.accepted if not dialled[sid]} <= fleet.records.of_status("failed")
    assert set(fleet.records.sessions_of(traffic.accepted + lasting).values()) == {1}
    assert fleet.records.faults() == []
    assert [gateway.complaints() for gateway in fleet.gateways] == [[], [], []]
