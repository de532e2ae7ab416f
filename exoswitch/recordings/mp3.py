"""Core: recordings as MP3 files of a constant bit rate.

Such a file is a row of frames of one size, and no header: it can be played while it grows, be cut at any frame, and
be joined with another.
"""

from attrs import frozen

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.call.recording import RecordingChannels, RecordingFormat

_HEAD_BYTES = 4
_SYNC = 0xFFE0
_BIT_RATES = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # kbit/s, of MPEG-2 and 2.5, layer III
_VERSIONS = {0: (11_025, 12_000, 8_000), 2: (22_050, 24_000, 16_000)}  # 2.5 and 2, ISO 11172-3 and 13818-3
_FRAME_SAMPLES = 576
_MONO = 3


@frozen
class Mp3Format:
    """The form of a file; a frame lasts 576 samples."""

    channels: int
    bit_rate: int
    rate_hz: int = SAMPLE_RATE_HZ

    @classmethod
    def of_head(cls, head: bytes) -> "Mp3Format | None":
        """Read the beginning of a file, as ISO 13818-3 has it; None if it is not one of ours."""
        if len(head) < _HEAD_BYTES or int.from_bytes(head[:2], "big") & _SYNC != _SYNC:
            return None
        rates = _VERSIONS.get(head[1] >> 3 & 3)
        bits, rate = head[2] >> 4, head[2] >> 2 & 3
        if rates is None or rate >= len(rates) or not 0 < bits < len(_BIT_RATES):
            return None
        return cls(1 if head[3] >> 6 == _MONO else 2, _BIT_RATES[bits], rates[rate])

    @property
    def _frame_bytes(self) -> int:
        return _FRAME_SAMPLES // 8 * self.bit_rate * 1000 // self.rate_hz

    def whole_bytes(self, size: int) -> int:
        """Give the size without a frame that is cut off."""
        return size // self._frame_bytes * self._frame_bytes

    def seconds(self, size: int) -> float:
        """Give the length of a file of this size."""
        return size / self._frame_bytes * _FRAME_SAMPLES / self.rate_hz

    @property
    def skipped_bytes(self) -> int:
        """There is no header."""
        return 0

    def finished_head(self, _size: int) -> bytes:
        """There is no header."""
        return b""


FORMATS: dict[tuple[RecordingFormat, RecordingChannels], Mp3Format] = {
    ("mp3", "single"): Mp3Format(1, 32),  # Exotel's own
    ("mp3", "dual"): Mp3Format(2, 64),
    ("mp3-hq", "single"): Mp3Format(1, 64),  # the highest bit rate at 8,000 Hz
    ("mp3-hq", "dual"): Mp3Format(2, 128, 16_000),
}
