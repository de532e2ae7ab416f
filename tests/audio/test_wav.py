"""Sound files."""

import wave
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exoswitch.audio.wav import read_wav, write_wav
from exoswitch.errors import InvalidValue


def wav(pcm, *, rate_hz=8000, channels=1, width=2):
    file = BytesIO()
    with wave.open(file, "wb") as output:
        output.setnchannels(channels)
        output.setsampwidth(width)
        output.setframerate(rate_hz)
        output.writeframes(pcm)
    return file.getvalue()


GOOD = wav(b"\1\2" * 160)


def test_a_wav_file_is_read_back():
    assert read_wav(GOOD) == b"\1\2" * 160


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a WAV file of PCM (it ends too early)"),
        (b"RIFF", "not a WAV file of PCM"),
        (b"nonsense" * 10, "does not start with RIFF"),
        (GOOD[:20] + b"\6" + GOOD[21:], "unknown format: 6"),  # A-law, which many a telephone recording is
        (wav(b"", rate_hz=16000), "it has 1 channel of 16 bits at 16000 Hz; it must have 1 of 16 at 8000"),
        (wav(b"", channels=2), "it has 2 channels"),
        (wav(b"", width=1), "of 8 bits"),
    ],
)
def test_a_file_of_another_format_is_refused_with_the_reason(data, words):
    with pytest.raises(InvalidValue) as refused:
        read_wav(data)
    assert words in str(refused.value)


def test_a_truncated_file_gives_whole_samples():
    assert read_wav(GOOD[:-3]) == b"\1\2" * 158


@settings(deadline=None, max_examples=100)
@example(at=35, noise=bytes(6))  # a chunk that reaches beyond the file
@given(st.integers(0, len(GOOD)), st.binary(max_size=8))
def test_any_bytes_are_read_or_refused(at, noise):
    with suppress(InvalidValue):
        assert len(read_wav(GOOD[:at] + noise + GOOD[at + len(noise) :])) % 2 == 0


def test_a_recording_has_a_channel_for_each_side_and_silence_fills_the_shorter():
    with wave.open(BytesIO(write_wav(b"\1\0\2\0", b"\3\0"))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        assert file.readframes(10) == b"\1\0\3\0\2\0\0\0"
