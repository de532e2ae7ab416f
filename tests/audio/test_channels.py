"""Two sides become one or two channels."""

from hypothesis import given
from hypothesis import strategies as st

from exoswitch.audio.channels import interleaved, mixed
from exoswitch.audio.samples import pcm_of

samples = st.lists(st.tuples(st.integers(-32768, 32767), st.integers(-32768, 32767)), max_size=60)


@given(samples)
def test_mixed_sides_are_added_within_the_range_of_a_sample(pairs):
    left, right = pcm_of(one for one, _ in pairs), pcm_of(other for _, other in pairs)
    assert mixed(left, right) == pcm_of(max(-32768, min(32767, one + other)) for one, other in pairs)


@given(samples)
def test_interleaved_sides_are_left_and_right(pairs):
    left, right = pcm_of(one for one, _ in pairs), pcm_of(other for _, other in pairs)
    assert interleaved(left, right) == pcm_of(sample for pair in pairs for sample in pair)
