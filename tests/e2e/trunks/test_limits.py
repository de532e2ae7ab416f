"""Two gateways share the limits of a trunk: never more calls a second, nor more at once, than its carrier allows."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.harness.carrier.behaviours import answers, limited
from tests.harness.carrier.lab import FEW_CHANNELS, LIMIT_CPS
from tests.harness.carrier.load import Load
from tests.harness.carrier.records import most_in_a_second
from tests.harness.carrier.rig import as_node
from tests.harness.e2e.gateway import GatewayProcess
from tests.harness.redis_server import RedisServer

pytestmark = pytest.mark.e2e

BURST = 30

# The pool promises at most N dials in any second where they leave the gateway. On a busy machine the way through
# Asterisk to the carrier's thread takes longer for one call than for another. Gateways that do not share the limit
# still begin with twice as many at once. tests/contract/trunk_pool_suite.py holds the pool to the whole second.
SECOND_S = 0.5
ATTEMPTS_AT_ONCE = 12


@pytest.fixture(scope="module")
def fleet(asterisk, file, tmp_path_factory) -> Iterator[list[GatewayProcess]]:
    """Give two gateways that share a Redis."""
    redis, folder = RedisServer(), tmp_path_factory.mktemp("fleet")
    with ExitStack() as started:
        started.callback(redis.stop)
        redis.start(folder)
        cluster, limited_pairs = f"redis://127.0.0.1:{redis.port}/0", ("limited", "narrow")
        nodes = [as_node(file, name, cluster, pairs=limited_pairs) for name in ("gw2", "gw3")]
        yield [started.enter_context(GatewayProcess(folder / str(port), config, port)) for config, port in nodes]


@pytest.fixture
def burst(fleet, bot):
    """Place calls on both gateways in turn, as fast as they take them; give those that were lost."""

    def placed(numbers):
        loads = [Load(gateway, bot.url) for gateway in fleet]
        for load, share in zip(loads, (numbers[::2], numbers[1::2]), strict=True):
            load.begin(share)
        return [lost for load in loads for lost in load.lost()]

    return placed


def test_never_more_calls_a_second_than_the_trunk_takes(burst, pairs, carrier):
    pair = pairs["limited"]
    pair.first.behaviour = limited(LIMIT_CPS, answers(talk_s=0.3), window_s=SECOND_S)
    numbers = [pair.number() for _ in range(BURST)]
    assert burst(numbers) == []
    dials = carrier.records.dials(trunk=pair.first.name)
    assert len(dials) > 3 * LIMIT_CPS
    assert most_in_a_second((seen.at for seen in dials), SECOND_S) <= LIMIT_CPS
    assert {call.status for call in pair.first.calls} == {200}


def test_never_more_calls_at_once_than_the_trunk_has_channels(burst, pairs):
    pair = pairs["narrow"]
    pair.first.behaviour = pair.second.behaviour = answers(talk_s=1.5)
    assert burst([pair.number() for _ in range(ATTEMPTS_AT_ONCE)]) == []
    assert _most_at_once(pair.first.calls) == FEW_CHANNELS
    assert len(pair.first.calls) + len(pair.second.calls) == ATTEMPTS_AT_ONCE


def _most_at_once(calls):
    changes = sorted([(call.at, 1) for call in calls] + [(call.ended_at, -1) for call in calls])
    now = most = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most
