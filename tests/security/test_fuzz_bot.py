"""Arbitrary bytes of a bot."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.wire import frame
from tests.security.fuzz_bot import MEDIA, SEEDS, one_input


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_breaks_no_rule(seed):
    one_input(seed)


PAYLOADS = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b'{"event":"clear"}', b'{"event":"mark","mark":{"name":"m"}}', MEDIA % b"AQID", MEDIA % b"A"]),
    st.integers(0, 200_000).map(lambda size: MEDIA % (b"AQID" * (size // 4))),
)
FRAMES = st.builds(frame, PAYLOADS, st.integers(0, 15), final=st.booleans())


@settings(deadline=None, max_examples=60)
@given(st.lists(FRAMES | st.binary(max_size=20) | st.sampled_from(SEEDS), max_size=6))
def test_arbitrary_frames_and_bytes_break_no_rule(parts):
    one_input(b"".join(parts))
