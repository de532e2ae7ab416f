"""Arbitrary datagrams on a call's RTP port."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.fuzz_rtp import SEEDS, one_input, raw, step

STEPS = st.one_of(
    st.builds(step, st.integers(-128, 127), st.integers(-32_768, 32_767), st.integers(0, 255), st.integers(0, 255)),
    st.builds(
        step,
        st.integers(-3, 3),
        st.integers(-400, 400),
        st.sampled_from([0, 0, 8, 13, 101, 128]),
        st.sampled_from([0, 1, 10, 20, 30, 60]),
        st.integers(0, 31).filter(lambda flags: not flags & 4),
    ),
    st.builds(raw, st.binary(max_size=200), st.integers(0, 31)),
)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_breaks_no_rule(seed):
    one_input(seed)


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.lists(STEPS, max_size=60).map(b"".join), st.binary(max_size=300)))
def test_arbitrary_datagrams_break_no_rule(data):
    one_input(data)
