"""Core: how long audio is under way, found out by recognising single frames where they come out again."""

from collections import OrderedDict, deque
from math import ceil

from attrs import define, field, frozen

_REMEMBERED = 400  # frames, that is 8 s; what comes out later than that is not recognised
_BIT = 16  # bytes; a frame whose first two bits are alike is silence
_SAMPLES = 50_000  # latencies, the newest: 16 minutes of them


@frozen(kw_only=True)
class LatencySummary:
    """How long frames were under way; with no frame recognised, every figure is 0.

    `lost` frames went in between the first and the last that were recognised, and did not come out; `unrecognised`
    ones came out and are not ours: silence, or what concealed a loss.
    """

    recognised: int
    lost: int
    unrecognised: int
    p50_ms: float
    p99_ms: float
    max_ms: float


@define
class LatencyMeter:
    """Measures one way: frames go in with `sent`, and are recognised, each once, when they come out with `heard`.

    It works only on frames that are unlike each other (`sounds.babble`) and that the way does not change, so give it
    PCM that has been through the call's codec once.
    """

    _under_way: OrderedDict[bytes, tuple[int, float]] = field(init=False, factory=OrderedDict)
    _latencies_s: deque[float] = field(init=False, factory=lambda: deque(maxlen=_SAMPLES))
    _sent: int = field(init=False, default=0)
    _first: int = field(init=False, default=0)
    _last: int = field(init=False, default=-1)
    _recognised: int = field(init=False, default=0)
    _unrecognised: int = field(init=False, default=0)

    def sent(self, frame: bytes, now: float) -> None:
        """Remember a frame that goes in, unless it is silence, which is like all other silence."""
        if frame[:_BIT] == frame[_BIT : 2 * _BIT]:
            return
        self._under_way.pop(frame, None)
        self._under_way[frame] = (self._sent, now)
        self._sent += 1
        if len(self._under_way) > _REMEMBERED:
            self._under_way.popitem(last=False)

    def heard(self, frame: bytes, now: float) -> float | None:
        """Give the seconds that a frame was under way, or None if it is not one of ours."""
        found = self._under_way.pop(frame, None)
        if found is None:
            self._unrecognised += 1
            return None
        number, sent_at = found
        if self._last < 0:
            self._first = number
        self._last = max(self._last, number)
        self._recognised += 1
        self._latencies_s.append(now - sent_at)
        return now - sent_at

    def summary(self) -> LatencySummary:
        """Sum up what has been measured."""
        ordered = sorted(self._latencies_s)
        return LatencySummary(
            recognised=self._recognised,
            lost=max(0, self._last - self._first + 1 - self._recognised),
            unrecognised=self._unrecognised,
            p50_ms=1000 * quantile(ordered, 0.50),
            p99_ms=1000 * quantile(ordered, 0.99),
            max_ms=1000 * quantile(ordered, 1.0),
        )


@define(kw_only=True)
class Meters:
    """What measures a demonstration's audio: the way out, from caller to bot, and the way back."""

    out: LatencyMeter = field(factory=LatencyMeter)
    back: LatencyMeter = field(factory=LatencyMeter)

    def echoed(self, frame: bytes, now: float) -> None:
        """Measure at the far end, where frames turn; what conceals a loss is none of ours, and not measured back."""
        if self.out.heard(frame, now) is not None:
            self.back.sent(frame, now)


def quantile(ordered: list[float], share: float) -> float:
    """Give the smallest of these ascending values that at least this share of them does not exceed; 0 of none."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else 0.0
