"""Core: the unit in which the media plane works: 20 ms of telephone audio."""

SAMPLE_RATE_HZ = 8000
FRAME_MS = 20
FRAME_S = FRAME_MS / 1000
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000
FRAME_BYTES = 2 * FRAME_SAMPLES  # as 16-bit PCM; as G.711 a sample is one byte
SILENCE_PCM = bytes(FRAME_BYTES)


def samples_to_ms(samples: int) -> int:
    """Give the length of that much audio, rounded down."""
    return samples * 1000 // SAMPLE_RATE_HZ


def ms_to_samples(milliseconds: int) -> int:
    """Give how many samples last that long."""
    return milliseconds * SAMPLE_RATE_HZ // 1000
