"""PCM becomes samples, and samples become PCM."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.audio import samples
from exoswitch.audio.samples import pcm_of, samples_of


def test_a_sample_is_two_bytes_with_the_low_byte_first():
    assert list(samples_of(b"\x01\x02\xff\xff\x00\x80")) == [0x0201, -1, -32768]


@given(st.lists(st.integers(-32768, 32767)))
def test_samples_are_the_same_after_the_way_through_pcm(values):
    assert list(samples_of(pcm_of(values))) == values


def test_half_a_sample_at_the_end_is_left_out():
    assert list(samples_of(b"\x01\x00\x02")) == [1]


def test_a_sample_beyond_16_bits_is_refused():
    with pytest.raises(OverflowError):
        pcm_of([32768])


def test_a_machine_of_the_other_byte_order_swaps_both_ways(monkeypatch):
    monkeypatch.setattr(samples, "byteorder", "big")
    assert list(samples_of(b"\x01\x02")) == [0x0102]
    assert pcm_of([0x0102]) == b"\x01\x02"
