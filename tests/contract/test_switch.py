"""The contract of ISwitch, over the simulated Asterisk; `tests/e2e/test_switch.py` has the real one."""

import pytest
from attrs import evolve

from exoswitch.config.model import AsteriskConfig
from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.trunks import Trunk
from tests.contract.switch_stage import CALLER, EXOPHONE
from tests.contract.switch_suite import SwitchContract, TakeOverContract
from tests.contract.two_phones_suite import TwoPhonesContract

pytestmark = pytest.mark.loopback


class SimulatedTelephones:
    """The phones behind a simulated Asterisk."""

    def open(self, reactor):
        self.asterisk = SimulatedAsterisk(
            reactor=reactor, scripts={"@nowhere": read_script("dead")}, trunks=[Trunk("lab")], full_tone_s=0.5
        )
        self.asterisk.startService()
        self.config = AsteriskConfig(
            name="pbx1", ami=self.asterisk.endpoint, username="exoswitch", secret="secret", host="127.0.0.1"
        )
        self.reporter = evolve(self.config, username="reporter")

    async def close(self):
        await self.asterisk.stopService()

    def answer(self, hang_up_after_s=None, *, ring_s=0.1):
        self._have(f"answer-after={ring_s}{_end(hang_up_after_s)}")

    def refuse(self, status=486):
        self._have(f"refuse={status}")

    def ring(self):
        self._have("no-answer")

    def call_in(self, hang_up_after_s=None):
        self.asterisk.call_in(CALLER, EXOPHONE, read_script(f"answer-after=0{_end(hang_up_after_s)}"))

    def press(self, channel_id, digit):
        self.asterisk.calls[channel_id].press(digit)

    def _have(self, script):
        self.asterisk.script = read_script(script)


def _end(hang_up_after_s):
    return "" if hang_up_after_s is None else f" silence={hang_up_after_s} hangup"


class TestSimulatedAsterisk(SwitchContract, TakeOverContract, TwoPhonesContract):
    @pytest.fixture
    def phones(self):
        return SimulatedTelephones()
