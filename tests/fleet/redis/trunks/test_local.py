"""The share of a gateway while Redis is away: all shares together stay within the limits of each trunk."""

from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists

from exoswitch.call.attempts import Health
from exoswitch.fleet.redis.trunks.codec import TrunksView
from exoswitch.fleet.redis.trunks.local import LocalTrunks
from exoswitch.fleet.trunks.pace import spacing_us
from exoswitch.fleet.trunks.record import TrunkRecord
from exoswitch.fleet.trunks.registry import Candidate
from exoswitch.fleet.trunks.status import Circuit, DialResult, TrunkLimits

NOW_US = 1_700_000_000_000_000
LATER_US = NOW_US + 30_000_000
LONG_US = 3_600_000_000


def candidate(channels=10, cps=10.0):
    return Candidate(trunk="t", channels=channels, spacing_us=spacing_us(cps))


def fleet(*calls):
    """Make gateways that know of each other; each has this number of calls."""
    view = TrunksView(
        now_us=NOW_US,
        records={"t": TrunkRecord()},
        gateways={f"gw{at}": (LATER_US, Counter({"t": number})) for at, number in enumerate(calls)},
    )
    gateways = [LocalTrunks(f"gw{at}") for at in range(len(calls))]
    for local, number in zip(gateways, calls, strict=True):
        local.learn(view, {"t": number})
    return gateways


def turns(local, asked, count):
    """Take turns; give their times."""
    taken = [local.take([asked], LONG_US, NOW_US) for _ in range(count)]
    return [NOW_US + one.wait_us for one in taken if one]


@given(lists(integers(min_value=0, max_value=6), min_size=1, max_size=4), integers(min_value=0, max_value=20))
def test_channels_of_all_shares_are_those_that_were_free(calls, channels):
    taken = [len(turns(local, candidate(channels), 25)) for local in fleet(*calls)]
    assert sum(taken) <= max(0, channels - sum(calls))
    assert sum(taken) > max(0, channels - sum(calls)) - len(calls)


@pytest.mark.parametrize("gateways", [1, 2, 3])
@pytest.mark.parametrize("cps", [0.5, 10.0, 30.0])
def test_turns_of_all_shares_keep_to_the_limit(gateways, cps):
    fleets = fleet(*[0] * gateways)
    times = sorted(at for local in fleets for at in turns(local, candidate(1000, cps), 40))
    limit = ceil(cps)
    assert all(later - first >= 1_000_000 for first, later in zip(times, times[limit:], strict=False))


def test_own_calls_that_end_make_room():
    first, _ = fleet(4, 6)
    assert first.take([candidate()], LONG_US, NOW_US) is None
    first.count("t", -1, NOW_US)
    assert first.take([candidate()], LONG_US, NOW_US).trunk == "t"
    assert first.take([candidate()], LONG_US, NOW_US) is None


def test_calls_of_a_gateway_that_has_lapsed_do_not_count():
    local = LocalTrunks("gw0")
    gateways = {"gw0": (LATER_US, Counter()), "gw1": (NOW_US, Counter({"t": 10}))}
    local.learn(TrunksView(now_us=NOW_US, records={}, gateways=gateways), {})
    assert len(turns(local, candidate(), 11)) == 10


def test_gateway_that_has_never_heard_of_others_takes_all():
    local = LocalTrunks("gw0")
    assert len(turns(local, candidate(), 11)) == 10


def test_first_turn_leaves_room_for_those_that_redis_gave_last():
    local, _ = fleet(0, 0)
    assert turns(local, candidate(), 1) == [NOW_US + 2 * spacing_us(10.0)]


def test_turn_that_redis_gave_is_told_at_the_next_registration():
    local, _ = fleet(0, 0)
    local.note_turn("t", 1000, 500, NOW_US)
    assert local.turns_us(NOW_US) == {"t": 1500}
    assert local.turns_us(NOW_US + 2000) == {}


def test_channels_of_gateways_that_have_not_come_back_are_kept_free_until_the_fleet_has_settled():
    local, *_ = fleet(1, 2, 3)
    local.came_back(LATER_US)
    assert [one.channels for one in local.less_unseen([candidate()], NOW_US)] == [5]
    view = TrunksView(now_us=NOW_US, records={}, gateways={"gw1": (LATER_US, Counter({"t": 2}))})
    local.learn(view, {"t": 1})
    assert [one.channels for one in local.less_unseen([candidate()], NOW_US)] == [7]
    assert [one.channels for one in local.less_unseen([candidate()], LATER_US)] == [10]


def test_breaker_works_without_redis():
    local, _ = fleet(0, 0)
    for number in range(1, 4):
        local.take([candidate()], LONG_US, NOW_US)
        local.report("t", DialResult(health=Health.STRONG), number, NOW_US)
    assert local.statuses({"t": TrunkLimits(10, 10.0)}, NOW_US)["t"].circuit is Circuit.OPEN
