"""Core: the statistics of one RTP source (RFC 3550 appendix A.1, A.3, A.8): loss, duplicates, jitter, restarts."""

from enum import Enum

from attrs import define, field

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.rtp.packet import RtpPacket
from exoswitch.rtp.serial import difference_32

_MAX_DROPOUT = 3000  # RFC 3550 A.1: a larger gap forward is a new start, not loss
_MAX_MISORDER = 100  # RFC 3550 A.1: a packet further back is not merely out of order
_SEEN_MASK = (1 << _MAX_MISORDER) - 1


class Arrival(Enum):
    """The kind of a packet, compared with those before."""

    NEWEST = "newest"
    REORDERED = "reordered"
    DUPLICATE = "duplicate"
    STRAY = "stray"
    RESTARTED = "restarted"


_NEWEST, _REORDERED, _DUPLICATE = Arrival.NEWEST, Arrival.REORDERED, Arrival.DUPLICATE
_STRAY, _RESTARTED = Arrival.STRAY, Arrival.RESTARTED


@define
class Reception:
    """The counts of one source; a packet of another SSRC begins a new source, and the counts go on."""

    received: int = 0
    lost: int = 0
    duplicate: int = 0
    _ssrc: int | None = field(default=None, init=False)
    _newest: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False)  # bit n: whether the packet n before the newest has come
    _expected_stray: int = field(default=-1, init=False)
    _transit: float | None = field(default=None, init=False)
    _jitter: float = field(default=0.0, init=False)

    @property
    def jitter_ms(self) -> float:
        """The interarrival jitter of RFC 3550 section 6.4.1; it is not finer than the arrival times."""
        return self._jitter * 1000 / SAMPLE_RATE_HZ

    def arrived(self, packet: RtpPacket, now: float) -> Arrival:
        """Count a packet, and give its kind; duplicates and strays must not be played."""
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            return self._restarted(packet, now)
        ahead = (packet.sequence - self._newest) & 0xFFFF
        if ahead == 1:
            self._newest = packet.sequence
            self._seen = (self._seen << 1 | 1) & _SEEN_MASK
        elif 0 < ahead < _MAX_DROPOUT:
            self._newest = packet.sequence
            self._seen = (self._seen << ahead | 1) & _SEEN_MASK
            self.lost += ahead - 1
        else:
            return self._out_of_order(packet, now)
        self.received += 1
        self._measure(packet.timestamp, now)
        return _NEWEST

    def _out_of_order(self, packet: RtpPacket, now: float) -> Arrival:
        behind = (self._newest - packet.sequence) & 0xFFFF
        if behind >= _MAX_MISORDER:
            return self._jumped(packet, now)
        if self._seen >> behind & 1:
            self.duplicate += 1
            return _DUPLICATE
        self._seen |= 1 << behind
        self.lost = max(0, self.lost - 1)
        self.received += 1
        self._measure(packet.timestamp, now)
        return _REORDERED

    def _jumped(self, packet: RtpPacket, now: float) -> Arrival:
        """Accept a large jump of the sequence only when a second packet confirms it."""
        if packet.sequence == self._expected_stray:
            return self._restarted(packet, now)
        self._expected_stray = (packet.sequence + 1) & 0xFFFF
        return _STRAY

    def _restarted(self, packet: RtpPacket, now: float) -> Arrival:
        self._newest = packet.sequence
        self._seen = 1
        self._expected_stray = -1
        self._transit = None
        self.received += 1
        self._measure(packet.timestamp, now)
        return _RESTARTED

    def _measure(self, timestamp: int, now: float) -> None:
        """Update the jitter; if the sender's clock jumps by more than a second, measure anew."""
        transit = now * SAMPLE_RATE_HZ - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change > SAMPLE_RATE_HZ:
                change = abs(difference_32(int(transit), int(self._transit)))
            if change <= SAMPLE_RATE_HZ:
                self._jitter += (change - self._jitter) / 16
        self._transit = transit
