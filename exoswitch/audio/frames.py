"""Core: frames, the unit of the media plane: 20 ms of telephone audio."""

from attrs import define, field

SAMPLE_RATE_HZ = 8000
FRAME_MS = 20
FRAME_S = FRAME_MS / 1000
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000
FRAME_BYTES = 2 * FRAME_SAMPLES  # of 16-bit PCM; in G.711 a sample is one byte
SILENCE_PCM = bytes(FRAME_BYTES)


def samples_to_ms(samples: int) -> int:
    """Convert samples to milliseconds, rounded down."""
    return samples * 1000 // SAMPLE_RATE_HZ


def ms_to_samples(milliseconds: int) -> int:
    """Convert milliseconds to samples, rounded down."""
    return milliseconds * SAMPLE_RATE_HZ // 1000


@define
class Loop:
    """A sound in G.711 (one byte a sample, at least one) that repeats without a seam."""

    _sound: bytes = field(repr=False)
    _at: int = field(default=0, init=False)

    def pop(self) -> bytes:
        """Take the next 20 ms."""
        frame = self._sound[self._at : self._at + FRAME_SAMPLES]
        while len(frame) < FRAME_SAMPLES:
            frame += self._sound[: FRAME_SAMPLES - len(frame)]
        self._at = (self._at + FRAME_SAMPLES) % len(self._sound)
        return frame
