"""Core: the hang-ups that were asked for and that Asterisk has not confirmed yet.

A hang-up must outlive a lost link, and one race: a Hangup that follows its Originate within a millisecond is answered
"No such channel", and the channel appears right after, to ring a phone with nobody behind it (seen on Asterisk
22.10). So a channel that is still being made is hung up again when it shows itself.
"""

from collections import OrderedDict
from collections.abc import Iterator

from attrs import define, field

from exoswitch.call.events import ChannelDialled, ChannelHungUp, OriginateFailed, SwitchEvent

_KEPT = 10_000


@define
class HangUps:
    """What is to be hung up, and with which cause; bounded, the oldest is given up first."""

    _causes: OrderedDict[str, int] = field(factory=OrderedDict, init=False)
    _unborn: OrderedDict[str, None] = field(factory=OrderedDict, init=False)

    def __contains__(self, channel_id: object) -> bool:
        """Whether this hang-up is outstanding."""
        return channel_id in self._causes

    def __iter__(self) -> Iterator[str]:
        """Give the channels that are to be hung up, oldest first."""
        return iter(tuple(self._causes))

    def cause(self, channel_id: str) -> int:
        """Give the Q.850 cause to hang a channel up with."""
        return self._causes[channel_id]

    def ask(self, channel_id: str, cause: int) -> None:
        """Want a channel hung up; the first cause that was given stays."""
        self._causes.setdefault(channel_id, cause)
        if len(self._causes) > _KEPT:
            self._causes.popitem(last=False)

    def originating(self, channel_id: str) -> None:
        """Know that this channel has been asked for, and may not exist yet."""
        self._unborn[channel_id] = None
        if len(self._unborn) > _KEPT:
            self._unborn.popitem(last=False)

    def no_such_channel(self, channel_id: str) -> None:
        """Hear that there is no such channel: it is gone, unless it is yet to come."""
        if channel_id not in self._unborn:
            self._causes.pop(channel_id, None)

    def give_up(self, channel_id: str) -> None:
        """Forget a channel that never came to be, or that Asterisk will not hang up."""
        self._causes.pop(channel_id, None)
        self._unborn.pop(channel_id, None)

    def observe(self, event: SwitchEvent) -> bool:
        """Learn from an event; say whether its channel has just appeared and is to be hung up now."""
        match event:
            case ChannelDialled(channel_id):
                self._unborn.pop(channel_id, None)
                return channel_id in self._causes
            case ChannelHungUp(channel_id):
                self.give_up(channel_id)
            case OriginateFailed(channel_id):
                if channel_id in self._unborn:
                    self.give_up(channel_id)
        return False

    def link_lost(self) -> None:
        """Know that an answer to what was originated may never be heard; the hang-ups stay."""
        self._unborn.clear()
