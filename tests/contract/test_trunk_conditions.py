"""The contract of trunks, over the simulated Asterisk; `tests/e2e/test_trunk_conditions.py` has the real one."""

import pytest

from exoswitch.config.model import AsteriskConfig
from exoswitch.sim.asterisk import SimulatedAsterisk
from exoswitch.sim.trunks import parse_trunk
from tests.contract.trunk_suite import NAME, TrunkContract

pytestmark = pytest.mark.loopback


class SimulatedCarrier:
    """The far side of a trunk of a simulated Asterisk."""

    def open(self, reactor):
        self._asterisk = SimulatedAsterisk(reactor=reactor, trunks=[parse_trunk(NAME, "registered rtt=0.02")])
        self._asterisk.startService()
        self.config = AsteriskConfig(
            name="pbx1", ami=self._asterisk.endpoint, username="exoswitch", secret="secret", host="127.0.0.1"
        )

    async def close(self):
        await self._asterisk.stopService()

    async def refuse_registration(self):
        self._asterisk.refuse_registration(NAME)

    async def accept_registration(self):
        self._asterisk.accept_registration(NAME)
        self._asterisk.register(NAME)

    async def end_registration(self):
        self._asterisk.unregister(NAME)

    async def set_answering(self, *, is_answering):
        self._asterisk.set_reachable(NAME, is_reachable=is_answering)


class TestSimulatedAsterisk(TrunkContract):
    @pytest.fixture
    def far_side(self):
        return SimulatedCarrier()
