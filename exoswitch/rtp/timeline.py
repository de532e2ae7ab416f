"""Core: the place of each packet's audio in time.

Senders number their packets well, but many stamp them badly: by a clock of milliseconds, in steps of 152 and 168
samples, by 159 for each 160. So the sequence number says which audio follows without a gap. The timestamp only says
how long a pause was, and a pause is a whole number of frames.
"""

from attrs import define, field

from exoswitch.audio.frames import FRAME_SAMPLES
from exoswitch.rtp.packet import RtpPacket
from exoswitch.rtp.serial import add_32, difference_32


@define
class Timeline:
    """Positions, in samples modulo 2**32, of the audio of a codec with one byte for each sample, such as G.711.

    A position is the timestamp less `_offset`, which changes when a timestamp is not the expected one.
    """

    _timestamp: int = field(default=0, init=False)  # of the newest audio
    _samples: int = field(default=0, init=False)  # its length
    _offset: int = field(default=0, init=False)

    def restart(self, packet: RtpPacket) -> None:
        """Begin anew, with the first packet of a source."""
        self._timestamp, self._samples = packet.timestamp, 0

    def following(self, packet: RtpPacket, missing: int = 0) -> int:
        """Place a packet that is newer than all before, with this number of missing packets before it."""
        timestamp, samples = packet.timestamp, len(packet.payload)
        if timestamp - self._timestamp != self._samples or missing:
            excess = difference_32(timestamp, self._timestamp) - self._samples - missing * samples
            self._offset += excess - _pause_of(excess)
        self._timestamp, self._samples = timestamp, samples
        return (timestamp - self._offset) & 0xFFFFFFFF

    def earlier(self, packet: RtpPacket, behind: int) -> int:
        """Place a packet that comes late: it is this number of packets behind the newest."""
        distance = (behind + 1) * len(packet.payload)
        end = self._timestamp + self._samples
        excess = difference_32(end, packet.timestamp) - distance
        return add_32(end - self._offset, -distance - _pause_of(excess))


def _pause_of(excess: int) -> int:
    """Give the length of the pause that a timestamp tells of, when it is this far ahead of continuous audio."""
    return 0 if excess < FRAME_SAMPLES else (excess + FRAME_SAMPLES // 2) // FRAME_SAMPLES * FRAME_SAMPLES
