"""Core: recordings as WAV files of PCM at 8,000 Hz.

While a file is written, its header says that the audio goes on to the end of the file, as programs expect of a WAV
file that they read while it grows. The header of a finished file has the right sizes.
"""

import struct

from attrs import frozen

from exoswitch.audio.frames import SAMPLE_RATE_HZ

HEADER_BYTES = 44
_PCM = 1
_TO_THE_END = 0xFFFFFFFF
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


def header(channels: int, audio_bytes: int | None = None) -> bytes:
    """Write the header of a file with so many bytes of audio; None if they are not known yet."""
    if audio_bytes is None or audio_bytes + HEADER_BYTES > _TO_THE_END:
        riff = data = _TO_THE_END
    else:
        riff, data = HEADER_BYTES - 8 + audio_bytes, audio_bytes
    block = 2 * channels
    form = (16, _PCM, channels, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * block, block, 16)
    return _HEADER.pack(b"RIFF", riff, b"WAVE", b"fmt ", *form, b"data", data)


@frozen
class WavFormat:
    """What a WAV file of ours says of itself: `whole_bytes` of a size are whole samples."""

    channels: int

    @classmethod
    def of_head(cls, head: bytes) -> "WavFormat | None":
        """Read the beginning of a file; None if it is not one of ours."""
        if len(head) < HEADER_BYTES or head[:4] != b"RIFF" or head[36:40] != b"data":
            return None
        channels = int.from_bytes(head[22:24], "little")
        return cls(channels) if channels in {1, 2} else None

    def whole_bytes(self, size: int) -> int:
        """Give the size without a sample that is cut off."""
        block = 2 * self.channels
        return HEADER_BYTES + (size - HEADER_BYTES) // block * block

    def seconds(self, size: int) -> float:
        """Give the length of a file of this size."""
        return (size - HEADER_BYTES) / (2 * self.channels * SAMPLE_RATE_HZ)

    @property
    def skipped_bytes(self) -> int:
        """The bytes before the audio, which a joined file has once."""
        return HEADER_BYTES

    def finished_head(self, size: int) -> bytes:
        """Give the header of a finished file of this size."""
        return header(self.channels, size - HEADER_BYTES)
