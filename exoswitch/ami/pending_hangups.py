"""Core: the hang-ups that were asked for and that Asterisk has not confirmed yet.

A hang-up must outlive a lost link, and one race: a Hangup that follows its Originate within a millisecond is answered
"No such channel", and the channel appears right after, to ring a phone with nobody behind it (seen on Asterisk
22.10). So a channel that is still being made is hung up again when it appears.
"""

from collections import OrderedDict
from collections.abc import Iterator

from attrs import define, field

from exoswitch.call.events import ChannelDialled, ChannelHungUp, OriginateFailed, SwitchEvent

REFUSALS_MAX = 60
REFUSED_FOR_S = 600.0  # an operator who mends manager.conf in this time need not hang up by hand

_KEPT = 10_000


@define
class PendingHangUp:
    """A hang-up: its Q.850 cause, and whether the name on the channel may be a lost gateway's."""

    cause: int
    asked_at: float
    is_lost: bool
    refusals: int = 0


@define
class PendingHangUps:
    """The channels to hang up, and their causes; bounded, the oldest is given up first."""

    _pending: OrderedDict[str, PendingHangUp] = field(factory=OrderedDict, init=False)
    _unborn: OrderedDict[str, None] = field(factory=OrderedDict, init=False)

    def __contains__(self, channel_id: object) -> bool:
        """Whether this hang-up is pending."""
        return channel_id in self._pending

    def __iter__(self) -> Iterator[str]:
        """Give the channels to hang up, oldest first."""
        return iter(tuple(self._pending))

    def refused(self) -> list[str]:
        """Give the channels whose hang-up Asterisk has refused so far."""
        return [channel_id for channel_id, hang_up in self._pending.items() if hang_up.refusals]

    def __getitem__(self, channel_id: str) -> PendingHangUp:
        """Give the hang-up of a channel."""
        return self._pending[channel_id]

    def ask(self, channel_id: str, cause: int, now: float, *, is_lost: bool = False) -> None:
        """Want a channel hung up; the first cause stays."""
        hang_up = self._pending.setdefault(channel_id, PendingHangUp(cause, now, is_lost))
        hang_up.is_lost |= is_lost
        if len(self._pending) > _KEPT:
            self._pending.popitem(last=False)

    def originating(self, channel_id: str) -> None:
        """Note that this channel has been asked for, and may not exist yet."""
        self._unborn[channel_id] = None
        if len(self._unborn) > _KEPT:
            self._unborn.popitem(last=False)

    def channel_gone(self, channel_id: str) -> None:
        """Forget a channel that Asterisk does not know, unless it is still being made."""
        if channel_id not in self._unborn:
            self._pending.pop(channel_id, None)

    def count_refusal(self, channel_id: str, now: float) -> int:
        """Count a refusal of a pending hang-up; give how many there were, or 0 if it is given up."""
        hang_up = self._pending[channel_id]
        hang_up.refusals += 1
        if hang_up.refusals >= REFUSALS_MAX or now - hang_up.asked_at >= REFUSED_FOR_S:
            self.give_up(channel_id)
            return 0
        return hang_up.refusals

    def give_up(self, channel_id: str) -> None:
        """Forget a channel that never came to be, or that is not hung up by us."""
        self._pending.pop(channel_id, None)
        self._unborn.pop(channel_id, None)

    def observe(self, event: SwitchEvent) -> str | None:
        """Learn from an event; give its channel if that has just appeared and is to be hung up now."""
        match event:
            case ChannelDialled(channel_id):
                self._unborn.pop(channel_id, None)
                return channel_id if channel_id in self._pending else None
            case ChannelHungUp(channel_id):
                self.give_up(channel_id)
            case OriginateFailed(channel_id):
                if channel_id in self._unborn:
                    self.give_up(channel_id)
        return None

    def link_lost(self) -> None:
        """Forget which channels are being made, since their events may be missed; the hang-ups stay."""
        self._unborn.clear()
