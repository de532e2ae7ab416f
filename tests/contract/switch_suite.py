"""The contract of every Asterisk with `AsteriskSwitch`: one suite, run over the simulated one and the real one."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from exoswitch.call.events import (
    CallArrived,
    ChannelAnswered,
    ChannelDialled,
    ChannelHungUp,
    ChannelRinging,
    ChannelTaken,
    DialFailed,
    DigitPressed,
    MediaAnnounced,
    OriginateFailed,
    SwitchLost,
    SwitchReady,
    TrunkCondition,
)
from exoswitch.errors import CallTaken, ChannelGone, TrunkRefused
from exoswitch.interfaces.switch import ISwitch
from tests.contract.switch_stage import CALLER, EXOPHONE, Stage, Telephones, outcome_of


class SwitchContract:
    """The suite; a subclass has a fixture `phones`."""

    @pytest.fixture
    def stage(self, phones: Telephones, reactor: Any, serve: Callable[[Any], Any]) -> Stage:
        """Give a stage; its gateways stop when the test ends."""
        stage: Stage = serve(Stage(reactor, phones))
        return stage

    async def test_switch_provides_its_interface_and_tells_when_it_is_ready(self, phones, stage):
        gateway = await stage.gateway()
        assert verifyObject(ISwitch, gateway.switch)
        assert (gateway.told[0], gateway.kinds()) == (SwitchReady(frozenset()), [])

    async def test_answered_call_is_told_in_order_until_we_hang_up(self, phones, stage):
        phones.answer()
        gateway = await stage.gateway()
        await gateway.dial("sid1")
        media = await gateway.hear(MediaAnnounced)
        assert (media.channel_id, media.host) == ("sid1", "127.0.0.1")
        gateway.switch.hang_up("sid1", 16)
        assert (await gateway.hear(ChannelHungUp)).cause == 16
        await gateway.settle()
        assert gateway.kinds() == [
            ChannelDialled,
            ChannelRinging,
            ChannelAnswered,
            MediaAnnounced,
            ChannelHungUp,
        ]

    async def test_far_end_hangs_up(self, phones, stage):
        phones.answer(hang_up_after_s=0.2)
        gateway = await stage.gateway()
        await gateway.dial("sid1")
        end = await gateway.hear(ChannelHungUp)
        assert (end.channel_id, end.cause) == ("sid1", 16)
        assert ChannelAnswered("sid1") in gateway.told

    async def test_busy_phone_shows_in_dial_status_and_cause(self, phones, stage):
        phones.refuse()
        gateway = await stage.gateway()
        await gateway.dial("sid1")
        end = await gateway.hear(ChannelHungUp)
        assert (end.cause, end.sip_status, end.by_peer) == (17, 486, True)
        assert gateway.of(DialFailed) == [DialFailed("sid1", "BUSY")]
        assert not gateway.of(ChannelAnswered)

    @pytest.mark.parametrize(
        ("status", "cause", "dial_status"),
        [(404, 1, "NOANSWER"), (480, 19, "NOANSWER"), (503, 34, "CONGESTION"), (603, 21, "NOANSWER")],
    )
    async def test_refusal_shows_the_sip_status_of_the_trunk(self, phones, stage, status, cause, dial_status):
        phones.refuse(status)
        gateway = await stage.gateway()
        await gateway.dial("sid1")
        end = await gateway.hear(ChannelHungUp)
        assert (end.cause, end.sip_status, end.by_peer) == (cause, status, True)
        await gateway.hear(OriginateFailed)
        assert gateway.of(DialFailed) == [DialFailed("sid1", dial_status)]
        assert not gateway.of(ChannelRinging)

    async def test_phone_without_an_answer_is_given_up_in_time(self, phones, stage):
        phones.ring()
        gateway = await stage.gateway()
        await gateway.dial("sid1", ring_s=1.5)
        end = await gateway.hear(ChannelHungUp)
        assert (end.cause, end.sip_status, end.by_peer) == (19, 480, False)
        await gateway.hear(OriginateFailed)
        assert gateway.of(ChannelRinging) == [ChannelRinging("sid1")]

    async def test_dead_trunk_has_no_channel(self, phones, stage):
        gateway = await stage.gateway()
        await gateway.dial("sid1", trunk="nowhere")
        await gateway.hear(OriginateFailed)
        await gateway.settle()
        assert gateway.kinds() == [OriginateFailed]

    @pytest.mark.parametrize("another", ["sid10", "sid1", "SID10"])
    async def test_id_with_which_the_id_of_a_live_call_begins_has_no_channel(self, phones, stage, another):
        phones.ring()
        gateway = await stage.gateway()
        await gateway.dial("sid10")
        await gateway.hear(ChannelRinging)
        await gateway.dial(another)
        assert await gateway.hear(OriginateFailed) == OriginateFailed(another, 0)
        await gateway.settle()
        assert not gateway.of(ChannelHungUp)
        gateway.switch.hang_up("sid10", 16)
        await gateway.hear(ChannelHungUp)

    async def test_phone_that_rings_is_hung_up_by_us_without_a_sip_status(self, phones, stage):
        phones.ring()
        gateway = await stage.gateway()
        await gateway.dial("sid1")
        await gateway.hear(ChannelRinging)
        gateway.switch.hang_up("sid1", 16)
        end = await gateway.hear(ChannelHungUp)
        assert (end.cause, end.sip_status, end.by_peer) == (16, None, False)
        assert (await gateway.hear(OriginateFailed)).reason == 0

    async def test_variables_that_could_be_more_than_names_are_refused(self, phones, stage):
        gateway = await stage.gateway()
        for variable in (("SHELL(reboot)", "1"), ("PJSIP_HEADER(add,X-A)", "a\r\nX-B: b")):
            dialled = Deferred.fromCoroutine(gateway.dial("sid1", variables=(variable,)))
            assert await outcome_of(dialled) is TrunkRefused
        await gateway.settle()
        assert gateway.kinds() == []

    async def test_each_trunk_is_told_to_a_new_gateway(self, phones, stage):
        phones.ring()
        gateway = await stage.gateway()
        await gateway.until(lambda: any(told.trunk == "lab" for told in gateway.of(TrunkCondition)))
        condition = next(told for told in gateway.of(TrunkCondition) if told.trunk == "lab")
        assert (condition.registered, condition.reachable) == (None, True)

    async def test_trunk_is_asked_whether_it_answers(self, phones, stage):
        phones.ring()
        gateway = await stage.gateway()
        with capturedLogs() as logs:
            gateway.switch.qualify("lab")
            await gateway.settle()
        assert [event["log_level"].name for event in logs if event["log_level"].name != "info"] == []
        assert gateway.kinds() == []

    async def test_call_that_is_hung_up_at_once_does_not_ring_on(self, phones, stage):
        phones.ring()
        gateway = await stage.gateway()
        await gateway.dial("sid1")
        gateway.switch.hang_up("sid1", 16)
        await gateway.until(lambda: gateway.of(ChannelHungUp) or gateway.of(OriginateFailed))

    async def test_inbound_call_is_bridged_and_its_digit_told_once(self, phones, stage):
        gateway = await stage.gateway()
        phones.call_in()
        arrival = await gateway.hear(CallArrived)
        assert (arrival.caller, arrival.callee, arrival.trunk) == (CALLER, EXOPHONE, "lab")
        await gateway.bridge(arrival.channel_id)
        assert (await gateway.hear(MediaAnnounced)).channel_id == arrival.channel_id
        await gateway.hears_the_phone()
        phones.press(arrival.channel_id, "5")
        digit = await gateway.hear(DigitPressed)
        assert (digit.channel_id, digit.digit) == (arrival.channel_id, "5")
        gateway.switch.hang_up(arrival.channel_id, 16)
        assert (await gateway.hear(ChannelHungUp)).cause == 16
        assert len(gateway.of(DigitPressed)) == 1

    async def test_inbound_caller_hangs_up(self, phones, stage):
        gateway = await stage.gateway()
        phones.call_in(hang_up_after_s=0.3)
        arrival = await gateway.hear(CallArrived)
        await gateway.bridge(arrival.channel_id)
        assert (await gateway.hear(ChannelHungUp)).cause == 16
        assert await outcome_of(gateway.switch.bridge(arrival.channel_id, *gateway.leg)) is ChannelGone

    async def test_exactly_one_of_two_gateways_gets_an_inbound_call(self, phones, stage):
        gateways = [await stage.gateway("gw1"), await stage.gateway("gw2")]
        phones.call_in()
        arrival = await gateways[0].hear(CallArrived)
        await gateways[1].hear(CallArrived)
        works = [gateway.switch.bridge(arrival.channel_id, *gateway.leg) for gateway in gateways]
        results = await gatherResults([outcome_of(work) for work in works])
        assert sorted(results, key=str) == [CallTaken, None]
        loser, winner = gateways if results[0] is CallTaken else reversed(gateways)
        loser.switch.hang_up(arrival.channel_id, 16)
        await winner.settle()
        assert not winner.of(ChannelHungUp)
        winner.switch.hang_up(arrival.channel_id, 16)
        await winner.hear(ChannelHungUp)

    async def test_call_outlives_the_link_and_is_hung_up_on_the_next(self, phones, stage):
        phones.answer()
        gateway = await stage.gateway()
        await gateway.dial("sid1")
        await gateway.hear(MediaAnnounced)
        gateway.cut()
        await gateway.hear(SwitchLost)
        gateway.switch.hang_up("sid1", 16)
        assert (await gateway.hear(ChannelHungUp)).channel_id == "sid1"
        assert "sid1" in gateway.of(SwitchReady)[-1].channel_ids

    async def test_call_that_came_before_any_gateway_arrives_once(self, phones, stage):
        first = await stage.gateway()
        phones.call_in()
        arrival = await first.hear(CallArrived)
        late = await stage.gateway("gw2")
        assert late.of(CallArrived) == [arrival]
        first.cut()
        await first.until(lambda: len(first.of(SwitchReady)) == 2)
        assert first.of(CallArrived) == [arrival]
        late.switch.hang_up(arrival.channel_id, 21)
        assert (await late.hear(ChannelHungUp)).cause == 21


class TakeOverContract:
    """The promises for calls whose gateway is gone or full; a part of the suite."""

    async def test_talking_call_is_taken_over_and_the_first_gateway_cannot_end_it(self, phones, stage):
        phones.answer()
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        await first.dial("sid1")
        for gateway in (first, second):
            assert (await gateway.is_told_of_media_at(first)).channel_id == "sid1"
        await first.hears_the_phone()
        assert await second.take_over("sid1", is_bridged=True) is True
        for gateway in (first, second):
            await gateway.is_told_of_media_at(second)
        await second.hears_the_phone()
        await stage.ends_by_the_second_alone("sid1", first, second)

    async def test_inbound_call_is_taken_over_without_knowing_where_its_audio_goes(self, phones, stage):
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        phones.call_in()
        channel_id = (await first.hear(CallArrived)).channel_id
        await first.bridge(channel_id)
        await first.hears_the_phone()
        assert await second.switch.is_waiting(channel_id) is False
        assert await second.take_over(channel_id, is_bridged=False) is True
        await second.is_told_of_media_at(second)
        await second.hears_the_phone()
        await stage.ends_by_the_second_alone(channel_id, first, second)

    async def test_ringing_call_is_taken_over_and_its_audio_comes_once_it_is_answered(self, phones, stage):
        phones.answer(ring_s=2.0)
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        await first.dial("sid1")
        await second.hear(ChannelRinging)
        assert await second.take_over("sid1", is_bridged=False) is False
        await second.hear(ChannelAnswered)
        await second.is_told_of_media_at(second)
        await second.hears_the_phone()
        assert first.audio.received == 0
        await stage.ends_by_the_second_alone("sid1", first, second)

    async def test_waiting_call_whose_gateway_died_is_taken_over(self, phones, stage):
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        phones.call_in()
        channel_id = (await first.hear(CallArrived)).channel_id
        await second.hear(CallArrived)
        await first.switch.claim(channel_id)
        await first.die()
        assert await second.switch.is_waiting(channel_id) is True
        assert await second.take_over(channel_id, is_bridged=False) is True
        await second.hears_the_phone()
        assert await second.switch.is_waiting(channel_id) is False
        second.switch.hang_up(channel_id, 16)
        await second.hear(ChannelHungUp)
        assert await outcome_of(second.switch.is_waiting(channel_id)) is ChannelGone

    async def test_call_that_was_left_to_another_gateway_can_be_taken_over_to_end_it(self, phones, stage):
        phones.answer()
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        await first.dial("sid1")
        await first.hears_the_phone()
        second.switch.hang_up("sid1", 16)
        await second.hear(ChannelTaken)
        taken_over = outcome_of(second.switch.take_over("sid1", *second.leg, is_bridged=True))
        second.switch.hang_up("sid1", 16)
        await second.hear(ChannelHungUp)
        assert await taken_over in {True, ChannelGone, TrunkRefused}
        assert len(second.of(ChannelTaken)) == 1

    async def test_call_of_a_lost_gateway_is_hung_up_in_spite_of_the_name_on_it(self, phones, stage):
        phones.answer()
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        await first.dial("sid1")
        await first.hears_the_phone()
        second.switch.hang_up_lost("sid1", 16)
        await second.hear(ChannelHungUp)
        second.switch.hang_up_lost("sid1", 16)

    async def test_call_that_is_gone_can_neither_be_taken_over_nor_turned_away(self, phones, stage):
        gateway = await stage.gateway()
        for work in (
            gateway.switch.take_over("gone", *gateway.leg, is_bridged=True),
            gateway.switch.take_over("gone", *gateway.leg, is_bridged=False),
            gateway.switch.turn_away("gone"),
        ):
            assert await outcome_of(work) is ChannelGone

    async def test_phone_that_is_dialled_after_its_call_was_found_gone_is_hung_up(self, phones, stage):
        phones.ring()
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        assert await outcome_of(second.switch.take_over("late", *second.leg, is_bridged=False)) is ChannelGone
        await first.dial("late")
        assert (await first.hear(ChannelHungUp)).channel_id == "late"

    async def test_refusal_does_not_mean_that_the_call_is_gone(self, phones, stage):
        phones.answer()
        first = await stage.gateway("gw1")
        await first.dial("sid1")
        await first.hears_the_phone()
        limited = await stage.gateway("gw1", phones.reporter)
        for work in (
            limited.switch.take_over("sid1", *limited.leg, is_bridged=True),
            limited.switch.bridge("sid1", *limited.leg),
            limited.switch.turn_away("sid1"),
            limited.switch.claim("sid1"),
        ):
            assert await outcome_of(work) is TrunkRefused
        limited.switch.hang_up("sid1", 16)
        limited.switch.hang_up_lost("sid1", 16)
        await limited.settle()
        await first.hears_the_phone()
        assert not limited.of(ChannelHungUp)
        first.switch.hang_up("sid1", 16)
        for gateway in (first, limited):
            assert (await gateway.hear(ChannelHungUp)).channel_id == "sid1"

    async def test_call_that_does_not_wait_in_the_dialplan_cannot_be_claimed(self, phones, stage):
        phones.answer()
        gateway = await stage.gateway()
        await gateway.dial("sid1")
        await gateway.hears_the_phone()
        assert await outcome_of(gateway.switch.claim("sid1")) is TrunkRefused
        gateway.switch.hang_up("sid1", 16)
        await gateway.hear(ChannelHungUp)

    async def test_exactly_one_of_two_gateways_turns_a_caller_away(self, phones, stage):
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        phones.call_in()
        channel_id = (await first.hear(CallArrived)).channel_id
        await second.hear(CallArrived)
        works = [outcome_of(gateway.switch.turn_away(channel_id)) for gateway in (first, second)]
        assert sorted(await gatherResults(works), key=str) == [CallTaken, None]
        await first.settle()
        assert not first.of(ChannelHungUp)
        for gateway in (first, second):
            assert (await gateway.hear(ChannelHungUp)).cause == 34
            assert not gateway.of(MediaAnnounced)

    async def test_next_link_tells_the_legs_that_are_up(self, phones, stage):
        phones.answer()
        first, second = await stage.gateway("gw1"), await stage.gateway("gw2")
        await first.dial("sid1")
        await first.hears_the_phone()
        for taker in (first, second):
            await taker.take_over("sid1", is_bridged=True)
            await taker.hears_the_phone()
            late = await stage.gateway("gw3")
            assert late.of(SwitchReady)[-1].legs == {"sid1": taker.leg}
        second.switch.hang_up("sid1", 16)
        await second.hear(ChannelHungUp)
