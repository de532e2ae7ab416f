"""Adapter: a copy of the audio of a call between two phones, on an RTP port of this gateway.

Such a call has no audio here: Asterisk connects the phones. A tap brings a copy. `open` gives a media leg that hears
the call as any leg hears its caller, so whatever listens to a leg works on it: a stream, a recording. Both sides come
mixed, or with `one_side` only the phone of the tapped channel; two taps, one of each phone's channel, keep the two
apart. Nothing is sent back. A tap ends with its call; `close` ends it before.
"""

from attrs import define, field
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call.events import MediaAnnounced
from exoswitch.errors import BackendUnavailable, TrunkError
from exoswitch.interfaces.media import IMediaLeg, IMediaListener, IMediaPlane
from exoswitch.interfaces.switch import ISwitch
from exoswitch.tasks.spawn import spawn
from exoswitch.telephony.causes import HangUpCause


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
    """A tap of the channel `channel_id`; `tap_id` is the id of its own channel at that Asterisk."""

    switch: ISwitch
    tap_id: str
    _channel_id: str
    _plane: IMediaPlane
    _one_side: bool = False
    _leg: IMediaLeg | None = field(default=None, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.tap"), init=False)

    def open(self, listener: IMediaListener) -> IMediaLeg:
        """Bind a port, and have Asterisk send the audio there; a refusal is logged, and no audio comes.

        Raises:
            NoCapacity: no port is free.
        """
        self._leg = leg = self._plane.open(self.switch.host, listener)
        spawn(self._ask(leg), self._log, "tapping a call", tap_id=self.tap_id)
        return leg

    async def _ask(self, leg: IMediaLeg) -> None:
        try:
            await self.switch.tap(self.tap_id, self._channel_id, leg.host, leg.port, one_side=self._one_side)
        except (TrunkError, BackendUnavailable) as problem:
            self._log.warn(
                "{tap_id}: no audio of this call comes here: {problem}. In modules.conf, Asterisk needs app_chanspy: "
                "run exoswitch render-asterisk again.",
                tap_id=self.tap_id,
                problem=str(problem),
            )

    def announced(self, event: MediaAnnounced) -> None:
        """Take the audio from the address that Asterisk announced, and from nowhere else."""
        if self._leg is not None:
            self._leg.direct(event.host, event.port)

    def close(self) -> None:
        """End the tap and unbind its port; a second call has no effect."""
        leg, self._leg = self._leg, None
        if leg is not None:
            self.switch.hang_up(self.tap_id, HangUpCause.NORMAL_CLEARING)
            leg.close()
