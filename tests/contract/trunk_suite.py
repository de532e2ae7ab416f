"""The contract of what an Asterisk tells of its trunks: one suite, run over the simulated one and the real one."""

from collections.abc import Callable
from typing import Any, Protocol

import pytest

from exoswitch.ami import trunk_monitor
from exoswitch.call.events import OriginateFailed, TrunkCondition
from exoswitch.config.model import AsteriskConfig
from tests.contract.switch_stage import Gateway, Stage

NAME = "bsnl-1"  # the trunk: it registers, and is asked by OPTIONS


class CarrierOfTrunk(Protocol):
    """The far side of the trunk NAME of an Asterisk; `config` says how to reach that one's AMI."""

    config: AsteriskConfig

    def open(self, reactor: Any) -> None:
        """Start, on this reactor."""

    async def close(self) -> None:
        """Stop."""

    async def refuse_registration(self) -> None:
        """Reject each REGISTER from now on; one comes now."""

    async def accept_registration(self) -> None:
        """Accept each REGISTER from now on; one comes now."""

    async def end_registration(self) -> None:
        """End the registration at Asterisk, as an operator can; Asterisk does not begin it again."""

    async def set_answering(self, *, is_answering: bool) -> None:
        """Answer OPTIONS, or stop to; Asterisk notices within seconds."""


async def hears(gateway: Gateway, fits: Callable[[TrunkCondition], object]) -> TrunkCondition:
    """Wait until the newest condition fits."""
    await gateway.until(lambda: gateway.of(TrunkCondition) and fits(gateway.of(TrunkCondition)[-1]))
    newest: TrunkCondition = gateway.of(TrunkCondition)[-1]
    return newest


class TrunkContract:
    """The suite; a subclass has a fixture `far_side`."""

    @pytest.fixture
    def stage(
        self, far_side: CarrierOfTrunk, reactor: Any, serve: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
    ) -> Stage:
        """Give a stage whose gateways look at the trunk each second."""
        monkeypatch.setattr(trunk_monitor, "LOOK_EVERY_S", 1.0)
        stage: Stage = serve(Stage(reactor, far_side))
        return stage

    async def test_trunk_that_is_well_is_told_with_its_round_trip(self, far_side, stage):
        gateway = await stage.gateway()
        condition = await hears(gateway, lambda it: it.registered and it.rtt_s is not None)
        assert (condition.trunk, condition.reachable) == (NAME, True)
        assert 0.0 < condition.rtt_s < 3.0  # a later answer counts as none

    async def test_registration_that_is_rejected_is_told_and_so_is_its_return(self, far_side, stage):
        gateway = await stage.gateway()
        await hears(gateway, lambda it: it.registered)
        await far_side.refuse_registration()
        await hears(gateway, lambda it: it.registered is False)
        await far_side.accept_registration()
        await hears(gateway, lambda it: it.registered)

    async def test_registration_that_somebody_has_ended_is_begun_again(self, far_side, stage):
        gateway = await stage.gateway()
        gateway.switch._trunks._conditions.patience_s = 2.0
        await hears(gateway, lambda it: it.registered)
        await far_side.end_registration()
        await hears(gateway, lambda it: it.registered is False)
        await hears(gateway, lambda it: it.registered)

    async def test_trunk_that_answers_no_options_is_told_and_has_no_channel(self, far_side, stage):
        gateway = await stage.gateway()
        await hears(gateway, lambda it: it.reachable)
        await far_side.set_answering(is_answering=False)
        await hears(gateway, lambda it: it.reachable is False)
        await gateway.dial("unreachable", trunk=NAME)
        await gateway.hear(OriginateFailed)
        await gateway.settle()
        assert gateway.kinds() == [OriginateFailed]
        await far_side.set_answering(is_answering=True)
        await hears(gateway, lambda it: it.reachable)
