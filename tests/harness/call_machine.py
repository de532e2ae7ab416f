"""A call's machine for tests: fed by the names of inputs, and brought into each of its states."""

from exoswitch.call import machine
from exoswitch.call.core import CallCore
from exoswitch.call.effects import (
    RecordEnding,
    ReleaseCall,
)
from exoswitch.call.limits import CallLimits
from exoswitch.call.session import Ending

LIMITS = CallLimits(ring_s=30.0, handshake_s=10.0, max_duration_s=3600.0)


class Call:
    """A call's machine with its effects at hand."""

    def __init__(self) -> None:
        self.core = CallCore(LIMITS)
        self.inputs = machine.begin(self.core)

    def feed(self, name, *details):
        getattr(self.inputs, name)(*details)
        return self.core.drain()

    def feed_all(self, *inputs):
        """Feed inputs, each a name or a tuple of a name and its details; give the effects of the last."""
        effects = []
        for item in inputs:
            effects = self.feed(item) if isinstance(item, str) else self.feed(*item)
        return effects

    def apply(self, function, *details):
        """Feed what one of the `apply_` functions makes of something; give the effects."""
        function(self.inputs, self.core, *details)
        return self.core.drain()

    @property
    def state(self):
        return self.core.state.name


def ending_in(effects) -> Ending:
    """Find the one ending that was recorded, and see that the call was released after it."""
    endings = [effect.ending for effect in effects if isinstance(effect, RecordEnding)]
    assert len(endings) == 1
    assert effects[-1] == ReleaseCall()
    return endings[0]


TO_ACCEPTED = ("accept", ("trunk_chosen", 0.5, "trunk lab (10.9.0.1:5060)"))
TO_CLAIMING = (*TO_ACCEPTED, "dial", "turn_came")
TO_ORIGINATING = (*TO_CLAIMING, "claimed")
TO_DIALLING = (*TO_ORIGINATING, "originate_queued")
TO_RINGING = (*TO_DIALLING, "channel_dialled", "channel_ringing")
TO_CONNECTING = (*TO_RINGING, "channel_answered")
TO_TALKING = (*TO_CONNECTING, "stream_opened")
FAILURE = ("stream_failed", "3009 refused")
TO_LOST = (*TO_TALKING, ("stream_lost", 1006, "gone"))
TO_DRAINING = (*TO_TALKING, ("bot_finished", 1000, "bye"))

PATHS = {
    "new": (),
    "choosing_trunk": ("accept",),
    "accepted": TO_ACCEPTED,
    "waiting_for_turn": (*TO_ACCEPTED, "dial"),
    "claiming": TO_CLAIMING,
    "originating": TO_ORIGINATING,
    "dialling": TO_DIALLING,
    "trying": (*TO_DIALLING, "channel_dialled"),
    "ringing": TO_RINGING,
    "connecting": TO_CONNECTING,
    "retrying": (*TO_CONNECTING, ("stream_failed", "refused")),
    "talking": TO_TALKING,
    "bot_lost_1": TO_LOST,
    "bot_lost_2": (*TO_LOST, "reconnect_due", FAILURE),
    "bot_lost_3": (*TO_LOST, "reconnect_due", FAILURE, "reconnect_due", FAILURE),
    "reconnecting_1": (*TO_LOST, "reconnect_due"),
    "reconnecting_2": (*TO_LOST, "reconnect_due", FAILURE, "reconnect_due"),
    "reconnecting_3": (*TO_LOST, "reconnect_due", FAILURE, "reconnect_due", FAILURE, "reconnect_due"),
    "draining": TO_DRAINING,
    "awaiting_originate_response": (*TO_DIALLING, "channel_dialled", ("channel_hung_up", 19)),
    "ending": (*TO_TALKING, ("hang_up", "by request")),
    "over": (*TO_CLAIMING, ("refused", "no")),
}
