"""The stage of the contracts of every Asterisk: its phones, and gateways that have it as their switch."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from attrs import define, field
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater
from zope.interface import implementer

from exoswitch.ami.switch import AsteriskSwitch
from exoswitch.call.events import (
    CallArrived,
    ChannelEvent,
    ChannelHungUp,
    ChannelTaken,
    MediaAnnounced,
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
WAIT_S = 20.0


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
    """A gateway's end of its calls' audio; it counts the packets that come, by their source."""

    noisy = False
    sources: Counter[tuple[str, int]] = field(factory=Counter)

    @property
    def received(self) -> int:
        return self.sources.total()

    def datagramReceived(self, datagram, addr):
        self.sources[addr] += 1


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

    async def until(self, condition: Callable[[], object]) -> None:
        deadline = self.reactor.seconds() + WAIT_S
        while not condition():
            assert self.reactor.seconds() < deadline, f"it did not become true in time; told was {self.told}"
            await deferLater(self.reactor, 0.01)

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

    async def is_told_of_media(self, channel_id: str) -> None:
        await self.until(lambda: any(media.channel_id == channel_id for media in self.of(MediaAnnounced)))

    async def hears_the_phone(self) -> None:
        before = self.audio.received
        await self.until(lambda: self.audio.received > before + 3)

    async def falls_silent(self, channel_id: str) -> None:
        """Wait until no more audio of a channel comes."""
        media = next(media for media in self.of(MediaAnnounced) if media.channel_id == channel_id)
        deadline, before = self.reactor.seconds() + WAIT_S, None
        while (received := self.audio.sources[media.host, media.port]) != before:
            assert self.reactor.seconds() < deadline, f"audio of {channel_id} still comes"
            before = received
            await self.settle()

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

    def startService(self) -> None:
        """Start the phones."""
        self.phones.open(self.reactor)

    @deferred
    async def stopService(self) -> None:
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
