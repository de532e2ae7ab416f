"""What a gateway learns of trunks, and sends to them, over a real Asterisk and a scripted carrier."""

import asyncio
from collections.abc import Callable

import pytest
from attrs import evolve
from twisted.internet.threads import deferToThread

from exoswitch.ami import trunk_watch
from exoswitch.call.events import ChannelDialled, ChannelHungUp, OriginateFailed, TrunkCondition
from exoswitch.config.model import CallsConfig
from exoswitch.trunks.bsnl import BsnlSettings
from tests.contract.switch_suite import Gateway, Stage
from tests.harness.carrier.behaviours import refuses
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.trunk import CarrierTrunk
from tests.harness.e2e.asterisk_server import AsteriskServer, lab_config
from tests.harness.e2e.ports import free_port

pytestmark = pytest.mark.e2e

HOST, NAME = "127.0.0.1", "bsnl-1"


@pytest.fixture(scope="module")
def carrier():
    with Carrier() as the_carrier:
        yield the_carrier


@pytest.fixture(scope="module")
def trunk(carrier):
    return carrier.add(CarrierTrunk(NAME, HOST, free_port(), carrier.records))


@pytest.fixture(scope="module")
def server(asterisk, trunk, tmp_path_factory):
    ims = BsnlSettings(
        name=NAME,
        provider="bsnl",
        proxy=f"{HOST}:{trunk.port}",
        domain="ap.siptrunk.ims.bsnl.in",
        username="+914024001355",
        password="opensesame",
        numbers=("+914024001355",),
    )
    config = evolve(lab_config(10, CallsConfig()), trunks=(ims,))
    with AsteriskServer(asterisk.root, tmp_path_factory.mktemp("conditions"), config) as running:
        yield running


class Phones:
    """Nothing to start: the carrier outlives each test."""

    def __init__(self, config):
        self.config = config

    def open(self, reactor):
        pass

    async def close(self):
        pass


@pytest.fixture
def stage(server, reactor, serve, monkeypatch):
    monkeypatch.setattr(trunk_watch, "LOOK_EVERY_S", 1.0)
    return serve(Stage(reactor, Phones(server.pbx)))


@pytest.fixture
def ask(server):
    """Ask Asterisk as an operator would: any action, from another session."""

    def do(action: str, **headers: str):
        with server.login() as ami:
            return ami.ask(action, **headers)

    return lambda action, **headers: deferToThread(do, action, **headers)


async def hears(gateway: Gateway, fits: Callable[[TrunkCondition], bool]) -> TrunkCondition:
    """Wait until the newest condition fits."""
    await gateway.until(lambda: gateway.of(TrunkCondition) and fits(gateway.of(TrunkCondition)[-1]), 15.0)
    return gateway.of(TrunkCondition)[-1]


async def test_registered_trunk_that_answers_options_is_told_with_its_round_trip(stage):
    gateway = await stage.gateway()
    condition = await hears(gateway, lambda it: it.registered and it.rtt_s is not None)
    assert (condition.trunk, condition.reachable) == (NAME, True)
    assert 0.0 < condition.rtt_s < 1.0


async def test_registration_that_is_rejected_is_told_and_so_is_its_return(stage, trunk, ask):
    gateway = await stage.gateway()
    await hears(gateway, lambda it: it.registered)
    trunk.registrar.refusal = 403, "Forbidden"
    await ask("PJSIPRegister", Registration=NAME)
    await hears(gateway, lambda it: it.registered is False)
    trunk.registrar.refusal = None
    await ask("PJSIPRegister", Registration=NAME)
    await hears(gateway, lambda it: it.registered)


async def test_registration_that_somebody_has_ended_is_begun_again(stage, ask):
    gateway = await stage.gateway()
    gateway.switch._trunks._conditions.patience_s = 2.0
    await hears(gateway, lambda it: it.registered)
    await ask("PJSIPUnregister", Registration=NAME)
    await hears(gateway, lambda it: it.registered is False)
    await hears(gateway, lambda it: it.registered)


async def test_trunk_that_answers_no_options_is_told_and_has_no_channel(stage, trunk, ask):
    gateway = await stage.gateway()
    await hears(gateway, lambda it: it.reachable)
    trunk.options = 0
    await hears(gateway, lambda it: it.reachable is False)
    await gateway.dial("unreachable", trunk=NAME)
    await gateway.hear(OriginateFailed)
    await gateway.settle()
    assert gateway.kinds() == [OriginateFailed]
    trunk.options = 200
    await ask("PJSIPQualify", Endpoint=NAME)
    await hears(gateway, lambda it: it.reachable)


async def test_sip_headers_of_a_call_reach_the_trunk_as_they_are_written(stage, trunk, carrier):
    values = {
        "P-Preferred-Identity": "<sip:+914024001355@ap.siptrunk.ims.bsnl.in;user=phone>",
        "X-Odd": 'a,b="c" \\d) (e[f ${EXTEN} $[1+1] ; x',
    }
    variables = tuple((f"PJSIP_HEADER(add,{name})", value) for name, value in values.items())
    trunk.behaviour = refuses(486, "Busy Here")
    gateway = await stage.gateway()
    await hears(gateway, lambda it: it.reachable)
    before = len(carrier.records.seen)
    await gateway.dial("headers", trunk=NAME, variables=variables)
    assert (await gateway.hear(ChannelHungUp)).sip_status == 486
    (invite,) = [seen.message for seen in carrier.records.seen[before:] if seen.message.start.startswith("INVITE ")]
    assert {name: invite[name] for name in values} == values


async def test_trunk_that_answers_after_our_hang_up_is_cancelled(stage, trunk, carrier):
    async def rings_late(call):
        await asyncio.sleep(1.0)
        call.ring()

    trunk.behaviour = rings_late
    gateway = await stage.gateway()
    await hears(gateway, lambda it: it.reachable)
    before = len(carrier.records.seen)
    await gateway.dial("late", trunk=NAME)
    await gateway.hear(ChannelDialled)
    gateway.switch.hang_up("late", 16)
    end = await gateway.hear(ChannelHungUp)
    assert (end.cause, end.sip_status, end.by_peer) == (16, None, False)
    starts = [seen.message.start for seen in carrier.records.seen[before:]]
    assert not [start for start in starts if start.startswith("CANCEL ")]
    await gateway.until(
        lambda: any(seen.message.start.startswith("CANCEL ") for seen in carrier.records.seen[before:])
    )
