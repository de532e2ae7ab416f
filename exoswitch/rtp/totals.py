"""Adapter: the counts of the media of all calls of this node, ended or live, as metrics.

The parts of a leg keep plain integers, because they count fifty times a second; they are added up when they are read.
"""

from collections.abc import Callable, Collection, Iterator

from attrs import define, field

from exoswitch.audio.frames import FRAME_S, SAMPLE_RATE_HZ
from exoswitch.interfaces.metrics import Reading
from exoswitch.rtp.leg import MediaLeg

_COUNTS: tuple[tuple[Reading, Callable[[MediaLeg], int]], ...] = (
    (Reading("rtp_packets_total", 1, {"dir": "in"}), lambda leg: leg.reception.received),
    (Reading("rtp_packets_total", 1, {"dir": "out"}), lambda leg: leg.sent),
    (Reading("rtp_lost_total", 1), lambda leg: leg.reception.lost),
    (Reading("rtp_late_total", 1), lambda leg: leg.jitter.late),
    (Reading("rtp_reordered_total", 1), lambda leg: leg.reception.reordered),
    (Reading("rtp_duplicates_total", 1), lambda leg: leg.reception.duplicate),
    (Reading("rtp_malformed_total", 1), lambda leg: leg.malformed + leg.unsupported),
    (Reading("rtp_foreign_total", 1), lambda leg: leg.foreign + leg.reception.stray),
    (Reading("concealed_seconds_total", FRAME_S), lambda leg: leg.jitter.concealed),
    (Reading("playout_underruns_total", 1), lambda leg: leg.playout.underruns),
    (Reading("playout_dropped_seconds_total", 1 / SAMPLE_RATE_HZ), lambda leg: leg.playout.overflowed_samples),
    (Reading("marks_total", 1, {"outcome": "played"}), lambda leg: leg.playout.marks_played),
    (Reading("marks_total", 1, {"outcome": "cleared"}), lambda leg: leg.playout.marks_cleared),
    (Reading("marks_total", 1, {"outcome": "lost"}), lambda leg: leg.playout.marks_lost),
    (Reading("clears_total", 1), lambda leg: leg.playout.clears),
)
"""Each metric with its unit as its value, and the integer that counts it."""


@define
class MediaTotals:
    """The sums over the legs of ended calls, and the largest sums that were read.

    A packet that was counted as lost and then comes lowers its leg's count; a counter must not fall.
    """

    _ended: list[int] = field(factory=lambda: [0] * len(_COUNTS), init=False)
    _read: list[int] = field(factory=lambda: [0] * len(_COUNTS), init=False)

    def end(self, leg: MediaLeg) -> None:
        """Add the counts of a call that is over."""
        self._ended = [ended + count(leg) for ended, (_, count) in zip(self._ended, _COUNTS, strict=True)]

    def readings(self, live: Collection[MediaLeg]) -> Iterator[Reading]:
        """Give the sums over all calls."""
        for n, (reading, count) in enumerate(_COUNTS):
            self._read[n] = max(self._read[n], self._ended[n] + sum(map(count, live)))
            yield reading._replace(value=reading.value * self._read[n])
