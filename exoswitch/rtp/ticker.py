"""Adapter: the 20 ms tick of all calls, on an absolute origin, so it never drifts."""

from collections import deque
from collections.abc import Callable

from attrs import define, field, frozen
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from exoswitch.audio.frames import FRAME_S

_MAX_TICKS_AT_ONCE = 5  # 100 ms: a longer burst overflows the other end's jitter buffer
_REMEMBERED_TICKS = 3000  # the last minute
_ROUNDING_S = 1e-6
_TOLD_AT_ONCE = 50  # a second's: to observe each at once would cost as much as the rest of the tick's Python


@frozen(kw_only=True)
class Lateness:
    """The lateness of the ticks of the last minute; `max_ms` is the worst since the start."""

    p50_ms: float
    p99_ms: float
    max_ms: float


@define
class LatenessOfTicks:
    """The lateness of the ticks of the last minute, in seconds."""

    _lateness_s: deque[float] = field(factory=lambda: deque(maxlen=_REMEMBERED_TICKS), init=False)
    _max_s: float = field(default=0.0, init=False)

    def note(self, late_s: float) -> None:
        """Note how late a tick began."""
        self._lateness_s.append(late_s)
        self._max_s = max(self._max_s, late_s)

    def summary(self) -> Lateness:
        """Summarise it; this sorts the last minute's."""
        ordered = sorted(self._lateness_s) or [0.0]
        return Lateness(
            p50_ms=1000 * ordered[len(ordered) // 2],
            p99_ms=1000 * ordered[len(ordered) * 99 // 100],
            max_ms=1000 * self._max_s,
        )


def _unobserved(_late_s: float) -> None:
    """Observe nothing."""


@define
class Ticker:
    """Calls `callback(now)` every 20 ms; its errors are logged, and ticking goes on.

    `observe` is told once a second how late each tick began, in seconds. Late ticks are made up for, up to 100 ms;
    more are left out and counted as `skipped`. The clock must not jump: a reactor's `seconds` must be
    `time.monotonic`.
    """

    _clock: IReactorTime
    _callback: Callable[[float], None]
    _observe: Callable[[float], None] = _unobserved
    period_s: float = FRAME_S
    ticks: int = field(default=0, init=False)
    skipped: int = field(default=0, init=False)
    failures: int = field(default=0, init=False)
    _origin: float = field(default=0.0, init=False)
    _lateness: LatenessOfTicks = field(factory=LatenessOfTicks, init=False)
    _untold_s: list[float] = field(factory=list, init=False)
    _due_at: float = field(default=0.0, init=False)
    _running: bool = field(default=False, init=False)
    _next_call: IDelayedCall | None = field(default=None, init=False)

    _log = Logger()

    def start(self) -> None:
        """Start; the first tick is 20 ms from now."""
        self._running = True
        self._origin = self._clock.seconds() - (self.ticks + self.skipped) * self.period_s
        self._schedule()

    def stop(self) -> None:
        """Stop, also from within a tick; without effect if it is not running."""
        self._running = False
        if self._next_call is not None and self._next_call.active():
            self._next_call.cancel()
        self._next_call = None
        self._tell_lateness()

    def lateness(self) -> Lateness:
        """Summarise the lateness of ticks; this sorts the last minute's."""
        self._tell_lateness()
        return self._lateness.summary()

    def _tell_lateness(self) -> None:
        untold_s, self._untold_s = self._untold_s, []
        for late_s in untold_s:
            self._observe(late_s)
            self._lateness.note(late_s)

    def _schedule(self) -> None:
        """Wait for the next tick; its time is counted from the origin and not from the last tick."""
        self._due_at = self._origin + (self.ticks + self.skipped + 1) * self.period_s
        self._next_call = self._clock.callLater(max(0.0, self._due_at - self._clock.seconds()), self._wake)

    def _wake(self) -> None:
        """Run the ticks that are due; ticks that become due meanwhile wait for the reactor's next turn."""
        self._next_call = None
        late_s = max(0.0, self._clock.seconds() - self._due_at)
        self._untold_s.append(late_s)
        due = 1 + int((late_s + _ROUNDING_S) / self.period_s)
        self.skipped += max(0, due - _MAX_TICKS_AT_ONCE)
        for _ in range(min(due, _MAX_TICKS_AT_ONCE)):
            if self._running:
                self._tick()
        if self._running:
            self._schedule()
        if len(self._untold_s) >= _TOLD_AT_ONCE:
            self._tell_lateness()

    def _tick(self) -> None:
        self.ticks += 1
        try:
            self._callback(self._clock.seconds())
        except Exception:  # noqa: BLE001 - the audio of all calls depends on the next tick
            self.failures += 1
            self._log.failure("the media tick failed")
