"""Core: a limit for each minute, with a window that slides: no 60 seconds have more than the limit."""

from collections import deque

from attrs import define, field, frozen

WINDOW_S = 60.0
_TIDY_ABOVE = 1000


@frozen(kw_only=True)
class RateState:
    """The answer to one more: whether it was counted, how many are left, and when the oldest one is forgotten."""

    is_allowed: bool
    remaining: int
    reset_s: float


@define
class RateWindows:
    """The times of the last minute, by name; `now` is in seconds of a monotonic clock."""

    _times: dict[str, deque[float]] = field(factory=dict, init=False)

    def take(self, name: str, per_minute: int, now: float) -> RateState:
        """Count one more, unless there are `per_minute` already."""
        times = self._recent(name, now)
        is_allowed = len(times) < per_minute
        if is_allowed:
            times.append(now)
        oldest = times[0] if times else now
        return RateState(
            is_allowed=is_allowed, remaining=max(0, per_minute - len(times)), reset_s=oldest + WINDOW_S - now
        )

    def note(self, name: str, per_minute: int, now: float) -> None:
        """Count one that was allowed elsewhere; of more than `per_minute` the oldest is forgotten."""
        times = self._recent(name, now)
        times.append(now)
        while len(times) > per_minute:
            times.popleft()

    def __len__(self) -> int:
        """Count the times that are kept."""
        return sum(map(len, self._times.values()))

    def _recent(self, name: str, now: float) -> deque[float]:
        if len(self._times) > _TIDY_ABOVE and name not in self._times:
            self._tidy(now)
        times = self._times.setdefault(name, deque())
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        return times

    def _tidy(self, now: float) -> None:
        """Forget names that had nothing for a minute."""
        self._times = {name: times for name, times in self._times.items() if times and times[-1] > now - WINDOW_S}
