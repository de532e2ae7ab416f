"""Core: the latency of audio, measured by recognising each frame at the other end."""

from collections import OrderedDict, deque
from math import ceil

from attrs import define, field, frozen

_REMEMBERED = 400  # frames, 8 s; a later frame is not recognised
_BIT = 16  # bytes; in silence the first two pieces of a frame are equal
_SAMPLES = 50_000  # the newest latencies: 16 minutes


@frozen(kw_only=True)
class LatencySummary:
    """The latency of frames. Without a recognised frame all figures are 0.

    `lost` frames went in between the first and the last recognised frame and did not come out. `unrecognised` frames
    came out but did not go in: silence, or a concealed loss.
    """

    recognised: int
    lost: int
    unrecognised: int
    p50_ms: float
    p99_ms: float
    max_ms: float


@define
class LatencyMeter:
    """Measures one direction: frames go in with `sent`, and `heard` recognises each once.

    All frames must differ (`sounds.babble`), and the path must not change them: give it PCM that has been through the
    call's codec once.
    """

    _under_way: OrderedDict[bytes, tuple[int, float]] = field(init=False, factory=OrderedDict)
    _latencies_s: deque[float] = field(init=False, factory=lambda: deque(maxlen=_SAMPLES))
    _sent: int = field(init=False, default=0)
    _first: int = field(init=False, default=0)
    _last: int = field(init=False, default=-1)
    _recognised: int = field(init=False, default=0)
    _unrecognised: int = field(init=False, default=0)

    def sent(self, frame: bytes, now: float) -> None:
        """Remember a frame that goes in. Silence is ignored: all its frames are equal."""
        if frame[:_BIT] == frame[_BIT : 2 * _BIT]:
            return
        self._under_way.pop(frame, None)
        self._under_way[frame] = (self._sent, now)
        self._sent += 1
        if len(self._under_way) > _REMEMBERED:
            self._under_way.popitem(last=False)

    def heard(self, frame: bytes, now: float) -> float | None:
        """Give the latency of a frame in seconds, or None if it did not go in."""
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
        """Summarise the measurements."""
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
    """The meters of a call: `out` from caller to bot, `back` from bot to caller."""

    out: LatencyMeter = field(factory=LatencyMeter)
    back: LatencyMeter = field(factory=LatencyMeter)

    def echoed(self, frame: bytes, now: float) -> None:
        """Measure a frame at the echo. Only recognised frames are measured on the way back."""
        if self.out.heard(frame, now) is not None:
            self.back.sent(frame, now)


def quantile(ordered: list[float], share: float) -> float:
    """Give a quantile of ascending values: the smallest that this share of them does not exceed; 0 without values."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else 0.0
