"""The network between the parts of a fleet is bad or cut. Each gateway has its own network namespace."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from exoswitch.sim.network import Conditions
from tests.harness.fleet.far_side import FarSide
from tests.harness.fleet.fleet import Fleet, Plan, eventually
from tests.harness.fleet.town import OURS, POSTGRES, REDIS, CannotBuild, Town
from tests.harness.redis_server import RedisServer, needs_redis

pytestmark = [pytest.mark.fleet, needs_redis()]

CALLS = 12
CUT_S = 4.0
TALKED_S = 3.0
LOST = range(1, 10)  # per cent; the setting is two
NETEM = ("netem", "delay", "40ms", "10ms", "loss", "2%")
BAD = Conditions(delay_s=0.04, jitter_s=0.01, loss=0.02)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with ExitStack() as stack:
        try:
            built = stack.enter_context(Town(3))
        except CannotBuild as problem:
            pytest.skip(str(problem))
        yield built


@pytest.fixture(scope="module")
def fleet(town, tmp_path_factory, postgres) -> Iterator[Fleet]:
    plan = Plan(host=OURS, redis_host=REDIS, postgres_host=POSTGRES, addresses=town.addresses, prefixes=town.prefixes)
    redis = RedisServer(options=("--bind", "127.0.0.1", REDIS, "--protected-mode", "no"))
    with Fleet(tmp_path_factory.mktemp("fleet"), redis, postgres, FarSide(interface=OURS), plan) as running:
        yield running


@pytest.fixture
def calls(fleet):
    fleet.clear()
    return fleet.place(CALLS)


def lost_percent(fleet, sids):
    """Give the percentage of these callers' packets that the gateways have counted as lost."""

    def lines():
        logs = "\n".join((gateway.folder / "log").read_text() for gateway in fleet.gateways)
        return [re.search(rf"{sid}: MediaStatistics\(received=(\d+), lost=(\d+)", logs) for sid in sids]

    eventually(lambda: all(lines()), lines)
    received, lost = (sum(int(line[place]) for line in lines()) for place in (1, 2))
    return 100 * lost / (received + lost)


def check_audio_of_calls(fleet):
    sids = fleet.place(CALLS)
    with fleet.heard_throughout(sids, 0.4):
        time.sleep(TALKED_S)
    fleet.clear()
    assert LOST.start < lost_percent(fleet, sids) < LOST.stop
    assert fleet.records.faults() == []


def test_audio_flows_through_a_bad_telephone_network(fleet):
    asterisks = fleet.far_side.asterisks.values()
    good = Conditions()
    for asterisk in asterisks:
        asterisk.network = BAD
    try:
        check_audio_of_calls(fleet)
    finally:
        for asterisk in asterisks:
            asterisk.network = good


def test_audio_flows_over_a_bad_network_between_gateway_and_asterisk(fleet, town):
    try:
        with town.ways_under(*NETEM):
            check_audio_of_calls(fleet)
    except CannotBuild as problem:
        pytest.skip(str(problem))


def test_calls_of_a_gateway_that_alone_cannot_reach_redis_are_each_carried_by_one_gateway(fleet, town, calls):
    away = fleet.gateways[0]
    theirs = [place.call_sid for place in fleet.counts.places() if place.holder == away.name]
    assert theirs
    with town.cut(0, REDIS, fleet.redis.port):
        time.sleep(CUT_S)
        fleet.wait_until_heard(calls, since=fleet.far_side.now)
        assert fleet.resumed() == set(theirs)
    fleet.wait_until_left(calls)
    eventually(lambda: len(fleet.far_side.streams()) == CALLS, lambda: len(fleet.far_side.streams()))
    fleet.wait_until_heard(calls, since=fleet.far_side.now)
    assert sum(fleet.records.sessions_of(calls).values()) == CALLS
    assert fleet.records.faults() == []
    fleet.wait_until_alive(away)
    assert away.complaints() == []


def test_calls_of_a_gateway_that_cannot_reach_ami_go_on_and_their_ends_are_found_out(fleet, town, calls):
    held = [place.call_sid for place in fleet.counts.places() if place.holder == fleet.gateways[0].name]
    assert held
    end, go_on = held[::2], sorted(set(calls) - set(held[::2]))
    with fleet.heard_throughout(go_on, 0.4), ExitStack() as cuts:
        for asterisk in fleet.far_side.asterisks.values():
            cuts.enter_context(town.cut(0, OURS, asterisk.ami_port))
        time.sleep(CUT_S / 2)
        fleet.far_side.hang_up(fleet.phones(end))
        time.sleep(CUT_S / 2)
    fleet.wait_until_left(go_on)
    assert {fleet.records.status(sid) for sid in end} == {"completed"}
    assert fleet.records.faults() == []
