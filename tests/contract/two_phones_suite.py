"""The contract of every Asterisk that connects two phones; see `switch_suite`."""

import pytest

from exoswitch.call.events import ChannelAnswered, ChannelDialled, ChannelHungUp, ChannelRinging, MediaAnnounced
from exoswitch.errors import ChannelGone
from tests.contract.switch_stage import Gateway, Telephones, outcome_of


class TwoPhonesContract:
    """The promises for calls between two phones; a part of the suite."""

    async def connected(self, phones: Telephones, gateway: Gateway) -> None:
        """Connect the phones of two channels, first and second."""
        phones.answer()
        await gateway.dial("first")
        await gateway.hear(MediaAnnounced)
        await gateway.hears_the_phone()
        await gateway.dial("second", joins="first")
        await gateway.until(lambda: ChannelAnswered("second") in gateway.told)
        await gateway.falls_silent("first")  # Asterisk tells of the answer before it connects the phones.

    async def test_audio_no_longer_comes_here_once_two_phones_are_connected(self, phones, stage):
        gateway = await stage.gateway()
        await self.connected(phones, gateway)
        before = gateway.audio.received
        await gateway.settle()
        assert gateway.audio.received == before
        assert not gateway.of(ChannelHungUp)
        assert len(gateway.of(MediaAnnounced)) == 1
        gateway.switch.hang_up("first", 16)
        await gateway.until(lambda: len(gateway.of(ChannelHungUp)) == 2)

    @pytest.mark.parametrize("which", ["first", "second"])
    async def test_each_of_two_phones_ends_with_the_other(self, phones, stage, which):
        gateway = await stage.gateway()
        await self.connected(phones, gateway)
        gateway.switch.hang_up(which, 16)
        await gateway.until(lambda: len(gateway.of(ChannelHungUp)) == 2)
        assert {end.channel_id for end in gateway.of(ChannelHungUp)} == {"first", "second"}

    async def test_second_phone_ends_at_its_answer_if_the_first_one_is_gone(self, phones, stage):
        phones.answer()
        gateway = await stage.gateway()
        await gateway.dial("second", joins="nobody")
        assert (await gateway.hear(ChannelHungUp)).channel_id == "second"
        assert ChannelAnswered("second") in gateway.told

    async def test_second_phone_is_connected_with_the_first_one_and_not_with_one_whose_id_begins_alike(
        self, phones, stage
    ):
        phones.answer()
        gateway = await stage.gateway()
        others = tuple(f"first{number}" for number in range(4))
        await gateway.dial("first")
        await gateway.hear(ChannelDialled)  # Asterisk refuses an id with which another one that is up begins.
        for call in others:
            await gateway.dial(call)
        await gateway.until(lambda: len(gateway.of(ChannelAnswered)) == 1 + len(others))
        await gateway.is_told_of_media("first")
        await gateway.dial("second", joins="first")
        await gateway.until(lambda: ChannelAnswered("second") in gateway.told)
        await gateway.falls_silent("first")
        gateway.switch.hang_up("second", 16)
        await gateway.until(lambda: len(gateway.of(ChannelHungUp)) == 2)
        assert {end.channel_id for end in gateway.of(ChannelHungUp)} == {"first", "second"}
        for call in others:
            gateway.switch.hang_up(call, 16)
        await gateway.until(lambda: len(gateway.of(ChannelHungUp)) == 2 + len(others))

    async def test_phones_are_adopted_and_talk_on_and_the_first_gateway_cannot_end_them(self, phones, stage):
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        await self.connected(phones, first)
        await first.die()
        assert await second.switch.adopt("first") is True
        assert await second.switch.adopt("second") is True
        await second.settle()
        assert not second.of(ChannelHungUp)
        second.switch.hang_up("first", 16)
        await second.until(lambda: len(second.of(ChannelHungUp)) == 2)
        assert await outcome_of(second.switch.adopt("second")) is ChannelGone

    async def test_phone_that_rings_is_adopted_before_its_answer(self, phones, stage):
        phones.ring()
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        await first.dial("first")
        await second.hear(ChannelRinging)
        await first.die()
        assert await second.switch.adopt("first") is False
        second.switch.hang_up("first", 16)
        await second.hear(ChannelHungUp)

    @pytest.mark.parametrize("one_side", [False, True])
    async def test_tap_brings_audio_until_its_call_ends_and_disturbs_nobody(self, phones, stage, one_side):
        gateway = await stage.gateway()
        await self.connected(phones, gateway)
        await gateway.switch.tap("tap-first", "first", *gateway.leg, one_side=one_side)
        await gateway.is_told_of_media("tap-first")
        await gateway.hears_the_phone()
        assert not gateway.of(ChannelHungUp)
        gateway.switch.hang_up("second", 16)
        await gateway.until(lambda: {"first", "second"} <= {end.channel_id for end in gateway.of(ChannelHungUp)})
        await gateway.falls_silent("tap-first")

    async def test_tap_is_hung_up_and_the_phones_talk_on(self, phones, stage):
        gateway = await stage.gateway()
        await self.connected(phones, gateway)
        await gateway.switch.tap("tap-first", "first", *gateway.leg)
        await gateway.is_told_of_media("tap-first")
        await gateway.hears_the_phone()
        gateway.switch.hang_up("tap-first", 16)
        await gateway.falls_silent("tap-first")
        assert {end.channel_id for end in gateway.of(ChannelHungUp)} <= {"tap-first"}
        gateway.switch.hang_up("first", 16)
        await gateway.until(lambda: {"first", "second"} <= {end.channel_id for end in gateway.of(ChannelHungUp)})
