"""Adapter: the share of the reactor's time that HTTP may take; audio has the rest, and the right of way."""

from collections import deque
from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

SLICE_S = 0.002
"""HTTP works for this time, and finishes the work in hand: at most one piece of data, or one request."""

REST = 2
"""After a slice, HTTP rests this many times as long as the slice took: a flood takes a third of one core."""

PERIOD_S = SLICE_S * (1 + REST)
"""A slice that is not used up is renewed after this time."""


@define(eq=False)
class Turns:
    """Does work at once while the slice lasts, and other work in later slices, in the order in which it was asked."""

    _clock: IReactorTime
    _queue: deque[Callable[[], None]] = field(factory=deque, init=False)
    _renewed_at: float = field(default=float("-inf"), init=False)
    _spent_s: float = field(default=0.0, init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)
    _is_working: bool = field(default=False, init=False)

    def ask(self, work: Callable[[], None]) -> None:
        """Do some short work when its turn comes, which may be now; `work` raises nothing."""
        self._queue.append(work)
        if self._timer is None and not self._is_working:
            self._work()

    def _work(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        if now >= self._renewed_at:
            self._renewed_at, self._spent_s = now + PERIOD_S, 0.0
        self._is_working = True
        try:
            while self._queue and self._spent_s < SLICE_S:
                self._queue.popleft()()
                now, before = self._clock.seconds(), now
                self._spent_s += now - before
        finally:
            self._is_working = False
        if self._spent_s >= SLICE_S:
            self._renewed_at = now + REST * self._spent_s
        if self._queue:
            self._timer = self._clock.callLater(max(0.0, self._renewed_at - now), self._work)
