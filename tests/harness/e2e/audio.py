"""Measures audio: the frequency, level and purity of a tone, and the times with sound.

PCM is signed 16-bit little-endian mono at 8,000 Hz throughout. Levels are in dBm0: a sine of full scale is
+3.17 dBm0 (ITU-T G.711, mu-law).
"""

import math
from collections.abc import Callable, Sequence
from functools import cache

from exoswitch.audio.samples import pcm_of, samples_of

RATE_HZ = 8000
FRAME_SAMPLES = 160
FULL_SCALE = 32767
FULL_SCALE_DBM0 = 3.17
SILENCE_DBM0 = -100.0
CLEAN_DB = 30.0
TRIES = 15
CONGESTION_HZ, CONGESTION_DBM0, BEEP_S = 400, -10.0, 0.25  # as indications.conf has it
LEAST_SHARE, MORE_S = 2 / 3, 0.2

_BIAS = 132
_CLIP = 32635


def tone(hz: float, dbm0: float, seconds: float) -> bytes:
    """Make a sine."""
    amplitude = FULL_SCALE * 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20)
    step = 2 * math.pi * hz / RATE_HZ
    return pcm_of(round(amplitude * math.sin(step * n)) for n in range(round(seconds * RATE_HZ)))


def silence(seconds: float) -> bytes:
    """Make silence."""
    return bytes(2 * round(seconds * RATE_HZ))


def level_dbm0(pcm: bytes) -> float:
    """Measure the level (RMS)."""
    samples = samples_of(pcm)
    if not samples:
        return SILENCE_DBM0
    rms = math.sqrt(sum(sample * sample for sample in samples) / len(samples))
    return max(SILENCE_DBM0, 20 * math.log10(rms * math.sqrt(2) / FULL_SCALE + 1e-9) + FULL_SCALE_DBM0)


def frequency_hz(pcm: bytes) -> float:
    """Find the strongest frequency, within 1 Hz for a tone of half a second."""
    samples = samples_of(pcm)
    coarse = max(range(100, 3900, 20), key=lambda hz: _power(samples[: RATE_HZ // 10], hz))
    return max((coarse + n / 2 for n in range(-40, 41)), key=lambda hz: _power(samples[: RATE_HZ // 2], hz))


def tone_snr_db(pcm: bytes, hz: float) -> float:
    """Measure the ratio of a tone to the rest of the signal; mu-law alone leaves 35 dB or more.

    A lost or doubled packet shifts the tone's phase, so over a second or more even one of them shows.
    """
    samples = samples_of(pcm)
    total = sum(sample * sample for sample in samples)
    of_tone = 2 * _power(samples, hz, window=False) / len(samples)
    return 10 * math.log10(of_tone / max(total - of_tone, 1e-9)) if of_tone else SILENCE_DBM0


def has_tone(pcm: bytes, hz: float, dbm0: float, tolerance_db: float = 0.5) -> bool:
    """Tell whether any quarter of a second is this tone and nothing else.

    A tone that is 0.1 Hz away is 27 dB clean at most, so a clean one has the right pitch, too.
    """
    length, step = RATE_HZ // 4 * 2, RATE_HZ // 20 * 2
    return any(
        abs(level_dbm0(part) - dbm0) <= tolerance_db and tone_snr_db(part, hz) > CLEAN_DB
        for begin in range(0, len(pcm) - length + 1, step)
        if (part := pcm[begin : begin + length])
    )


def assert_hears_tone(listen: Callable[[float], bytes], hz: float, dbm0: float, tolerance_db: float = 0.5) -> None:
    """Listen a second at a time until one second is this tone and nothing else.

    A machine that stalls costs a packet now and then, and each lost packet shifts the tone's phase.

    Raises:
        AssertionError: no second of `TRIES` was clean; the text has the measurements.
    """
    measured = []
    for _ in range(TRIES):
        pcm = listen(1.0)
        found = frequency_hz(pcm), level_dbm0(pcm), tone_snr_db(pcm, hz)
        if abs(found[0] - hz) <= 1 and abs(found[1] - dbm0) <= tolerance_db and found[2] > CLEAN_DB:
            return
        measured.append("{:.1f} Hz at {:.1f} dBm0, {:.0f} dB clean".format(*found))
    raise AssertionError(f"no clean second of {hz} Hz at {dbm0} dBm0 was heard, but: {'; '.join(measured)}")


def assert_is_congestion_tone(pcm: bytes, seconds: float) -> None:
    """Check that this is the tone of a call that cannot be connected, for so long.

    Asterisk leaves out the packets that a busy machine makes late, so only one beep has to be whole.
    """
    spans = sounding_s(pcm)
    told = f"{len(pcm) / (2 * RATE_HZ):.2f} s, with sound at {spans}"
    assert seconds * LEAST_SHARE < len(pcm) / (2 * RATE_HZ) < seconds + MORE_S, told
    beeps = [pcm[2 * round(RATE_HZ * (begin + 0.02)) : 2 * round(RATE_HZ * (end - 0.02))] for begin, end in spans]
    assert any(
        abs(end - begin - BEEP_S) < 0.03
        and abs(frequency_hz(beep) - CONGESTION_HZ) <= 2
        and abs(level_dbm0(beep) - CONGESTION_DBM0) <= 0.5
        for (begin, end), beep in zip(spans, beeps, strict=True)
    ), told


def sounding_s(pcm: bytes, threshold_dbm0: float = -45.0) -> list[tuple[float, float]]:
    """Give the spans, in seconds from the beginning, whose 20 ms frames are louder than the threshold."""
    frame_s = FRAME_SAMPLES / RATE_HZ
    spans: list[tuple[float, float]] = []
    for number in range(len(pcm) // (2 * FRAME_SAMPLES)):
        if level_dbm0(pcm[number * 2 * FRAME_SAMPLES : (number + 1) * 2 * FRAME_SAMPLES]) < threshold_dbm0:
            continue
        begin = number * frame_s
        if spans and math.isclose(spans[-1][1], begin, abs_tol=1e-6):
            begin = spans.pop()[0]
        spans.append((begin, (number + 1) * frame_s))
    return spans


def ulaw_decoded(data: bytes) -> bytes:
    """Decode mu-law (ITU-T G.711)."""
    table = _ulaw_table()
    return pcm_of(table[byte] for byte in data)


def ulaw_encoded(pcm: bytes) -> bytes:
    """Encode as mu-law (ITU-T G.711)."""
    return bytes(_ulaw_byte(sample) for sample in samples_of(pcm))


def _ulaw_byte(sample: int) -> int:
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    mantissa = magnitude >> (exponent + 3) & 0x0F
    return ~((0x80 if sample < 0 else 0) | exponent << 4 | mantissa) & 0xFF


@cache
def _ulaw_table() -> tuple[int, ...]:
    def value(byte: int) -> int:
        byte = ~byte & 0xFF
        magnitude = (((byte & 0x0F) << 3) + _BIAS << (byte >> 4 & 0x07)) - _BIAS
        return -magnitude if byte & 0x80 else magnitude

    return tuple(value(byte) for byte in range(256))


def _power(samples: Sequence[int], hz: float, *, window: bool = True) -> float:
    """Give the squared magnitude of one frequency (a Goertzel filter), under a Hann window unless told otherwise."""
    step = 2 * math.pi * hz / RATE_HZ
    coefficient = 2 * math.cos(step)
    before = last = 0.0
    weights = _hann(len(samples)) if window else None
    for number, sample in enumerate(samples):
        before, last = last, (sample * weights[number] if weights else sample) + coefficient * last - before
    return last * last + before * before - coefficient * last * before


@cache
def _hann(length: int) -> tuple[float, ...]:
    return tuple(0.5 - 0.5 * math.cos(2 * math.pi * n / length) for n in range(length))
