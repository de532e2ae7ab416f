"""The gateways of a fleet dial on one trunk: together they keep to its limits."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.harness.fleet.dials import most_in_a_second, rate_hz
from tests.harness.fleet.far_side import PACED
from tests.harness.fleet.fleet import PACED_CPS, eventually

pytestmark = pytest.mark.fleet

CALLS = 45


def test_all_gateways_together_never_dial_more_than_the_trunk_takes_in_any_second(fleet):
    before = len(fleet.records.dial_times("paced"))
    with ThreadPoolExecutor(len(fleet.gateways)) as dialers:
        asked = [
            dialers.submit(fleet.gateways[at % len(fleet.gateways)].place, PACED, fleet.far_side.bot.url)
            for at in range(CALLS)
        ]
    assert [answer.result().status for answer in asked] == [200] * CALLS
    eventually(lambda: len(fleet.records.dial_times("paced")) == before + CALLS)
    times = fleet.records.dial_times("paced")[before:]
    assert most_in_a_second(times) <= PACED_CPS
    assert rate_hz(times) > 0.6 * PACED_CPS  # it is 0.98 on a machine that does nothing else
    fleet.wait_until_left(())
