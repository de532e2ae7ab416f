"""A call's machine for tests: fed by the names of inputs, and brought into each of its states."""

from attrs import evolve

from exoswitch.call import machine
from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.core import CallCore
from exoswitch.call.effects import (
    ChooseHop,
    FollowStream,
    JudgeAttempt,
    RecordEnding,
    ReleaseCall,
)
from exoswitch.call.feeding import apply_judgement
from exoswitch.call.flow import apply_passthru_answer, apply_stream_end
from exoswitch.call.limits import CallLimits
from exoswitch.call.passthru import Passthru
from exoswitch.call.session import CallStatus, Ending

LIMITS = CallLimits(ring_s=30.0, handshake_s=10.0, max_duration_s=3600.0)


PASSTHRU = Passthru(url="https://crm.example.org/passthru", timeout_s=8.0)


class Call:
    """A call's machine with its effects at hand."""

    def __init__(self, *, passthru=None, apps=(), **limits) -> None:
        self.core = CallCore(evolve(LIMITS, **limits), passthru=passthru)
        self.inputs = machine.begin(self.core)
        self.elapsed_s = self.spent_s = 3.0
        self.judges = self.follows = True
        self.apps = {bot.app: bot for bot in apps}

    def feed(self, name, *details):
        if name == "hold_judgement":
            self.judges = False
            return []
        if name == "hold_flow":
            self.follows = False
            return []
        if name == "with_passthru":
            self.core.passthru = PASSTHRU
            return []
        getattr(self.inputs, name)(*details)
        return self._effects()

    def _effects(self):
        """Take the effects; judge an attempt, and say what follows a stream, as the driver does."""
        effects = []
        while drained := self.core.drain():
            for effect in drained:
                if self.judges and effect == JudgeAttempt():
                    apply_judgement(self.inputs, self.core, self.elapsed_s, self.spent_s)
                elif self.follows and effect == FollowStream():
                    apply_stream_end(self.inputs, self.core, self.apps.get)
                elif self.follows and isinstance(effect, ChooseHop):
                    apply_passthru_answer(self.inputs, self.core, effect.status, self.apps.get)
                else:
                    effects.append(effect)
        return effects

    def feed_all(self, *inputs):
        """Feed inputs, each a name or a tuple of a name and its details; give the effects of the last."""
        effects = []
        for item in inputs:
            effects = self.feed(item) if isinstance(item, str) else self.feed(*item)
        return effects

    def apply(self, function, *details):
        """Feed what one of the `apply_` functions makes of something; give the effects."""
        function(self.inputs, self.core, *details)
        return self._effects()

    @property
    def state(self):
        return self.core.state.name


def ending_in(effects) -> Ending:
    """Find the one ending that was recorded, and see that the call was released after it."""
    endings = [effect.ending for effect in effects if isinstance(effect, RecordEnding)]
    assert len(endings) == 1
    assert effects[-1] == ReleaseCall()
    return endings[0]


LAB = ChosenTrunk(name="lab", address="10.9.0.1:5060", post_dial_s=6.4, is_last=True)
FIRST = ChosenTrunk(name="first", address="10.9.0.1:5060", post_dial_s=6.4)
SECOND = ChosenTrunk(name="second", address="10.9.0.2:5060", post_dial_s=4.0)

TO_ACCEPTED = ("accept", ("trunk_chosen", LAB))
TO_CLAIMING = (*TO_ACCEPTED, "dial", "turn_came")
TO_ORIGINATING = (*TO_CLAIMING, "claimed")
TO_DIALLING = (*TO_ORIGINATING, "originate_queued")
TO_RINGING = (*TO_DIALLING, "channel_dialled", "channel_ringing")
TO_CONNECTING = (*TO_RINGING, "channel_answered")
TO_TALKING = (*TO_CONNECTING, "stream_opened")
FAILURE = ("stream_failed", "3009 refused")
TO_LOST = (*TO_TALKING, ("stream_lost", 1006, "gone"))
TO_DRAINING = (*TO_TALKING, ("bot_finished", 1000, "bye"))

TO_SECOND = (*TO_RINGING, "first_answered")
TO_BRIDGED = (*TO_SECOND, "second_joined")
HUNG_UP = Ending(status=CallStatus.COMPLETED, reason="the second phone hung up: Normal Clearing", cause=16)
BUSY = Ending(status=CallStatus.BUSY, reason="not answered on trunk lab: busy", cause=17)

TO_FIRST_DIALLED = ("accept", ("trunk_chosen", FIRST), "dial", "turn_came", "claimed", "originate_queued")
TO_FIRST_TRYING = (*TO_FIRST_DIALLED, "channel_dialled")
REFUSED = (("originate_failed", 0), ("channel_hung_up", 34, 503, True))

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
    "choosing_hop": (*TO_TALKING, "with_passthru", "hold_flow", ("stream_closed", 1000, "bye")),
    "asking_passthru": (*TO_TALKING, "with_passthru", ("stream_closed", 1000, "bye")),
    "choosing_again": (*TO_CLAIMING, "claimed_late"),
    "waiting_again": (*TO_CLAIMING, "claimed_late", ("trunk_chosen", LAB)),
    "giving_trunk_up": (*TO_FIRST_TRYING, "post_dial_timed_out"),
    "awaiting_hang_up": (*TO_DIALLING, "channel_dialled", ("originate_failed", 0)),
    "awaiting_originate_response": (*TO_DIALLING, "channel_dialled", ("channel_hung_up", 19)),
    "judging": (*TO_RINGING, "hold_judgement", ("channel_hung_up", 17, 486, True)),
    "dialling_second": TO_SECOND,
    "bridged": TO_BRIDGED,
    "joined": (*TO_RINGING, "second_answered"),
    "ending_both": (*TO_BRIDGED, ("hang_up", "by request")),
    "ending_second": (*TO_BRIDGED, ("channel_hung_up", 16)),
    "ending": (*TO_TALKING, ("hang_up", "by request")),
    "over": (*TO_CLAIMING, ("refused", "no")),
}
