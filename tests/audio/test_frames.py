"""Sounds cut into frames."""

from itertools import cycle, islice

from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.audio.frames import FRAME_SAMPLES, Loop


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=500), st.integers(1, 8))
def test_a_loop_of_any_length_repeats_without_a_seam(sound, ticks):
    loop = Loop(sound)
    frames = [loop.pop() for _ in range(ticks)]
    assert {len(frame) for frame in frames} == {FRAME_SAMPLES}
    assert b"".join(frames) == bytes(islice(cycle(sound), ticks * FRAME_SAMPLES))
