"""The part of a file that a Range header asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.web.ranges import RangeNotSatisfiable, read_range


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("bytes=0-", range(100)),
        ("bytes=0-0", range(1)),
        ("bytes=10-19", range(10, 20)),
        ("bytes=90-999", range(90, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-999", range(100)),
        ("", None),
        ("bytes=-", None),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("lines=1-2", None),
        ("bytes=a-b", None),
    ],
)
def test_a_range_is_read_and_what_is_none_is_ignored(text, part):
    assert read_range(text, 100) == part


@pytest.mark.parametrize(
    ("text", "size"), [("bytes=100-", 100), ("bytes=500-600", 100), ("bytes=-0", 100), ("bytes=0-", 0)]
)
def test_a_range_outside_of_the_file_cannot_be_satisfied(text, size):
    with pytest.raises(RangeNotSatisfiable):
        read_range(text, size)


@given(st.text(alphabet="bytes=0123456789-, ", max_size=30), st.integers(0, 1000))
def test_every_part_lies_in_the_file(text, size):
    try:
        part = read_range(text, size)
    except RangeNotSatisfiable:
        return
    assert part is None or 0 <= part.start < part.stop <= size
