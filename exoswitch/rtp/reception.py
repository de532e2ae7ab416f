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
    """The kind of a packet, compared with those before.

    `NEXT` has the next sequence number. `AHEAD` comes after a gap, `REORDERED` fills one; see `Reception.apart`.
    """

    NEXT = "next"
    AHEAD = "ahead"
    REORDERED = "reordered"
    DUPLICATE = "duplicate"
    STRAY = "stray"
    RESTARTED = "restarted"


_NEXT, _AHEAD, _REORDERED = Arrival.NEXT, Arrival.AHEAD, Arrival.REORDERED
_DUPLICATE, _STRAY, _RESTARTED = Arrival.DUPLICATE, Arrival.STRAY, Arrival.RESTARTED


@define
class Reception:
    """The counts of one source; `stray` packets of others were not confirmed.

    Another SSRC, or a large jump of the sequence, is believed when two packets in order come from there, and none of
    the present source between them (RFC 3550 A.1). The counts go on. After `RESTARTED`, `first_of_source` is the
    earlier of the two. After `AHEAD`, `apart` is the number of packets that are missing; after `REORDERED`, it is the
    distance from the newest packet.
    """

    received: int = 0
    lost: int = 0
    duplicate: int = 0
    reordered: int = 0
    stray: int = 0
    apart: int = field(default=0, init=False)
    first_of_source: RtpPacket | None = field(default=None, init=False)
    _ssrc: int | None = field(default=None, init=False)
    _newest: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False)  # bit n: whether the packet n before the newest has come
    _in_order: int = field(default=0, init=False)  # newest packets that are not in `_seen` yet
    _stray: RtpPacket | None = field(default=None, init=False)
    _received_at_stray: int = field(default=0, init=False)
    _transit: float | None = field(default=None, init=False)
    _jitter: float = field(default=0.0, init=False)

    @property
    def jitter_ms(self) -> float:
        """The interarrival jitter of RFC 3550 section 6.4.1; it is not finer than the arrival times."""
        return self._jitter * 1000 / SAMPLE_RATE_HZ

    def await_source(self) -> None:
        """Believe the next packet, whatever its source: it comes from another address."""
        self._ssrc = self._stray = None

    def arrived(self, packet: RtpPacket, now: float) -> Arrival:
        """Count a packet of audio, and give its kind; duplicates and strays must not be played."""
        sequence = packet.sequence
        if packet.ssrc == self._ssrc and (sequence - self._newest) & 0xFFFF == 1:  # nearly all packets
            self._newest = sequence
            self._in_order += 1
            self.received += 1
            self._measure(packet.timestamp, now)
            return _NEXT
        arrival = self.numbered(packet)
        if arrival is not _DUPLICATE and arrival is not _STRAY:
            self._measure(packet.timestamp, now)
        return arrival

    def numbered(self, packet: RtpPacket) -> Arrival:
        """Count a packet by its sequence number alone: it may hold something else than audio."""
        self._note_seen()
        ahead = (packet.sequence - self._newest) & 0xFFFF
        if packet.ssrc != self._ssrc or ahead >= _MAX_DROPOUT or ahead == 0:
            return self._unexpected(packet)
        self._newest = packet.sequence
        self._seen = (self._seen << ahead | 1) & _SEEN_MASK
        self.received += 1
        if ahead == 1:
            return _NEXT
        self.apart = ahead - 1
        self.lost += self.apart
        return _AHEAD

    def _note_seen(self) -> None:
        """Bring `_seen` up to the newest packet; doing this for each packet would cost more."""
        count = min(self._in_order, _MAX_MISORDER)
        self._seen = (self._seen << count | (1 << count) - 1) & _SEEN_MASK
        self._in_order = 0

    def _unexpected(self, packet: RtpPacket) -> Arrival:
        """Tell a packet out of order from one of a new source."""
        behind = (self._newest - packet.sequence) & 0xFFFF
        if packet.ssrc != self._ssrc or behind >= _MAX_MISORDER:
            return self._of_new_source(packet)
        if self._seen >> behind & 1:
            self.duplicate += 1
            return _DUPLICATE
        self._seen |= 1 << behind
        self.apart = behind
        self.lost = max(0, self.lost - 1)
        self.reordered += 1
        self.received += 1
        return _REORDERED

    def _of_new_source(self, packet: RtpPacket) -> Arrival:
        """Accept the first packet of all, and each that confirms the stray before it."""
        stray = self._stray
        if self._ssrc is not None and not self._is_confirmed(stray, packet):
            self.stray += stray is not None
            self._stray, self._received_at_stray = packet, self.received
            return _STRAY
        self._ssrc, self._newest, self._seen = packet.ssrc, packet.sequence, 1
        self.first_of_source, self._stray = stray, None
        self._transit = None
        self.received += 1 if stray is None else 2
        return _RESTARTED

    def _is_confirmed(self, stray: RtpPacket | None, packet: RtpPacket) -> bool:
        return (
            stray is not None
            and stray.ssrc == packet.ssrc
            and (stray.sequence + 1) & 0xFFFF == packet.sequence
            and self._received_at_stray == self.received
        )

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
