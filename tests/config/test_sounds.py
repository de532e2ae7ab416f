"""The sound that a caller hears while his bot is lost."""

import pytest

from exoswitch.config import sounds
from exoswitch.config.kinds import Unreadable
from exoswitch.config.sounds import read_sound
from tests.audio.test_wav import wav

TONE = b"\1\2" * 800


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "wait.wav").write_bytes(wav(TONE))
    return tmp_path


def with_sound(good, name):
    return f"{good}calls: {{waiting_sound: {name}}}\n"


def test_a_sound_is_looked_for_beside_the_configuration_and_read(read, good, folder):
    config = read(with_sound(good, "wait.wav"))
    assert config.calls.waiting_sound == str(folder / "wait.wav")
    assert read_sound(config.calls.waiting_sound) == TONE


def test_no_name_is_no_sound(read, good):
    assert read_sound(read(with_sound(good, '""')).calls.waiting_sound) == b""


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"ID3 an MP3 file", "it is no WAV file of PCM (file does not start with RIFF id)"),
        (wav(TONE, rate_hz=44100, channels=2), "it has 2 channels of 16 bits at 44100 Hz; needed is 1 of 16 at 8000"),
        (wav(b""), "there is no sound in it"),
    ],
)
def test_a_file_that_is_no_such_sound_is_a_problem_with_its_remedy(problems, good, folder, data, fault):
    path = folder / "wait.wav"
    path.write_bytes(data)
    assert problems(with_sound(good, "wait.wav")) == {
        "calls.waiting_sound": f"names the file {path}, which cannot be used: {fault}"
    }


def test_a_file_that_is_not_there_is_told_once(problems, good):
    assert "cannot be read" in problems(with_sound(good, "nowhere.wav"))["calls.waiting_sound"]


def test_a_sound_is_not_read_without_a_bound(folder, monkeypatch):
    monkeypatch.setattr(sounds, "_LARGEST_BYTES", 500)
    with pytest.raises(Unreadable, match="longer than 300 s"):
        read_sound(str(folder / "wait.wav"))


def test_a_sound_that_has_gone_since_it_was_checked_is_an_error_of_ours(folder):
    with pytest.raises(Unreadable, match="cannot be read"):
        read_sound(str(folder / "gone.wav"))
