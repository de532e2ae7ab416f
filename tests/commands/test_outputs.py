import pytest

from exoswitch.commands.outputs import check
from exoswitch.errors import InvalidValue


def test_a_check_leaves_no_new_file_and_keeps_an_old_one(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("kept")
    check([("--json", old), ("--junit", new), ("--save", None)])
    assert (old.read_text(), new.exists()) == ("kept", False)


def test_one_file_for_two_options_is_refused(tmp_path):
    with pytest.raises(InvalidValue, match=r"--junit: .* is also the file of --json"):
        check([("--json", tmp_path / "told"), ("--junit", tmp_path / "told")])


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(InvalidValue, match=r"--json: .* cannot be written: Is a directory"):
        check([("--json", tmp_path)])
