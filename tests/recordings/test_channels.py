"""Two sides become one or two channels."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from exoswitch.recordings.channels import interleaved, mixed

samples = st.lists(st.tuples(st.integers(-32768, 32767), st.integers(-32768, 32767)), max_size=60)


def pcm(values):
    return array("h", values).tobytes()


@given(samples)
def test_mixed_sides_are_added_within_the_range_of_a_sample(pairs):
    left, right = pcm(one for one, _ in pairs), pcm(other for _, other in pairs)
    assert mixed(left, right) == pcm(max(-32768, min(32767, one + other)) for one, other in pairs)


@given(samples)
def test_interleaved_sides_are_left_and_right(pairs):
    left, right = pcm(one for one, _ in pairs), pcm(other for _, other in pairs)
    assert interleaved(left, right) == pcm(sample for pair in pairs for sample in pair)
