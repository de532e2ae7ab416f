"""Core: the ear of a simulated phone: the recording, and the losses."""

from attrs import define, field

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.audio.g711 import LAWS_BY_PAYLOAD_TYPE, Law
from exoswitch.errors import RemoteProtocolError
from exoswitch.rtp.packet import RtpPacket, parse
from exoswitch.rtp.reception import Arrival, Reception
from exoswitch.rtp.serial import difference_32
from exoswitch.sim.latency import LatencyMeter

_RECORDED_SAMPLES = 600 * SAMPLE_RATE_HZ
_UNHEARD = frozenset({Arrival.DUPLICATE, Arrival.STRAY})


@define
class Ear:
    """Records RTP without a jitter buffer: the RTP timestamp gives the place in the recording.

    Lost audio is silence in the recording, which has at most ten minutes.
    """

    _began_at: float
    _meter: LatencyMeter | None = None
    recording: bytearray = field(init=False, factory=bytearray, repr=False)
    reception: Reception = field(init=False, factory=Reception)
    malformed: int = field(init=False, default=0)
    first_heard_at: float | None = field(init=False, default=None)
    _origin: int = field(init=False, default=0)

    def datagram(self, data: bytes, now: float) -> None:
        """Take a datagram."""
        try:
            packet = parse(data)
            law = LAWS_BY_PAYLOAD_TYPE[packet.payload_type]
        except (RemoteProtocolError, KeyError):
            self.malformed += 1
            return
        arrival = self.reception.arrived(packet, now)
        if arrival is Arrival.RESTARTED:
            self._begin(packet, now)
        if arrival not in _UNHEARD:
            self._hear(packet, law, now)

    def _begin(self, packet: RtpPacket, now: float) -> None:
        """Set the origin of a new source: its first packet plays at its arrival."""
        if self.first_heard_at is None:
            self.first_heard_at = now
        self._origin = packet.timestamp - round((now - self._began_at) * SAMPLE_RATE_HZ)

    def _hear(self, packet: RtpPacket, law: Law, now: float) -> None:
        pcm = law.decode(packet.payload)
        if self._meter is not None:
            self._meter.heard(pcm, now)
        place = difference_32(packet.timestamp, self._origin & 0xFFFFFFFF)
        if 0 <= place < _RECORDED_SAMPLES:
            start, missing = 2 * place, 2 * place - len(self.recording)
            if missing > 0:
                self.recording += bytes(missing)
            self.recording[start : start + len(pcm)] = pcm
