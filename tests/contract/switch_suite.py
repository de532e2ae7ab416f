"""The contract of every Asterisk with `AsteriskSwitch`: one suite, run over the simulated one and the real one."""

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs
from zope.interface import implementer
from zope.interface.verify import verifyObject

from exoswitch.ami.switch import AsteriskSwitch
from exoswitch.call.events import (
    CallArrived,
    ChannelAnswered,
    ChannelDialled,
    ChannelEvent,
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
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import CallTaken, ChannelGone, TrunkRefused
from exoswitch.interfaces.switch import ISwitch, ISwitchListener, Origination
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.fair_turns import ASTERISKS_S, FairTurns
from exoswitch.telemetry.memory import MemoryMetrics

NUMBER = "09812345678"
CALLER = "+919812345678"
EXOPHONE = "+918047491899"


class Telephones(Protocol):
    """The telephones behind an Asterisk.

    `config` says how to reach its AMI, and `reporter` does so for a user with ``write = reporting`` only.
    """

    config: AsteriskConfig
    reporter: AsteriskConfig

    def open(self, reactor: Any) -> None:
        """Start, on this reactor."""

    async def close(self) -> None:
        """Stop."""

    def answer(self, hang_up_after_s: float | None = None, *, ring_s: float = 0.1) -> None:
        """Have calls to the trunk `lab` answered, after some ringing."""

    def refuse(self, status: int = 486) -> None:
        """Have calls to the trunk `lab` refused with this SIP status: busy, if it is none other."""

    def ring(self) -> None:
        """Have calls to the trunk `lab` ring without an answer; there is no trunk `nowhere`."""

    def call_in(self, hang_up_after_s: float | None = None) -> None:
        """Let CALLER call EXOPHONE."""

    def press(self, channel_id: str, digit: str) -> None:
        """Press a key of the phone of this call."""


@define(eq=False)
class Audio(DatagramProtocol):
    """A gateway's end of its calls' audio; it counts the packets that come."""

    noisy = False
    received: int = 0

    def datagramReceived(self, datagram, addr):  # noqa: N802 - Twisted's name
        self.received += 1


@implementer(ISwitchListener)
@define(eq=False)
class Gateway:
    """A gateway's switch, all its events, and an address for its calls' media."""

    reactor: Any
    switch: AsteriskSwitch
    told: list[object] = field(factory=list)
    audio: Audio = field(factory=Audio)
    media: Any = None

    def switch_event(self, switch: ISwitch, event: object) -> None:
        assert switch is self.switch
        self.told.append(event)

    async def open(self) -> "Gateway":
        self.switch.listener = self
        self.media = self.reactor.listenUDP(0, self.audio, interface="127.0.0.1")
        self.switch.startService()
        await self.until(lambda: self.switch.ready)
        return self

    async def close(self) -> None:
        await gatherResults([self.switch.stopService(), self.media.stopListening()])

    async def until(self, condition: Callable[[], object], seconds: float = 8.0) -> None:
        for _ in range(int(seconds / 0.01)):
            if condition():
                return
            await deferLater(self.reactor, 0.01)
        raise AssertionError(f"it did not become true in time; told was {self.told}")

    async def settle(self) -> None:
        """Wait, in case an event comes that must not come."""
        await deferLater(self.reactor, 0.2)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    def kinds(self) -> list[type]:
        """Give the kinds of the events of calls."""
        return [type(event) for event in self.told if isinstance(event, ChannelEvent | CallArrived)]

    async def hear(self, kind: type) -> Any:
        await self.until(lambda: self.of(kind))
        return self.of(kind)[-1]

    async def dial(
        self,
        call: str,
        trunk: str = "lab",
        ring_s: float = 10.0,
        variables: tuple[tuple[str, str], ...] = (),
        *,
        joins: str | None = None,
    ) -> None:
        host, port = self.leg if joins is None else ("", 0)
        await self.switch.originate(
            Origination(
                channel_id=call,
                channel=f"PJSIP/{NUMBER}@{trunk}",
                caller_id="08047491899",
                media_host=host,
                media_port=port,
                joins=joins,
                ring_s=ring_s,
                variables=variables,
            )
        )

    @property
    def leg(self) -> tuple[str, int]:
        return "127.0.0.1", self.media.getHost().port

    async def bridge(self, channel_id: str) -> None:
        await self.switch.bridge(channel_id, *self.leg)

    async def take_over(self, channel_id: str, *, is_bridged: bool) -> bool:
        return await self.switch.take_over(channel_id, *self.leg, is_bridged=is_bridged)

    async def is_told_of_media_at(self, other: "Gateway") -> MediaAnnounced:
        await self.until(lambda: any(media.leg == other.leg for media in self.of(MediaAnnounced)))
        return self.of(MediaAnnounced)[-1]

    async def hears_the_phone(self) -> None:
        before = self.audio.received
        await self.until(lambda: self.audio.received > before + 3)

    async def die(self) -> None:
        """Stop at once, with calls in progress."""
        await self.switch.stopService()

    def cut(self) -> None:
        self.switch.drop("cut by a test")


@define
class Stage:
    """The reactor, the telephones and the gateways of one scenario."""

    reactor: Any
    phones: Telephones
    gateways: list[Gateway] = field(factory=list)

    def startService(self) -> None:  # noqa: N802
        """Start the phones."""
        self.phones.open(self.reactor)

    @deferred
    async def stopService(self) -> None:  # noqa: N802
        """Stop the gateways, then the phones."""
        for gateway in self.gateways:
            await gateway.close()
        await self.phones.close()

    async def ends_by_the_second_alone(self, channel_id: str, first: Gateway, second: Gateway) -> None:
        """Check that only the second gateway can end a call."""
        first.switch.hang_up(channel_id, 16)
        assert (await first.hear(ChannelTaken)).channel_id == channel_id
        await first.settle()
        assert not second.of(ChannelHungUp)
        second.switch.hang_up(channel_id, 16)
        for gateway in (first, second):
            assert (await gateway.hear(ChannelHungUp)).channel_id == channel_id

    async def gateway(self, node: str = "gw1", config: AsteriskConfig | None = None) -> Gateway:
        rng = Random(len(self.gateways))
        switch = AsteriskSwitch(
            config or self.phones.config,
            reactor=self.reactor,
            turns=FairTurns(self.reactor, ASTERISKS_S),
            rng=rng,
            node=node,
            metrics=MemoryMetrics(),
        )
        self.gateways.append(Gateway(self.reactor, switch))
        return await self.gateways[-1].open()


def outcome_of(work: Deferred[Any]) -> Deferred[Any]:
    """Give the result, or the kind of error."""
    return work.addErrback(lambda failure: failure.trap(CallTaken, ChannelGone, TrunkRefused))


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
        await gateway.dial("sid1", ring_s=0.5)
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
        await gateway.settle()
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
        assert await second.take_over(channel_id, is_bridged=False) is True
        await second.is_told_of_media_at(second)
        await second.hears_the_phone()
        await stage.ends_by_the_second_alone(channel_id, first, second)

    async def test_ringing_call_is_taken_over_and_its_audio_comes_once_it_is_answered(self, phones, stage):
        phones.answer(ring_s=1.0)
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
        assert await second.take_over(channel_id, is_bridged=False) is True
        await second.hears_the_phone()
        second.switch.hang_up(channel_id, 16)
        await second.hear(ChannelHungUp)

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
