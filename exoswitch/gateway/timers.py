"""Adapter: the waits of one call that is live, each told to its machine when it is over."""

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exoswitch.call.effects import Timer
from exoswitch.call.inputs import CallInputs


@define(eq=False)
class CallTimers:
    """Starts and stops waits; `tell` feeds the input that an expired one is to a call's machine."""

    _clock: IReactorTime
    _tell: Callable[[Callable[[], None]], None]
    _expired: dict[Timer, Callable[[], None]]
    _running: dict[Timer, IDelayedCall] = field(factory=dict, init=False)

    @classmethod
    def of(cls, life: CallInputs, clock: IReactorTime, tell: Callable[[Callable[[], None]], None]) -> "CallTimers":
        """Make the waits of a call whose machine is `life`."""
        expired = {
            Timer.RING: life.ring_timed_out,
            Timer.HANDSHAKE: life.handshake_timed_out,
            Timer.DURATION: life.duration_reached,
            Timer.RECONNECT: life.reconnect_due,
            Timer.HANG_UP: life.hang_up_timed_out,
        }
        return cls(clock, tell, expired)

    def start(self, timer: Timer, seconds: float) -> None:
        """Start a wait, or start it anew."""
        self.stop(timer)
        self._running[timer] = self._clock.callLater(seconds, self._expire, timer)

    def stop(self, timer: Timer) -> None:
        """End a wait; harmless if it is not running."""
        waiting = self._running.pop(timer, None)
        if waiting is not None:
            waiting.cancel()

    def _expire(self, timer: Timer) -> None:
        del self._running[timer]
        self._tell(self._expired[timer])
