"""Adapter: one call's channel at its Asterisk: what its machine asks of it, and what Asterisk answers."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred, DeferredLock
from twisted.logger import Logger

from exoswitch.call.events import ChannelEvent, ChannelHungUp, MediaAddress, SwitchReady
from exoswitch.call.feeding import ENDED_UNSEEN
from exoswitch.call.inputs import CallInputs
from exoswitch.errors import BackendUnavailable, CallTaken, ChannelGone, TrunkError
from exoswitch.gateway.environment import SESSION_STORE
from exoswitch.interfaces.switch import ISwitch, Origination
from exoswitch.interfaces.trunk import Dialling
from exoswitch.tasks.retry import Retry
from exoswitch.tasks.spawn import spawn

T = TypeVar("T")

Feed = Callable[..., None]
"""Feeds an input of a call's machine, with its details, to the call's driver."""


@define(eq=False, kw_only=True)
class Channel:
    """A channel, from the request for it to its hang-up; every answer becomes an input of the call's machine.

    `possible` are the ids that it may have, the likeliest first: the last notes of a gateway that died may be lost.
    `answered` is the input for the answer of its phone. Nothing is an input any more once the channel is released.
    """

    switch: ISwitch
    channel_id: str
    possible: tuple[str, ...]
    _inputs: CallInputs
    _answered: Callable[[], None]
    _tell: Feed
    _retry: Retry
    _log: Logger
    _leading: DeferredLock = field(factory=DeferredLock, init=False)
    _is_released: bool = field(default=False, init=False)

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The names of its Asterisk and of each channel there that it may be."""
        return tuple((self.switch.name, channel_id) for channel_id in self.possible)

    def concerns(self, event: ChannelEvent) -> bool:
        """Whether an event is this channel's; one that shows which of the possible ids it has is."""
        if event.channel_id != self.channel_id and isinstance(event, ChannelHungUp):
            return False
        self.channel_id = event.channel_id
        return True

    def listed(self, found: SwitchReady) -> None:
        """See in Asterisk's list which of the possible ids it has."""
        up = (channel_id for channel_id in self.possible if channel_id in found.channel_ids)
        self.channel_id = next(up, self.channel_id)

    def claim(self, ask: Callable[[], Deferred[bool]], claimed: Callable[[], None]) -> None:
        """Find out whether this gateway may dial the call; asked again until the store answers."""
        self._spawn(self._claim(ask, claimed), "claiming a call")

    def originate(self, dialling: Dialling, timeout_s: float, leads_to: MediaAddress | str) -> None:
        """Dial; the call's audio comes to our RTP address, or Asterisk connects it with another channel."""
        self._spawn(self._originate(dialling, timeout_s, leads_to), "an origination")

    def bridge(self, media: MediaAddress) -> None:
        """Claim the inbound channel, and bridge it to our RTP address."""
        self._spawn(self._bridge(media), "bridging a call")

    def take_over(self, media: MediaAddress, *, is_bridged: bool) -> None:
        """Lead the audio of another gateway's call to our RTP address; asked again until Asterisk answers."""
        ask = partial(self.switch.take_over, media_host=media[0], media_port=media[1], is_bridged=is_bridged)
        self._spawn(self._take_over(ask), "taking a call over")

    def adopt(self) -> None:
        """Have a phone of another gateway's call between two phones; asked again until Asterisk answers."""
        self._spawn(self._take_over(self.switch.adopt), "adopting a phone")

    async def led(self) -> None:
        """Wait until Asterisk has answered where the channel's audio goes, with success or not; or `stop_waiting`.

        A channel that is moved before has no longer the means to answer a claim, or is moved out of its new bridge.
        """
        with suppress(CancelledError):
            async with self._leading:
                pass

    def stop_waiting(self) -> None:
        """End each `led` that waits."""
        for waiting in tuple(self._leading.waiting):
            waiting.cancel()

    def hang_up(self, cause: int, *, is_lost: bool) -> None:
        """Hang the channel up, however long it takes to reach Asterisk; `is_lost` as in the effect HangUp."""
        hang_up = self.switch.hang_up_lost if is_lost else self.switch.hang_up
        hang_up(self.channel_id, cause)

    def release(self) -> None:
        """Ask and tell nothing more."""
        self._is_released = True
        self._retry.stop()
        self.stop_waiting()

    def _feed(self, happened: Callable[..., None], *details: object) -> None:
        if not self._is_released:
            self._tell(happened, *details)

    # --- What is asked, and what the answers mean ---------------------------------------------------------------

    async def _claim(self, ask: Callable[[], Deferred[bool]], claimed: Callable[[], None]) -> None:
        try:
            is_ours = await self._retry.ask(ask, SESSION_STORE)
        except BackendUnavailable as problem:
            self._feed(self._inputs.refused, str(problem))
        else:
            self._feed(claimed if is_ours else self._inputs.moved)

    async def _originate(self, dialling: Dialling, timeout_s: float, leads_to: MediaAddress | str) -> None:
        host, port = ("", 0) if isinstance(leads_to, str) else leads_to
        origination = Origination(
            channel_id=self.channel_id,
            channel=dialling.channel,
            caller_id=dialling.caller_id,
            media_host=host,
            media_port=port,
            joins=leads_to if isinstance(leads_to, str) else None,
            ring_s=timeout_s,
            variables=dialling.variables,
        )
        try:
            await self.switch.originate(origination)
        except (TrunkError, BackendUnavailable) as problem:
            self._feed(self._inputs.rejected, str(problem))
        else:
            self._feed(self._inputs.originate_queued)

    async def _bridge(self, media: MediaAddress) -> None:
        async with self._leading:
            await self._answer(self.switch.bridge(self.channel_id, *media))

    async def _take_over(self, ask: Callable[[str], Deferred[bool]]) -> None:
        async with self._leading:
            is_answered = await self._answer(self._take_over_possible(ask))
        if is_answered:
            self._feed(self._answered)

    async def _take_over_possible(self, ask: Callable[[str], Deferred[bool]]) -> bool:
        *others, last = self.possible
        for channel_id in others:
            with suppress(ChannelGone):
                return await self._take_over_one(channel_id, ask)
        return await self._take_over_one(last, ask)

    async def _take_over_one(self, channel_id: str, ask: Callable[[str], Deferred[bool]]) -> bool:
        is_answered = await self._retry.ask(lambda: ask(channel_id), f"Asterisk {self.switch.name}")
        self.channel_id = channel_id
        return is_answered

    async def _answer(self, asked: Awaitable[T]) -> T | None:
        """Wait for Asterisk; an error is an input of the machine, and there is no answer."""
        try:
            return await asked
        except CallTaken:
            self._feed(self._inputs.moved)
        except ChannelGone:
            self._feed(self._inputs.channel_hung_up, ENDED_UNSEEN)
        except (TrunkError, BackendUnavailable) as problem:
            self._feed(self._inputs.rejected, str(problem))
        return None

    def _spawn(self, work: Any, what: str) -> None:
        spawn(work, self._log, what, channel_id=self.channel_id)
