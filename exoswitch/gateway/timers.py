"""Adapter: the timers of one live call; each tells the call's machine when it expires."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exoswitch.call.effects import Timer
from exoswitch.call.inputs import CallInputs

LOOK_AGAIN_S = 0.5
UNSEEN_S = 20.0  # a link is up again by then, or Asterisk is dead

_OF_A_PHONE_THAT_RINGS = frozenset({Timer.POST_DIAL, Timer.RING})


@define(eq=False)
class CallTimers:
    """Starts timers, and cancels those that a new state does not own; `feed` takes the input that an expiry is.

    `turn_came` feeds how punctual a trunk's turn is. While the link to Asterisk is down, a phone may be answered
    unseen: then nothing is concluded from the end of its ring time before the link `is_up` again.
    """

    _inputs: CallInputs
    _clock: IReactorTime
    _feed: Callable[[Callable[[], None]], None]
    _turn_came: Callable[[], None]
    _is_up: Callable[[], bool]
    _running: dict[Timer, IDelayedCall] = field(factory=dict, init=False)

    def start(self, timer: Timer, seconds: float) -> None:
        """Start a timer, or start it again."""
        self._cancel(timer)
        self._running[timer] = self._clock.callLater(seconds, self._expire, timer)

    def keep(self, owned: AbstractSet[Timer]) -> None:
        """Cancel every timer but these."""
        for timer in self._running.keys() - owned:
            self._cancel(timer)

    def _cancel(self, timer: Timer) -> None:
        running = self._running.pop(timer, None)
        if running is not None:
            running.cancel()

    def _expire(self, timer: Timer, unseen_s: float = 0.0) -> None:
        if timer in _OF_A_PHONE_THAT_RINGS and unseen_s < UNSEEN_S and not self._is_up():
            unseen_s += LOOK_AGAIN_S
            self._running[timer] = self._clock.callLater(LOOK_AGAIN_S, self._expire, timer, unseen_s)
            return
        del self._running[timer]
        inputs = self._inputs
        expired = {
            Timer.TURN: self._turn_came,
            Timer.POST_DIAL: inputs.post_dial_timed_out,
            Timer.RING: inputs.ring_timed_out,
            Timer.HANDSHAKE: inputs.handshake_timed_out,
            Timer.DURATION: inputs.duration_reached,
            Timer.RECONNECT: inputs.reconnect_due,
            Timer.PASSTHRU: inputs.passthru_timed_out,
            Timer.HANG_UP: inputs.hang_up_timed_out,
        }
        self._feed(expired[timer])
