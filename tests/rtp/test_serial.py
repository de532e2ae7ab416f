"""Timestamps that wrap around."""

from hypothesis import given
from hypothesis import strategies as st

from exoswitch.rtp.serial import add_32, difference_32


def test_a_timestamp_after_the_wrap_is_ahead_of_one_before_it():
    assert difference_32(100, 2**32 - 60) == 160
    assert difference_32(2**32 - 60, 100) == -160


@given(st.integers(0, 2**32 - 1), st.integers(-(2**31), 2**31 - 1))
def test_the_difference_equals_the_added_amount(number, amount):
    assert difference_32(add_32(number, amount), number) == amount
