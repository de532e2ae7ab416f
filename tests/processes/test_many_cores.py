"""Two gateway processes share a machine, a file and the port of the REST API."""

import time

import pytest

from tests.harness.fleet.fleet import LOOPBACK, eventually
from tests.harness.fleet.gateway import Gateway
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.fleet, needs_redis()]

CALLS = 16
REQUESTS = 20  # the kernel gives about half of them to each process
SETTLED_S = 4.5  # before that a new gateway takes no calls over


@pytest.fixture
def processes(any_fleet, tmp_path):
    """Two processes of one file, in the place of the fleet's gateways."""
    any_fleet.clear()
    any_fleet.stop(*(gateway for gateway in any_fleet.gateways if gateway.is_running))
    first, second, _ = (gateway.config for gateway in any_fleet.gateways)
    ports = f"{first['rtp']['ports'].partition('-')[0]}-{second['rtp']['ports'].partition('-')[2]}"
    config = {
        **first,
        "node": "many",
        "gateway": {**first["gateway"], "processes": 2},
        "rtp": {**first["rtp"], "ports": ports},
    }
    port = any_fleet.gateways[0].port
    both = [
        Gateway(f"many-{number}", tmp_path, config, LOOPBACK, port, arguments=("--process", str(number)))
        for number in (1, 2)
    ]
    any_fleet.start(*both)
    eventually(lambda: {both[0].request("/readyz").status for _ in range(REQUESTS)} == {200})
    yield both
    any_fleet.clear()
    any_fleet.stop(*(gateway for gateway in both if gateway.is_running))


def test_both_processes_carry_calls_and_one_goes_on_with_those_of_the_other(any_fleet, processes):
    fleet, (first, second) = any_fleet, processes
    sids = fleet.place(CALLS, first)
    holders = fleet.counts.holders()
    assert set(holders) == {"many-1", "many-2"}, "the calls are shared out"
    time.sleep(SETTLED_S)
    killed_at = fleet.far_side.now
    first.kill()
    fleet.heard_again(sids, killed_at + 0.1)
    eventually(lambda: fleet.counts.holders() == {"many-2": CALLS}, fleet.counts.holders)
    assert {second.show(sid).status for sid in sids} == {200}, "the shared port still answers"
    assert fleet.records.faults() == []
