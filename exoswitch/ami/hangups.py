"""Adapter: hang-ups, from the request until Asterisk says that the channel is gone.

Before each Hangup, Asterisk is asked whose name is on the channel: a channel that another gateway has taken over is
left alone. A hang-up without an answer costs the link, and the next link sends it again. A refused one is tried again
on the same link. `pending_hangups` says how long a hang-up is kept.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from exoswitch.ami import actions
from exoswitch.ami.client import AmiProtocol
from exoswitch.ami.pending_hangups import PendingHangUp, PendingHangUps
from exoswitch.call.events import ChannelHungUp, ChannelTaken, SwitchEvent
from exoswitch.errors import BackendUnavailable, ChannelGone, TrunkError, TrunkRefused
from exoswitch.tasks.window import Window
from exoswitch.telephony.causes import HangUpCause

HANG_UP_RETRY_S = 10.0
SENT_AT_ONCE = 32  # hang-ups on their way; more wait here


@define(eq=False)
class HangUps:
    """The hang-ups of one Asterisk, and the channels that are known to be other gateways'.

    `node` is our name on channels. `tell` hears of each channel that turns out to be another gateway's.
    """

    _node: str
    _clock: IReactorTime
    _tell: Callable[[SwitchEvent], None]
    _pending: PendingHangUps = field(factory=PendingHangUps, init=False)
    _foreign: set[str] = field(factory=set, init=False)
    _ami: AmiProtocol | None = field(default=None, init=False)
    _retry: IDelayedCall | None = field(default=None, init=False)
    _sending: Window = field(init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.ami"), init=False)

    def __attrs_post_init__(self) -> None:
        self._sending = Window(SENT_AT_ONCE, self._log, "a hang-up")

    def ask(self, channel_id: str, cause: int, *, is_lost: bool = False) -> None:
        """Hang a channel up, unless it is known to be another gateway's; `is_lost` puts our name on it first."""
        if is_lost:
            self.mark_ours(channel_id)
        if channel_id not in self._foreign:
            self._pending.ask(channel_id, cause, self._clock.seconds(), is_lost=is_lost)
            self._send(channel_id)

    def mark_ours(self, channel_id: str) -> None:
        """Note that a channel is ours, or is about to be."""
        self._foreign.discard(channel_id)

    @contextmanager
    def taking_over(self, channel_id: str) -> Iterator[None]:
        """Note that another gateway's channel is about to be ours; one that Asterisk does not know has ended.

        The Originate of a gateway that died may still be on its way. Then the phone would ring for a call that has
        ended, so its channel is hung up when it appears.
        """
        self.mark_ours(channel_id)
        try:
            yield
        except ChannelGone:
            self._pending.originating(channel_id)
            self._pending.ask(channel_id, HangUpCause.NORMAL_CLEARING, self._clock.seconds(), is_lost=True)
            raise

    def mark_foreign(self, channel_id: str) -> None:
        """Note that a channel is another gateway's: do not hang it up."""
        self._pending.give_up(channel_id)
        self._foreign.add(channel_id)

    # --- What happens at Asterisk ---------------------------------------------------------------------------------

    @contextmanager
    def originating(self, channel_id: str) -> Iterator[None]:
        """Note that a channel is being made; forget it if Asterisk refuses to make it."""
        self._pending.originating(channel_id)
        try:
            yield
        except TrunkError:
            self._pending.give_up(channel_id)
            raise

    def observe(self, event: SwitchEvent) -> None:
        """Learn from an event; hang up a channel that has just appeared, if that is wanted."""
        if isinstance(event, ChannelHungUp):
            self._foreign.discard(event.channel_id)
        unwanted = self._pending.observe(event)
        if unwanted is not None:
            self._send(unwanted)

    def link_ready(self, ami: AmiProtocol, channel_ids: frozenset[str]) -> None:
        """Send every pending hang-up; `channel_ids` are all channels that are up."""
        self._ami = ami
        self._foreign &= channel_ids
        for channel_id in self._pending:
            self._send(channel_id)

    def link_lost(self) -> None:
        """Keep the pending hang-ups for the next link."""
        self._ami = None
        self._sending.clear()
        self._pending.link_lost()
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    # --- One hang-up ----------------------------------------------------------------------------------------------

    def _send(self, channel_id: str) -> None:
        if self._ami is not None:
            self._sending.add(partial(self._hang_up, self._ami, channel_id))

    async def _hang_up(self, ami: AmiProtocol, channel_id: str) -> None:
        if ami is not self._ami or channel_id not in self._pending:
            return  # It waited for its turn, and is not wanted any more, or not on this link.
        hang_up = self._pending[channel_id]
        try:
            if await self._may_end(ami, channel_id, hang_up):
                await ami.command(actions.hang_up(channel_id, hang_up.cause))
        except ChannelGone as problem:
            self._log.debug("{channel_id}: {problem}", channel_id=channel_id, problem=str(problem))
            self._pending.channel_gone(channel_id)
        except TrunkRefused as problem:
            self._refused(channel_id, str(problem))
        except BackendUnavailable as problem:
            ami.drop(str(problem))  # The next link sends the hang-up again.

    async def _may_end(self, ami: AmiProtocol, channel_id: str, hang_up: PendingHangUp) -> bool:
        if hang_up.is_lost:
            await self._set_owner(ami, channel_id)
            return True
        owner = actions.owned_by_another(await ami.command(actions.get_owner(channel_id)), self._node)
        if owner is not None:
            self._leave_to(owner, channel_id)
        return owner is None

    async def _set_owner(self, ami: AmiProtocol, channel_id: str) -> None:
        """Put our name on a channel, so that its former gateway, if it is alive, leaves it alone."""
        try:
            await ami.command(actions.set_owner(channel_id, self._node))
        except TrunkRefused as problem:
            self._log.warn("{channel_id} keeps its former owner: {problem}", channel_id=channel_id, problem=problem)

    def _leave_to(self, owner: str, channel_id: str) -> None:
        self._log.info("{channel_id} is not hung up: gateway {owner} has it", channel_id=channel_id, owner=owner)
        self.mark_foreign(channel_id)
        self._tell(ChannelTaken(channel_id))

    def _refused(self, channel_id: str, problem: str) -> None:
        if channel_id not in self._pending:
            return  # It has been hung up in the meantime.
        refusals = self._pending.count_refusal(channel_id, self._clock.seconds())
        if refusals == 0:
            self._log.error(
                "{channel_id} is not hung up: {problem}. Hang it up on Asterisk's console: channel request hangup. "
                "In manager.conf, our user needs read and write as `exoswitch render-asterisk` writes them.",
                channel_id=channel_id,
                problem=problem,
            )
            return
        if refusals == 1:
            self._log.warn(
                "{channel_id} is not hung up yet: {problem}. It is tried again every {every_s:g} s.",
                channel_id=channel_id,
                problem=problem,
                every_s=HANG_UP_RETRY_S,
            )
        if self._retry is None and self._ami is not None:
            self._retry = self._clock.callLater(HANG_UP_RETRY_S, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        for channel_id in self._pending.refused():
            self._send(channel_id)
