"""Frames made up for those that did not come."""

import struct

from exoswitch.audio.concealment import Concealer
from exoswitch.audio.frames import FRAME_SAMPLES, SILENCE_PCM

LOUD = struct.pack("<160h", *([20_000, -20_000] * 80))


def test_the_last_frame_fades_evenly_over_three_frames():
    concealer = Concealer(LOUD)
    faded = b"".join(concealer.conceal() for _ in range(3))
    envelope = [abs(sample) for sample in struct.unpack(f"<{3 * FRAME_SAMPLES}h", faded)]
    assert envelope[0] == 20_000
    assert envelope == sorted(envelope, reverse=True)
    assert envelope[-1] < 100


def test_silence_follows_the_fade():
    concealer = Concealer(LOUD)
    assert [concealer.conceal() for _ in range(6)][3:] == [SILENCE_PCM] * 3


def test_there_is_silence_where_nothing_was_heard_yet():
    assert Concealer().conceal() is SILENCE_PCM
