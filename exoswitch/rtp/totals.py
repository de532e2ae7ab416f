"""Adapter: the counts of the media of all calls of this node, ended or live, as metrics.

A plane keeps plain integers, because it counts fifty times a second; they are added up when they are read.
"""

from collections.abc import Callable, Collection, Iterator

from attrs import define, field

from exoswitch.audio.frames import FRAME_S, SAMPLE_RATE_HZ
from exoswitch.interfaces.metrics import Reading
from exoswitch.rtp.session import LegCounts

_COUNTS: tuple[tuple[Reading, Callable[[LegCounts], int]], ...] = (
    (Reading("rtp_packets_total", 1, {"dir": "in"}), lambda counts: counts.received),
    (Reading("rtp_packets_total", 1, {"dir": "out"}), lambda counts: counts.sent),
    (Reading("rtp_unsent_total", 1), lambda counts: counts.unsent),
    (Reading("rtp_lost_total", 1), lambda counts: counts.lost),
    (Reading("rtp_late_total", 1), lambda counts: counts.late),
    (Reading("rtp_reordered_total", 1), lambda counts: counts.reordered),
    (Reading("rtp_duplicates_total", 1), lambda counts: counts.duplicate),
    (Reading("rtp_malformed_total", 1), lambda counts: counts.malformed + counts.unsupported),
    (Reading("rtp_foreign_total", 1), lambda counts: counts.foreign + counts.stray),
    (Reading("rtp_flooded_ticks_total", 1), lambda counts: counts.flooded),
    (Reading("media_events_lost_total", 1), lambda counts: counts.untold),
    (Reading("recording_lost_seconds_total", FRAME_S), lambda counts: counts.unrecorded),
    (Reading("concealed_seconds_total", FRAME_S), lambda counts: counts.concealed),
    (Reading("playout_underruns_total", 1), lambda counts: counts.underruns),
    (Reading("playout_dropped_seconds_total", 1 / SAMPLE_RATE_HZ), lambda counts: counts.overflowed_samples),
    (Reading("marks_total", 1, {"outcome": "played"}), lambda counts: counts.marks_played),
    (Reading("marks_total", 1, {"outcome": "cleared"}), lambda counts: counts.marks_cleared),
    (Reading("marks_total", 1, {"outcome": "lost"}), lambda counts: counts.marks_lost),
    (Reading("clears_total", 1), lambda counts: counts.clears),
)
"""Each metric with its unit as its value, and the integer that counts it: of one call, or of their sum."""

_NOTHING = LegCounts._make([0] * len(LegCounts._fields))


@define
class MediaTotals:
    """The sums over ended calls, and the largest sums that were read.

    A packet that was counted as lost and then comes lowers its leg's count; a counter must not fall.
    """

    _ended: list[int] = field(factory=lambda: [0] * len(_COUNTS), init=False)
    _read: list[int] = field(factory=lambda: [0] * len(_COUNTS), init=False)

    def end(self, counts: LegCounts) -> None:
        """Add the counts of a call that is over."""
        self._ended = [ended + count(counts) for ended, (_, count) in zip(self._ended, _COUNTS, strict=True)]

    def readings(self, live: Collection[LegCounts]) -> Iterator[Reading]:
        """Give the sums over all calls."""
        sums = LegCounts._make(map(sum, zip(_NOTHING, *live, strict=True)))
        for n, (reading, count) in enumerate(_COUNTS):
            self._read[n] = max(self._read[n], self._ended[n] + count(sums))
            yield reading._replace(value=reading.value * self._read[n])
