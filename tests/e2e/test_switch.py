"""What every ISwitch promises, over a real Asterisk with SIPp behind its trunk."""

import pytest
from attrs import evolve

from tests.contract.switch_stage import CALLER, EXOPHONE
from tests.contract.switch_suite import SwitchContract, TakeOverContract
from tests.contract.two_phones_suite import TwoPhonesContract
from tests.harness.e2e.asterisk_server import REPORTER

pytestmark = pytest.mark.e2e


class RealTelephones:
    """The phones behind a real Asterisk; they and it outlive a scenario."""

    def __init__(self, asterisk, sipp, phone):
        self.config, self._sipp, self._phone = asterisk.pbx, sipp, phone
        self.reporter = evolve(asterisk.pbx, username=REPORTER)

    def open(self, reactor):
        pass

    async def close(self):
        pass

    def answer(self, hang_up_after_s=None, *, ring_s=0.1):
        self._sipp.answer(self._phone, ring_s=ring_s, hang_up_after_s=hang_up_after_s)

    def refuse(self, status=486):
        self._sipp.refuse(f"{status} Refused")

    def ring(self):
        self._sipp.ring()

    def call_in(self, hang_up_after_s=None):
        self._sipp.call(EXOPHONE, self._phone, caller=CALLER, hang_up_after_s=hang_up_after_s)

    def press(self, channel_id, digit):
        self._phone.press(digit)


class TestRealAsterisk(SwitchContract, TakeOverContract, TwoPhonesContract):
    @pytest.fixture
    def phones(self, asterisk, ami, sipp, phone):
        yield RealTelephones(asterisk, sipp, phone)
        ami.wait_until_idle()
