"""The files that a configuration names."""

import os

import pytest
from cryptography import x509

from exoswitch.config import files
from exoswitch.config.files import check_certificates, read_sound
from exoswitch.config.kinds import Unreadable
from tests.audio.test_wav import wav
from tests.harness.certificates import certificate_pem

TONE = b"\1\2" * 800


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "wait.wav").write_bytes(wav(TONE))
    return tmp_path


def with_sound(good, name):
    return f"{good}calls: {{waiting_sound: {name}}}\n"


def test_a_sound_is_relative_to_the_configuration(read, good, folder):
    config = read(with_sound(good, "wait.wav"))
    assert config.calls.waiting_sound == str(folder / "wait.wav")
    assert read_sound(config.calls.waiting_sound) == TONE


def test_no_path_is_no_sound(read, good):
    assert read_sound(read(with_sound(good, '""')).calls.waiting_sound) == b""


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"ID3 an MP3 file", "it is not a WAV file of PCM (file does not start with RIFF id)"),
        (
            wav(TONE, rate_hz=44100, channels=2),
            "it has 2 channels of 16 bits at 44100 Hz; it must have 1 of 16 at 8000",
        ),
        (wav(b""), "it holds no sound"),
    ],
)
def test_a_file_of_another_kind_is_a_problem_of_waiting_sound(problems, good, folder, data, fault):
    path = folder / "wait.wav"
    path.write_bytes(data)
    assert problems(with_sound(good, "wait.wav")) == {
        "calls.waiting_sound": f"the file {path} cannot be used: {fault}"
    }


def test_a_missing_sound_is_one_problem(problems, good):
    assert "cannot be read" in problems(with_sound(good, "nowhere.wav"))["calls.waiting_sound"]


def test_a_sound_is_read_up_to_a_limit(folder, monkeypatch):
    monkeypatch.setattr(files, "_LARGEST_BYTES", 500)
    with pytest.raises(Unreadable, match="longer than 300 s"):
        read_sound(str(folder / "wait.wav"))


def test_a_sound_that_is_deleted_after_the_check_is_an_error_of_ours(folder):
    with pytest.raises(Unreadable, match="cannot be read"):
        read_sound(str(folder / "gone.wav"))


@pytest.mark.parametrize("read", [read_sound, check_certificates])
def test_a_fifo_and_a_device_are_refused_without_waiting(tmp_path, read):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", "/dev/zero"):
        with pytest.raises(Unreadable, match="it is not a regular file"):
            read(str(path))


def test_certificates_are_read_up_to_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_LARGEST_CERTIFICATES", 2048)
    (tmp_path / "ca.pem").write_bytes(b"x" * 4096)
    with pytest.raises(Unreadable, match="it is larger than 2 KiB"):
        check_certificates(str(tmp_path / "ca.pem"))


def test_certificates_in_pem_are_good(tmp_path):
    file = tmp_path / "ca.pem"
    file.write_bytes(b"Ours:\n" + certificate_pem(x509.DNSName("a"))[0] + certificate_pem(x509.DNSName("b"))[0])
    check_certificates(str(file))


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_without_certificates_is_refused(tmp_path, content):
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    with pytest.raises(Unreadable, match="it holds no PEM certificate"):
        check_certificates(str(file))


def test_certificates_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(Unreadable, match="it cannot be read: No such file"):
        check_certificates(str(tmp_path / "ca.pem"))
