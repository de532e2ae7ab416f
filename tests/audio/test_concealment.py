"""Frames in place of lost ones, and frames that are left out."""

from itertools import pairwise
from math import cos, pi

from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.audio.concealment import Concealer, spliced
from exoswitch.audio.frames import FRAME_BYTES, FRAME_SAMPLES, SILENCE_PCM
from exoswitch.audio.samples import pcm_of, samples_of

LOUD = pcm_of([20_000, -20_000] * 80)


def test_the_last_frame_fades_evenly_over_three_frames():
    concealer = Concealer(LOUD)
    faded = b"".join(concealer.conceal() for _ in range(3))
    envelope = [abs(sample) for sample in samples_of(faded)]
    assert envelope[0] == 20_000
    assert envelope == sorted(envelope, reverse=True)
    assert envelope[-1] < 100


def test_silence_follows_the_fade():
    concealer = Concealer(LOUD)
    assert [concealer.conceal() for _ in range(6)][3:] == [SILENCE_PCM] * 3


def test_silence_conceals_a_loss_at_the_start():
    assert Concealer().conceal() is SILENCE_PCM


FRAME = st.binary(min_size=FRAME_BYTES, max_size=FRAME_BYTES)


def test_a_splice_begins_as_the_first_frame_and_ends_as_the_second():
    first, second = pcm_of([1000] * FRAME_SAMPLES), pcm_of([-1000] * FRAME_SAMPLES)
    whole = samples_of(spliced(first, second))
    assert whole[0] == 1000
    assert whole[FRAME_SAMPLES // 2] == 0
    assert whole[-1] < -980


def test_a_tone_that_loses_a_frame_does_not_click():
    tone = pcm_of(round(10_000 * cos(2 * pi * 425 * at / 8000)) for at in range(4 * FRAME_SAMPLES))
    before, first, second, after = (tone[at : at + FRAME_BYTES] for at in range(0, len(tone), FRAME_BYTES))
    steepest = max(abs(one - other) for one, other in pairwise(samples_of(tone)))
    heard = samples_of(before + spliced(first, second) + after)
    assert max(abs(one - other) for one, other in pairwise(heard)) <= steepest * 1.1
    cut = samples_of(before + second + after)
    assert max(abs(one - other) for one, other in pairwise(cut)) > steepest * 2


@settings(deadline=None, max_examples=30)
@given(FRAME, FRAME)
def test_a_splice_stays_between_its_two_frames(first, second):
    for one, other, made in zip(
        samples_of(first), samples_of(second), samples_of(spliced(first, second)), strict=True
    ):
        assert min(one, other) <= made <= max(one, other)


def test_silence_stays_silence():
    assert spliced(SILENCE_PCM, SILENCE_PCM) == SILENCE_PCM
