from statistics import median

import pytest

from exoswitch.audio.frames import SILENCE_PCM
from exoswitch.certify.hearing import is_audible, zero_crossings
from exoswitch.sim.sounds import babble, tone
from tests.harness.certify_seen import TONE


def test_silence_and_line_noise_are_not_audible():
    assert not is_audible(b"")
    assert not is_audible(SILENCE_PCM)
    assert not is_audible(b"\xf0\x00" * 160)
    assert is_audible(b"\x00\x02" + SILENCE_PCM)
    assert is_audible(b"\x00\xfe" + SILENCE_PCM)
    assert is_audible(TONE[0])


@pytest.mark.parametrize("hz", [250, 410, 1030])
def test_a_tone_crosses_zero_twice_in_each_period(hz):
    assert sum(map(zero_crossings, tone(hz))) == pytest.approx(2 * hz, rel=0.15)


def test_two_voices_with_other_words_have_the_same_pitch():
    one, other = ([zero_crossings(frame) for frame in babble(seed) if is_audible(frame)] for seed in (1, 2))
    assert median(one) == pytest.approx(median(other), rel=0.2)


def test_half_a_sample_and_no_sample_have_no_pitch():
    assert (zero_crossings(b""), zero_crossings(b"\1")) == (0, 0)
