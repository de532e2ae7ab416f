"""Core: the sounds of simulated people: tones, noise, and babble, whose 20 ms frames all differ."""

from collections.abc import Iterator
from functools import lru_cache
from math import exp, pi, sin
from random import Random

from exoswitch.audio.frames import FRAME_BYTES, SAMPLE_RATE_HZ
from exoswitch.audio.samples import pcm_of

BABBLE_FRAMES = 500
LOWEST_HZ, HIGHEST_HZ = 50, 3999
"""The pitch of a tone on a phone: it is audible, and below half of the sample rate."""

# A syllable each fifth of a second, at the pitch of a calm voice.
_SYLLABLE_HZ = 5.0
_PITCH_HZ = 140.0
_VOICE_STEPS = 1024
_FORMANTS = ((1, 0.30), (2, 0.55), (4, 0.60), (7, 0.35), (11, 0.20))


@lru_cache(maxsize=32)
def tone(hz: int) -> tuple[bytes, ...]:
    """Give one second of a sine tone of whole hertz. It repeats without a seam."""
    step = 2 * pi * hz / SAMPLE_RATE_HZ
    return tuple(frames(_pcm(8000 * sin(step * sample) for sample in range(SAMPLE_RATE_HZ))))


@lru_cache(maxsize=32)
def noise(seed: int = 0) -> tuple[bytes, ...]:
    """Give two seconds of white noise."""
    dice = Random(seed)
    return tuple(frames(_pcm(dice.gauss(0, 1500) for _ in range(2 * SAMPLE_RATE_HZ))))


@lru_cache(maxsize=32)
def babble(seed: int = 0) -> tuple[bytes, ...]:
    """Give ten seconds with the rhythm of speech, without two equal frames.

    So a frame is recognised at the other end of a call, and its latency is known; see `exoswitch.sim.latency`.
    """
    dice = Random(seed)
    return tuple(frames(_pcm(_babble_samples(dice, BABBLE_FRAMES * FRAME_BYTES // 2))))


def frames(pcm: bytes) -> Iterator[bytes]:
    """Cut PCM into frames. Silence fills the last one."""
    for start in range(0, len(pcm), FRAME_BYTES):
        yield pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")


def _babble_samples(dice: Random, samples: int) -> Iterator[float]:
    per_syllable = int(SAMPLE_RATE_HZ / _SYLLABLE_HZ)
    places = (place / per_syllable for place in range(per_syllable))
    swell = [5 * place * exp(1 - 5 * place) for place in places]
    steps = range(_VOICE_STEPS)
    voice = [sum(weight * sin(2 * pi * order * step / _VOICE_STEPS) for order, weight in _FORMANTS) for step in steps]
    at, speed, loudness = 0.0, 0.0, 0.0
    for sample in range(samples):
        place = sample % per_syllable
        if place == 0:
            speed = _VOICE_STEPS * _PITCH_HZ * dice.uniform(0.8, 1.25) / SAMPLE_RATE_HZ
            loudness = 4500 * dice.choice((0.0, 0.5, 0.8, 1.0))
        at = (at + speed) % _VOICE_STEPS
        # Without the hiss the frames between words would be equal.
        yield loudness * swell[place] * voice[int(at)] + dice.gauss(0, 60)


def _pcm(samples: Iterator[float]) -> bytes:
    """Write samples as PCM; a sample beyond its range is the limit of it."""
    return pcm_of(max(-32768, min(32767, round(sample))) for sample in samples)
