"""Adapter: one call's channel at its Asterisk: what its machine asks of it, and what Asterisk answers."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from exoswitch.call.events import MediaAddress
from exoswitch.call.inputs import ENDED_UNSEEN, CallInputs
from exoswitch.errors import BackendUnavailable, CallTaken, ChannelGone, TrunkError
from exoswitch.gateway.environment import SESSION_STORE
from exoswitch.interfaces.switch import ISwitch, Origination
from exoswitch.tasks.retry import Retry
from exoswitch.tasks.spawn import spawn

T = TypeVar("T")

Feed = Callable[..., None]
"""Feeds an input of a call's machine, with its details, to the call's driver."""


@frozen(kw_only=True)
class OutboundRoute:
    """How an outbound call is dialled: a trunk and its address, the channel to dial, the wait for its turn."""

    trunk: str
    address: str
    channel: str = field(repr=False)
    wait_s: float


@define(eq=False)
class Channel:
    """A channel, from the request for it to its hang-up; every answer becomes an input of the call's machine.

    `route` is how an outbound call is dialled, once a trunk is chosen; None for any other call.
    """

    switch: ISwitch
    channel_id: str
    _inputs: CallInputs
    _feed: Feed
    _retry: Retry
    _log: Logger
    route: OutboundRoute | None = field(default=None, init=False)

    @property
    def key(self) -> tuple[str, str]:
        """The names of its Asterisk and of the channel there."""
        return self.switch.name, self.channel_id

    def claim(self, ask: Callable[[], Deferred[bool]]) -> None:
        """Find out whether this gateway may dial the call; asked again until the store answers."""
        self._spawn(self._claim(ask), "claiming a call")

    def originate(self, caller_id: str, media: MediaAddress, ring_s: float) -> None:
        """Dial; the call's audio comes to our RTP address."""
        self._spawn(self._originate(caller_id, media, ring_s), "an origination")

    def bridge(self, media: MediaAddress) -> None:
        """Claim the inbound channel, and bridge it to our RTP address."""
        self._spawn(self._answer(self.switch.bridge(self.channel_id, *media)), "bridging a call")

    def take_over(self, media: MediaAddress, *, is_bridged: bool) -> None:
        """Lead the audio of another gateway's call to our RTP address; asked again until Asterisk answers."""
        self._spawn(self._take_over(media, is_bridged), "taking a call over")

    def hang_up(self, cause: int, *, is_lost: bool) -> None:
        """Hang the channel up, however long it takes to reach Asterisk; `is_lost` as in the effect HangUp."""
        hang_up = self.switch.hang_up_lost if is_lost else self.switch.hang_up
        hang_up(self.channel_id, cause)

    def qualify(self) -> None:
        """Have Asterisk ask the trunk now whether it answers."""
        if self.route is not None:
            self.switch.qualify(self.route.trunk)

    def release(self) -> None:
        """Ask nothing more."""
        self._retry.stop()

    # --- What is asked, and what the answers mean ---------------------------------------------------------------

    async def _claim(self, ask: Callable[[], Deferred[bool]]) -> None:
        try:
            is_ours = await self._retry.ask(ask, SESSION_STORE)
        except BackendUnavailable as problem:
            self._feed(self._inputs.refused, str(problem))
        else:
            self._feed(self._inputs.claimed if is_ours else self._inputs.moved)

    async def _originate(self, caller_id: str, media: MediaAddress, ring_s: float) -> None:
        if self.route is None:
            raise LookupError(f"channel {self.channel_id} has no trunk to be dialled on")
        origination = Origination(
            channel_id=self.channel_id,
            channel=self.route.channel,
            caller_id=caller_id,
            media_host=media[0],
            media_port=media[1],
            ring_s=ring_s,
        )
        try:
            await self.switch.originate(origination)
        except (TrunkError, BackendUnavailable) as problem:
            self._feed(self._inputs.rejected, str(problem))
        else:
            self._feed(self._inputs.originate_queued)

    async def _take_over(self, media: MediaAddress, is_bridged: bool) -> None:
        asked = self._retry.ask(
            lambda: self.switch.take_over(self.channel_id, *media, is_bridged=is_bridged),
            f"Asterisk {self.switch.name}",
        )
        if await self._answer(asked):
            self._feed(self._inputs.channel_answered)

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
