"""Adapter: a copy of the audio of a call between two phones, on an RTP port of this gateway.

Such a call has no audio here: Asterisk connects the phones. A tap brings a copy. `open` gives a media leg that hears
the call as any leg hears its caller, so whatever listens to a leg works on it: a stream, a recording. Nothing is sent
back. A tap ends with its call; `close` ends it before.

Both phones, mixed, are heard at the channel of the second one. At that of the first one they are not: it was sent the
audio of a gateway before, and Asterisk takes the RTP of the second phone for late packets of that if its sequence
numbers are lower. The phones hear each other, but who listens there does not hear the second one, for minutes (22.10:
`ast_translate` in main/translate.c, for the one translator of each direction in main/audiohook.c).
"""

from typing import Literal

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call.events import MediaAnnounced, SwitchEvent
from exoswitch.call.session import Session
from exoswitch.errors import BackendUnavailable, TrunkError
from exoswitch.interfaces.media import IMediaLeg, IMediaListener, IMediaPlane
from exoswitch.interfaces.switch import ISwitch
from exoswitch.tasks.spawn import spawn
from exoswitch.telephony.causes import HangUpCause

Phone = Literal["a", "b"]  # the first one, the second one

BEGINS_AFTER_S = 0.1
"""ChanSpy waits so long before it listens (22.10: apps/app_chanspy.c, `common_exec`)."""


@implementer(IMediaListener)
class TapListener:
    """Is told nothing that matters: a tap plays nothing, and the phones of its call may be silent."""

    def media_lost(self, silent_s: float) -> None:
        """No audio has come for so long."""

    def playout_began(self) -> None:
        """Nothing is played."""

    def playout_overflowed(self, dropped_ms: int) -> None:
        """Nothing is played."""

    def playout_finished(self) -> None:
        """Nothing is played."""


@define(eq=False)
class AudioTap:
    """One tap of the call `call_sid`; `kind` tells its channels at Asterisk from those of other taps of the call."""

    switch: ISwitch
    kind: str
    call_sid: str
    _plane: IMediaPlane
    _clock: IReactorTime
    _leg: IMediaLeg | None = field(default=None, init=False)
    _tap_ids: list[str] = field(factory=list, init=False)  # of its channels, the one to hear last
    _change: IDelayedCall | None = field(default=None, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.taps"), init=False)

    def open(self, listener: IMediaListener) -> IMediaLeg:
        """Bind a port.

        Raises:
            NoCapacity: no port is free.
        """
        self._leg = leg = self._plane.open(self.switch.host, listener)
        return leg

    def hear_both(self, session: Session, first_channel_id: str) -> None:
        """Have what both phones say sent here; until the second one is answered, what the first one says."""
        second = session.second
        if second is None or second.answered_at is None:
            self.hear("a", first_channel_id, one_side=True)
        else:
            self.hear("b", second.channel_id or second.call_sid, one_side=False)

    def hear(self, phone: Phone, channel_id: str, *, one_side: bool) -> None:
        """Have the audio at a phone's channel sent here, in place of another phone's; again, it has no effect.

        A refusal is logged, and the audio does not come.
        """
        tap_id = id_of_tap(self.kind, phone, self.call_sid)
        if self._leg is not None and tap_id not in self._tap_ids:
            self._tap_ids.append(tap_id)
            asked = self._ask(self._leg, tap_id, channel_id, one_side=one_side)
            spawn(asked, self._log, "tapping a call", tap_id=tap_id)

    async def _ask(self, leg: IMediaLeg, tap_id: str, channel_id: str, *, one_side: bool) -> None:
        try:
            await self.switch.tap(tap_id, channel_id, leg.host, leg.port, one_side=one_side)
        except (TrunkError, BackendUnavailable) as problem:
            self._log.warn(
                "{tap_id}: no audio of this call comes here: {problem}. In modules.conf, Asterisk needs app_chanspy: "
                "run exoswitch render-asterisk again.",
                tap_id=tap_id,
                problem=str(problem),
            )

    def observe(self, switch: ISwitch, event: SwitchEvent) -> bool:
        """Take the audio from the address that Asterisk announces; say whether the event is one of this tap."""
        if (
            not isinstance(event, MediaAnnounced)
            or switch is not self.switch
            or event.channel_id not in self._tap_ids
        ):
            return False
        if event.channel_id != self._tap_ids[0]:
            self._change = self._clock.callLater(BEGINS_AFTER_S, self._take_from, event)
        elif self._change is None:
            self._take_from(event)
        return True

    def _take_from(self, event: MediaAnnounced) -> None:
        """Take the audio from this address, and from nowhere else; what was heard before ends."""
        if self._leg is not None:
            self._leg.direct(event.host, event.port)
            for earlier in self._tap_ids[: self._tap_ids.index(event.channel_id)]:
                self.switch.hang_up(earlier, HangUpCause.NORMAL_CLEARING)

    def close(self) -> None:
        """End the tap and unbind its port; a second call has no effect."""
        leg, self._leg = self._leg, None
        if self._change is not None and self._change.active():
            self._change.cancel()
        if leg is not None:
            for tap_id in self._tap_ids:
                self.switch.hang_up(tap_id, HangUpCause.NORMAL_CLEARING)
            leg.close()


def id_of_tap(kind: str, phone: Phone, call_sid: str) -> str:
    """Name the channel of a tap.

    It does not begin with the id of a phone's channel: in Asterisk's files of an earlier version, the second phone is
    connected with any channel whose id begins with that of the first one (22.10: main/features.c, `bridge_exec`).
    """
    return f"{kind}{phone}-{call_sid}"


def call_of_tap(tap_id: str) -> str:
    """Give the SID of the call of a tap; "" for the id of another channel."""
    return tap_id.partition("-")[2]


def kind_of(prefix: str, session: Session) -> str:
    """Name the taps of this gateway of the call: each gateway has its own."""
    return f"{prefix}{session.takeovers}"


def hang_up_earlier(switch: ISwitch, prefix: str, session: Session) -> None:
    """Hang up the taps that the gateway before this one has left at Asterisk, if the call was taken over."""
    if not session.takeovers:
        return
    kind = f"{prefix}{session.takeovers - 1}"
    phones: tuple[Phone, Phone] = ("a", "b")
    for phone in phones:
        switch.hang_up_lost(id_of_tap(kind, phone, session.call_sid), HangUpCause.NORMAL_CLEARING)
