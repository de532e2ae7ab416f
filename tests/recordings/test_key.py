"""The key that signs URLs is a file in the folder of recordings."""

import stat

import pytest

from exoswitch.recordings.key import make_key, read_key
from tests.harness.recordings import Desk, silence


def test_all_who_share_a_folder_have_one_key(tmp_path):
    folder = tmp_path / "recordings"
    assert read_key(folder) == b""
    first = make_key(folder)
    assert len(first) == 32
    assert make_key(folder) == read_key(folder) == first
    assert [path.name for path in folder.iterdir()] == [".signing-key"]
    assert stat.S_IMODE((folder / ".signing-key").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "not hex", "00", "ü" * 64])
def test_a_file_that_holds_no_key_gives_none(tmp_path, text):
    (tmp_path / ".signing-key").write_text(text)
    assert read_key(tmp_path) == b""


def test_the_first_recording_makes_the_key_and_a_restart_reads_it(tmp_path):
    desk = Desk(tmp_path / "recordings")
    assert desk.recorder.key == b""
    desk.record(silence(1), silence(1))
    assert len(desk.recorder.key) == 32
    assert Desk(tmp_path / "recordings").recorder.key == desk.recorder.key
