"""Arbitrary bytes on the HTTP port."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.fuzz_http import SEEDS, one_input


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_breaks_no_rule(seed):
    one_input(seed)


@st.composite
def mutated(draw):
    """Put arbitrary bytes, and pieces of other requests, into a request."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.integers(0, len(data))) for _ in range(2))
        other = draw(st.sampled_from(SEEDS))
        begin = draw(st.integers(0, len(other)))
        new = draw(st.one_of(st.binary(max_size=20), st.just(other[begin : begin + draw(st.integers(0, 200))])))
        data = data[:start] + new + data[end:]
    return data


@settings(deadline=None, max_examples=100)
@given(st.one_of(mutated(), st.binary(max_size=300)))
def test_arbitrary_bytes_break_no_rule(data):
    one_input(data)
