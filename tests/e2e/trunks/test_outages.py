"""Two trunks under five calls a second, the first one ill: no call is lost, and it is used again once well."""

import threading
import time

import pytest

from tests.harness.carrier.behaviours import answers, refuses
from tests.harness.carrier.load import Load, first_tries

pytestmark = pytest.mark.e2e

PER_S = 5
ILL_S = 6.0
LEFT_ALONE_WITHIN_S = 5.0
USED_AGAIN_WITHIN_S = 30.0

ILLNESSES = {
    "faulty": refuses(503, "Service Unavailable"),
    "rested": refuses(503, "Service Unavailable", ("Retry-After", "30")),
}


def test_no_call_is_lost_while_the_first_trunk_is_ill(gateway, carrier, pairs, bot):
    """Both illnesses at the same time, each at a pair of its own."""
    loads = {name: Load(gateway, bot.url) for name in ILLNESSES}
    is_over = threading.Event()
    for name, illness in ILLNESSES.items():
        pairs[name].first.behaviour = illness
    began = time.monotonic()
    threads = [
        threading.Thread(target=load.place, args=(pairs[name].numbers(), PER_S), kwargs={"until": is_over.is_set})
        for name, load in loads.items()
    ]
    for thread in threads:
        thread.start()
    time.sleep(ILL_S)
    well_at = time.monotonic()
    for name in ILLNESSES:
        pairs[name].first.behaviour = answers(talk_s=0.3)
    try:
        for name in ILLNESSES:
            left_s = well_at + USED_AGAIN_WITHIN_S - time.monotonic()
            carrier.wait_until(lambda name=name: _firsts(carrier, pairs[name], well_at), f"{name} unused", left_s)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    for name, load in loads.items():
        with load:
            assert load.lost() == [], name
        late = [at - began for at in _firsts(carrier, pairs[name], began) if at < well_at]
        assert max(late) < LEFT_ALONE_WITHIN_S, f"{name}: {late}"
    assert carrier.records.rung_twice() == set()


def _firsts(carrier, pair, since):
    """Give the times at which the first trunk was tried first, since a moment."""
    tries = first_tries(carrier.records).values()
    return [at for trunk, at in tries if trunk == pair.first.name and at >= since]
