"""What a gateway learns of trunks, and sends to them, over a real Asterisk and a scripted carrier."""

import asyncio
import threading
import time

import pytest
from attrs import evolve
from twisted.internet.threads import deferToThread

from exoswitch.call.events import ChannelDialled, ChannelHungUp
from exoswitch.config.model import CallsConfig
from exoswitch.trunks.bsnl import BsnlSettings
from tests.contract.switch_stage import Stage
from tests.contract.trunk_suite import NAME, TrunkContract, hears
from tests.harness.carrier.behaviours import refuses
from tests.harness.carrier.carrier import WAIT_S, Carrier
from tests.harness.carrier.trunk import CarrierTrunk
from tests.harness.e2e.asterisk_server import AsteriskServer, lab_config
from tests.harness.e2e.ports import free_port

pytestmark = pytest.mark.e2e

HOST = "127.0.0.1"


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


class RealCarrier:
    """The carrier at the other end of a real Asterisk's trunk; both outlive each test."""

    def __init__(self, server, trunk):
        self.config, self._server, self._trunk = server.pbx, server, trunk

    def open(self, reactor):
        pass

    async def close(self):
        pass

    async def refuse_registration(self):
        self._trunk.registrar.refusal = 403, "Forbidden"
        await self._ask("PJSIPRegister", Registration=NAME)

    async def accept_registration(self):
        self._trunk.registrar.refusal = None
        await self._ask("PJSIPRegister", Registration=NAME)

    async def end_registration(self):
        await self._ask("PJSIPUnregister", Registration=NAME)

    async def set_answering(self, *, is_answering):
        self._trunk.options = 200 if is_answering else 0
        await self._ask("PJSIPQualify", Endpoint=NAME)

    def _ask(self, action, **headers):
        """Ask Asterisk as an operator would, from another session."""

        def ask():
            with self._server.login() as ami:
                return ami.ask(action, **headers)

        return deferToThread(ask)


@pytest.fixture
def far_side(server, trunk):
    return RealCarrier(server, trunk)


class TestRealAsterisk(TrunkContract):
    pass


class TestCallsOfARealAsterisk:
    @pytest.fixture
    def stage(self, far_side, reactor, serve):
        return serve(Stage(reactor, far_side))

    async def test_sip_headers_of_a_call_reach_the_trunk_as_they_are_written(self, stage, trunk, carrier):
        values = {
            "P-Preferred-Identity": "<sip:+914024001355@ap.siptrunk.ims.bsnl.in;user=phone>",
            "X-Odd": 'a,b="c" \\d) (e[f ${EXTEN} $[1+1] ; x',
        }
        variables = tuple((f"PJSIP_HEADER(add,{name})", value) for name, value in values.items())
        trunk.behaviour = refuses(486, "Busy Here")
        gateway = await stage.gateway()
        await hears(gateway, lambda it: it.reachable)
        began = time.monotonic()
        await gateway.dial("headers", trunk=NAME, variables=variables)
        assert (await gateway.hear(ChannelHungUp)).sip_status == 486
        (invite,) = [seen.message for seen in carrier.records.dials(trunk=NAME, since=began)]
        assert {name: invite[name] for name in values} == values

    async def test_trunk_that_answers_after_our_hang_up_is_cancelled(self, stage, trunk, carrier):
        is_hung_up = threading.Event()

        async def rings_late(call):
            await asyncio.to_thread(is_hung_up.wait, WAIT_S)
            call.ring()

        trunk.behaviour = rings_late
        gateway = await stage.gateway()
        await hears(gateway, lambda it: it.reachable)
        began = time.monotonic()
        await gateway.dial("late", trunk=NAME)
        await gateway.hear(ChannelDialled)
        gateway.switch.hang_up("late", 16)
        end = await gateway.hear(ChannelHungUp)
        assert (end.cause, end.sip_status, end.by_peer) == (16, None, False)
        await gateway.settle()
        assert carrier.records.requests("CANCEL", trunk=NAME, since=began) == []
        is_hung_up.set()
        await gateway.until(lambda: carrier.records.requests("CANCEL", trunk=NAME, since=began))
