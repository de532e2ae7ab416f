import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.e2e.audio import (
    frequency_hz,
    has_tone,
    level_dbm0,
    silence,
    sounding_s,
    tone,
    tone_snr_db,
    ulaw_decoded,
    ulaw_encoded,
)


@pytest.mark.parametrize(("hz", "dbm0"), [(350, -3.0), (1004, -10.0), (3400, -20.0)])
def test_tone_measures_as_what_it_was_made(hz, dbm0):
    pcm = tone(hz, dbm0, 0.5)
    assert frequency_hz(pcm) == pytest.approx(hz, abs=1)
    assert level_dbm0(pcm) == pytest.approx(dbm0, abs=0.1)


def test_tone_survives_mu_law():
    pcm = ulaw_decoded(ulaw_encoded(tone(700, -10.0, 1.0)))
    assert level_dbm0(pcm) == pytest.approx(-10.0, abs=0.05)
    assert tone_snr_db(pcm, 700) > 35


def test_one_lost_packet_in_a_second_shows():
    pcm = tone(710, -10.0, 1.0)
    assert tone_snr_db(pcm[:8000] + pcm[8320:], 710) < 30


def test_tone_is_found_between_gaps_but_not_at_another_pitch_or_level():
    gapped = (tone(700, -9.1, 0.3) + silence(0.02)) * 3
    assert has_tone(gapped, 700, -9.1)
    assert not has_tone(gapped, 700.2, -9.1)
    assert not has_tone(gapped, 700, -8.5)
    assert not has_tone((tone(700, -9.1, 0.2) + silence(0.02)) * 4, 700, -9.1)


def test_full_scale_is_3_17_dbm0_and_silence_far_below():
    assert level_dbm0(tone(1000, 3.17, 1.0)) == pytest.approx(3.17, abs=0.01)
    assert level_dbm0(silence(1.0)) <= -90
    assert level_dbm0(b"") <= -90


def test_spans_of_sound_are_found_to_the_frame():
    pcm = silence(0.1) + tone(500, -10.0, 0.2) + silence(0.04) + tone(500, -10.0, 0.06)
    assert sounding_s(pcm) == [pytest.approx((0.1, 0.3)), pytest.approx((0.34, 0.4))]


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_mu_law_comes_back_from_pcm_as_it_was_but_for_the_two_zeros(data):
    assert ulaw_encoded(ulaw_decoded(data)) == data.replace(b"\x7f", b"\xff")
