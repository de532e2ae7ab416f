"""Arbitrary texts of a caller in Asterisk's events."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.fuzz_ami import LEG, SEEDS, VICTIM, one_input

PIECES = st.one_of(
    st.sampled_from([b"\r\n", b"\r\n\r\n", b"\n", b"\r", b": ", b"\0", VICTIM.encode(), LEG.encode(), b"16", b"5"]),
    st.sampled_from(
        [
            f"{kind}: {name}".encode()
            for kind, name in (
                *(
                    ("Event", name)
                    for name in ("Hangup", "VarSet", "DTMFEnd", "AsyncAGIExec", "DialEnd", "FullyBooted")
                ),
                *(("Response", "Success"), ("EventList", "Complete"), ("Direction", "Received")),
                *((name, VICTIM) for name in ("Uniqueid", "Linkedid", "DestUniqueid", "ActionID")),
                *(("Channel", LEG), ("Variable", "UNICASTRTP_LOCAL_PORT"), ("Variable", "UNICASTRTP_LOCAL_ADDRESS")),
                *(("Value", "6.6.6.6"), ("Value", "666"), ("Digit", "5"), ("Cause", "16")),
            )
        ]
    ),
    st.binary(max_size=12),
)
CALLERS = st.builds(lambda flags, pieces: bytes([flags]) + b"".join(pieces), st.integers(0, 255), st.lists(PIECES))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_breaks_no_rule(seed):
    one_input(seed)


@settings(deadline=None, max_examples=100)
@given(st.one_of(CALLERS, st.binary(max_size=300)))
def test_arbitrary_texts_of_a_caller_break_no_rule(data):
    one_input(data)
