"""The resampler against a reference filter and against tones: pass band, stop band and delay."""

import random
from itertools import pairwise, repeat
from math import ceil, cos, exp, log10, pi, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.audio.resample import REACH_SAMPLES, Resampler
from exoswitch.audio.samples import pcm_of, samples_of

UPWARD = [(8000, 16000), (8000, 24000)]
DOWNWARD = [(16000, 8000), (24000, 8000)]
PHONE_HZ = 8000
CHUNKS_PER_S = 50
LOUD = 10_000

both_ways = pytest.mark.parametrize(("from_hz", "to_hz"), UPWARD + DOWNWARD)
upward = pytest.mark.parametrize(("from_hz", "to_hz"), UPWARD)
downward = pytest.mark.parametrize(("from_hz", "to_hz"), DOWNWARD)


def tone(hz, rate_hz, count=None):
    return pcm_of([round(LOUD * sin(2 * pi * hz * n / rate_hz)) for n in range(count or rate_hz // 4)])


def chunks(pcm, sizes):
    """Cut into chunks of these sizes, in turn."""
    at = 0
    while at < len(pcm):
        size = 2 * next(sizes)
        yield pcm[at : at + size]
        at += size


def converted(pcm, from_hz, to_hz):
    resampler = Resampler(from_hz, to_hz)
    return resampler.feed(pcm) + resampler.flush()


def settled(pcm, rate_hz):
    """Give the 200 ms in the middle of 250 ms, away from both ends: whole periods of 100 Hz."""
    return samples_of(pcm)[rate_hz // 50 : rate_hz // 50 + rate_hz // 5]


def amplitude(samples, hz, rate_hz):
    """Give the level of one frequency with whole periods in these samples."""
    real = sum(sample * cos(2 * pi * hz * n / rate_hz) for n, sample in enumerate(samples))
    imaginary = sum(sample * sin(2 * pi * hz * n / rate_hz) for n, sample in enumerate(samples))
    return 2 * abs(complex(real, imaginary)) / len(samples)


def power(samples):
    return sum(sample**2 for sample in samples) / len(samples)


def decibels(ratio):
    return 20 * log10(max(ratio, 1e-9))


def signal_to_noise_db(samples, hz, rate_hz):
    signal = amplitude(samples, hz, rate_hz) ** 2 / 2
    return decibels(signal / max(power(samples) - signal, 1e-9)) / 2


SIZES = {
    "20 ms": lambda rate_hz: repeat(rate_hz // CHUNKS_PER_S),
    "random": lambda rate_hz: iter(random.Random(1).choices(range(400), k=rate_hz)),
    "one sample": lambda rate_hz: repeat(1),
}


@both_ways
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_a_tone_comes_through_clean_in_chunks_of_any_size(from_hz, to_hz, sizes):
    resampler = Resampler(from_hz, to_hz)
    pcm = b"".join(resampler.feed(chunk) for chunk in chunks(tone(1000, from_hz), sizes(from_hz)))
    assert signal_to_noise_db(settled(pcm, to_hz), 1000, to_hz) > 65  # the gateway's promise is 50


@both_ways
@settings(deadline=None, max_examples=25)
@given(
    samples=st.lists(st.sampled_from([-(2**15), -1, 0, 1, 777, 2**15 - 1]), max_size=300),
    sizes=st.lists(st.integers(0, 60), min_size=1),
)
def test_the_result_does_not_depend_on_the_chunks(from_hz, to_hz, samples, sizes):
    pcm, resampler = pcm_of(samples), Resampler(from_hz, to_hz)
    cut = [resampler.feed(chunk) for chunk in chunks(pcm, iter([*sizes, 300]))]
    assert b"".join(cut) + resampler.flush() == converted(pcm, from_hz, to_hz)


@both_ways
def test_a_long_message_is_converted_as_its_parts(from_hz, to_hz):
    pcm, resampler = tone(440, from_hz, from_hz + 1), Resampler(from_hz, to_hz)
    parts = b"".join(resampler.feed(chunk) for chunk in chunks(pcm, SIZES["20 ms"](from_hz)))
    assert Resampler(from_hz, to_hz).feed(pcm) == parts


@upward
def test_upward_every_chunk_gives_all_its_samples(from_hz, to_hz):
    resampler = Resampler(from_hz, to_hz)
    for samples in (160, 160, 1, 0, 1000, 7):
        assert len(resampler.feed(bytes(2 * samples))) == 2 * samples * to_hz // from_hz


@downward
@settings(deadline=None, max_examples=25)
@given(sizes=st.lists(st.integers(0, 500), max_size=6))
def test_downward_the_number_of_samples_is_rounded_up(from_hz, to_hz, sizes):
    resampler = Resampler(from_hz, to_hz)
    given_back = b"".join([*(resampler.feed(bytes(2 * size)) for size in sizes), resampler.flush()])
    assert len(given_back) == 2 * ceil(sum(sizes) * to_hz / from_hz)


@upward
def test_upward_the_delay_is_a_millisecond_and_a_half(from_hz, to_hz):
    click = samples_of(Resampler(from_hz, to_hz).feed(pcm_of([LOUD] + [0] * 159)))
    delay = click.index(LOUD)
    assert delay / to_hz == REACH_SAMPLES / from_hz == 0.0015
    assert click[: delay + 1] == click[delay : 2 * delay + 1][::-1]  # symmetric: every frequency has this delay


@downward
def test_downward_at_most_a_millisecond_and_a_half_is_held_back(from_hz, to_hz):
    resampler = Resampler(from_hz, to_hz)
    given_back = 0
    for fed in range(1, 1000):
        given_back += len(resampler.feed(bytes(2))) // 2
        assert fed / from_hz - given_back / to_hz <= 0.0015


@downward
def test_downward_the_audio_keeps_its_time(from_hz, to_hz):
    ratio = from_hz // to_hz
    click = samples_of(converted(pcm_of([0] * 50 * ratio + [LOUD] + [0] * 49 * ratio), from_hz, to_hz))
    assert click.index(max(click)) == 50


@both_ways
@pytest.mark.parametrize("hz", [100, 1000, 2000, 3000, 3400])
def test_the_phones_band_passes_unchanged(from_hz, to_hz, hz):
    passed = settled(converted(tone(hz, from_hz), from_hz, to_hz), to_hz)
    assert abs(decibels(amplitude(passed, hz, to_hz) / LOUD)) < 0.05
    assert signal_to_noise_db(passed, hz, to_hz) > 60  # images and rounding


@downward
@pytest.mark.parametrize("hz", [4600, 5000, 6000, 7000, 7900])
def test_tones_above_the_phones_band_leave_no_alias(from_hz, to_hz, hz):
    left = settled(converted(tone(hz, from_hz), from_hz, to_hz), to_hz)
    assert decibels((2 * power(left)) ** 0.5 / LOUD) < -57


def filter_taps(ratio):
    """Give the reference low pass at the higher rate. The window's Bessel function is an integral here."""

    def bessel(x):
        return sum(exp(x * cos(pi * (n + 0.5) / 200)) for n in range(200)) / 200

    def impulse(at):
        window = bessel(5.5 * (1 - (at / 12) ** 2) ** 0.5) / bessel(5.5)
        return window * (sin(pi * at) / (pi * at) if at else 1)

    return [impulse(n / ratio) for n in range(1 - 12 * ratio, 12 * ratio)]


def convolved(samples, taps):
    """Give the convolution centred on each sample. Outside there is silence."""
    half = len(taps) // 2
    padded = [*[0] * half, *samples, *[0] * half]
    return [sum(map(float.__mul__, taps, map(float, padded[n : n + len(taps)]))) for n in range(len(samples))]


def clipped(values):
    return [min(max(value, -(2**15)), 2**15 - 1) for value in values]


UTMOST = st.lists(st.sampled_from([-(2**15), 2**15 - 1, 0, 4321]), min_size=1, max_size=70)


@downward
@settings(deadline=None, max_examples=10)
@given(samples=UTMOST)
def test_downward_is_the_convolution_clipped_at_full_scale(from_hz, to_hz, samples):
    ratio = from_hz // to_hz
    expected = clipped(value / ratio for value in convolved(samples, filter_taps(ratio))[::ratio])
    assert samples_of(converted(pcm_of(samples), from_hz, to_hz)) == pytest.approx(expected, abs=50)


@upward
@settings(deadline=None, max_examples=10)
@given(samples=UTMOST)
def test_upward_is_the_convolution_clipped_at_full_scale(from_hz, to_hz, samples):
    ratio = to_hz // from_hz
    stretched = [value for sample in samples for value in (sample, *[0] * (ratio - 1))]
    expected = clipped(convolved(stretched, filter_taps(ratio)))
    delayed = samples_of(converted(pcm_of(samples), from_hz, to_hz))[REACH_SAMPLES * ratio :]
    assert delayed == pytest.approx(expected, abs=50)


@both_ways
def test_a_full_scale_square_wave_does_not_wrap_around(from_hz, to_hz):
    half_wave = from_hz // 500
    square = samples_of(converted(pcm_of(([2**15 - 1] * half_wave + [-(2**15)] * half_wave) * 20), from_hz, to_hz))
    ends = REACH_SAMPLES * to_hz // from_hz
    changes = [before for before, after in pairwise(square[ends:-ends]) if before * after < 0]
    assert max(square) == 2**15 - 1
    assert min(square) == -(2**15)
    assert len(changes) <= 40


@both_ways
def test_the_largest_possible_sum_does_not_overflow(from_hz, to_hz):
    """Samples with the signs of their taps make the largest sum, once of each sign."""
    ratio = max(from_hz, to_hz) // PHONE_HZ
    taps = filter_taps(ratio)[:: 1 if from_hz > to_hz else ratio]
    for peak in (2**15 - 1, -(2**15)):
        worst = [peak if tap > 0 else -1 - peak for tap in taps]
        turned = samples_of(converted(pcm_of([0] * 30 * ratio + worst + [0] * 30 * ratio), from_hz, to_hz))
        assert peak in turned


@downward
def test_a_sum_is_rounded_to_the_nearest_sample(from_hz, to_hz):
    ratio = from_hz // to_hz  # half of 1, and a third of 2
    assert converted(pcm_of([ratio - 1]), from_hz, to_hz) == pcm_of([1])


@both_ways
def test_silence_stays_silence(from_hz, to_hz):
    assert not any(converted(bytes(2 * from_hz), from_hz, to_hz))


@both_ways
def test_after_a_flush_a_new_stream_begins(from_hz, to_hz):
    resampler, speech = Resampler(from_hz, to_hz), tone(300, from_hz, 500)
    first = resampler.feed(speech) + resampler.flush()
    assert resampler.flush() == b""
    assert resampler.feed(speech) + resampler.flush() == first


@both_ways
def test_the_last_sample_is_not_lost(from_hz, to_hz):
    resampler = Resampler(from_hz, to_hz)
    resampler.feed(pcm_of([0] * 239 + [LOUD]))
    assert max(samples_of(resampler.flush())) > LOUD / 10


@both_ways
def test_no_samples_give_no_samples(from_hz, to_hz):
    assert Resampler(from_hz, to_hz).feed(b"") == Resampler(from_hz, to_hz).flush() == b""


@upward
def test_up_and_down_again_gives_the_same_audio(from_hz, to_hz):
    speech = tone(1300, from_hz)
    again = samples_of(converted(Resampler(from_hz, to_hz).feed(speech), to_hz, from_hz))
    worst = max(abs(a - b) for a, b in zip(samples_of(speech)[100:1800], again[112:1812], strict=True))
    assert worst < LOUD / 1000


@pytest.mark.parametrize("rates", [(8000, 8000), (8000, 32000), (8000, 11025), (0, 0), (-8000, -16000)])
def test_other_ratios_are_refused_by_name(rates):
    with pytest.raises(ValueError, match=f"cannot convert {rates[0]} Hz to {rates[1]} Hz"):
        Resampler(*rates)
