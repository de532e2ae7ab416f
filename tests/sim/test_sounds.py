import pytest

from exoswitch.audio.g711 import ALAW, ULAW
from exoswitch.audio.samples import samples_of
from exoswitch.sim import sounds


@pytest.mark.parametrize("law", [ULAW, ALAW])
def test_all_frames_of_babble_differ_after_g711(law):
    heard = {law.decode(law.encode(frame)) for frame in sounds.babble()}
    assert len(heard) == sounds.BABBLE_FRAMES


@pytest.mark.parametrize("sound", [sounds.tone(440), sounds.noise(), sounds.babble()])
def test_sounds_are_whole_frames_and_do_not_clip(sound):
    assert {len(frame) for frame in sound} == {320}
    assert max(map(abs, samples_of(b"".join(sound)))) < 32767


def test_a_tone_repeats_without_a_seam():
    first, last = sounds.tone(440)[0], sounds.tone(440)[-1]
    assert first[:2] == b"\0\0"
    assert -3000 < int.from_bytes(last[-2:], "little", signed=True) < 0


def test_silence_fills_the_last_frame():
    assert list(sounds.frames(b"\1" * 400)) == [b"\1" * 320, b"\1" * 80 + bytes(240)]
