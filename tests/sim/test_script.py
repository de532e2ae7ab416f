from contextlib import suppress
from itertools import islice
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.audio.frames import SILENCE_PCM
from exoswitch.audio.wav import write_wav
from exoswitch.errors import InvalidValue
from exoswitch.sim import sounds
from exoswitch.sim.script import (
    Answer,
    DeadTrunk,
    HangUp,
    Heard,
    Press,
    Refuse,
    Ring,
    Script,
    Speak,
    parse_script,
    play,
)


def played(text, ticks):
    return list(islice(play(parse_script(text)), ticks))


def test_a_script_is_read_from_words():
    script = parse_script("answer-after=0.5 tone=440,2 digits=12# silence=1 hangup")
    assert script.reception == Answer(0.5)
    assert script.steps == (Speak(sounds.tone(440), 2.0), Press("12#"), Speak((SILENCE_PCM,), 1.0), HangUp())
    assert script.hang_up_after_s == inf


@pytest.mark.parametrize(
    ("text", "reception"),
    [
        ("", Answer()),
        ("answer", Answer()),
        ("busy", Refuse(486)),
        ("busy-after=2", Refuse(486, 2.0, Heard.RINGING)),
        ("congestion", Refuse(503)),
        ("unavailable", Refuse(480)),
        ("refuse=403", Refuse(403)),
        ("refuse=480,1.5", Refuse(480, 1.5)),
        ("refuse-ringing=480,8", Refuse(480, 8.0, Heard.RINGING)),
        ("refuse-announced=480,13.7", Refuse(480, 13.7, Heard.ANNOUNCEMENT)),
        ("silent", Refuse(408, 6.4)),
        ("no-answer", Ring()),
        ("dead", DeadTrunk()),
    ],
)
def test_a_script_chooses_the_reception_of_the_call(text, reception):
    assert parse_script(text).reception == reception


@pytest.mark.parametrize(
    "word", ["sing=440", "answr", "tone", "tone=high", "tone=9000", "digits=", "digits=1x", "refuse", "refuse=200"]
)
def test_a_wrong_word_is_named_in_the_error(word):
    with pytest.raises(InvalidValue, match=f"script: .*{word.partition('=')[0]}"):
        parse_script(f"answer {word}")


@pytest.mark.parametrize("value", ["soon", "-1", "nan"])
def test_a_wrong_number_of_seconds_is_refused(value):
    with pytest.raises(InvalidValue, match=value):
        parse_script(f"silence={value}")


def test_the_error_of_an_unknown_word_lists_the_known_words():
    with pytest.raises(InvalidValue, match=r"answer-after.*babble.*hangup.*wav"):
        parse_script("sing")


@settings(max_examples=30, deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text):
    with suppress(InvalidValue):
        parse_script(text)


def test_a_wav_file_is_read_by_the_given_reader():
    files = {"hello.wav": write_wav(b"", b"")}
    with pytest.raises(InvalidValue, match="2 channels"):
        parse_script("wav=hello.wav", files.__getitem__)
    with pytest.raises(InvalidValue, match="needs files"):
        parse_script("wav=hello.wav")


def test_sounds_last_as_long_as_the_script_says():
    moments = played("tone=440,0.1", 8)
    assert [moment.pcm for moment in moments] == [*sounds.tone(440)[:5], *[SILENCE_PCM] * 3]


def test_a_sound_without_a_length_does_not_end():
    assert played("babble", 501)[-1].pcm == sounds.babble()[0]


def test_keys_are_released_in_order():
    pressed = [(number, moment.digit) for number, moment in enumerate(played("digits=1#", 30)) if moment.digit]
    assert pressed == [(4, "1"), (14, "#")]


def test_the_person_hangs_up_once():
    moments = played("silence=0.04 hangup", 10)
    assert [moment.hangs_up for moment in moments] == [False, False, True] + [False] * 7


def test_the_person_can_hang_up_in_the_middle_of_a_sound():
    moments = played("tone=440 hangup-after=0.1", 10)
    assert [moment.hangs_up for moment in moments].index(True) == 5


def test_a_script_that_does_not_hang_up_waits():
    assert set(islice(play(Script()), 50)) == {(SILENCE_PCM, "", False)}
