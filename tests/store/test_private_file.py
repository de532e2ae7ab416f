"""The files of a SQLite database belong to this process's user, and no other user may read them."""

import os
import pwd
import stat

import pytest

from exoswitch.errors import BackendUnavailable
from exoswitch.store.private_file import identity, make_private, not_writable


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_new_file_is_for_its_owner_alone(tmp_path):
    make_private(tmp_path / "calls.db")
    assert mode(tmp_path / "calls.db") == 0o600


def test_existing_files_that_others_may_read_are_closed_to_them(tmp_path):
    files = [tmp_path / f"calls.db{suffix}" for suffix in ("", "-wal", "-shm")]
    for file in files:
        file.write_bytes(b"")
        file.chmod(0o644)
    make_private(files[0])
    assert {mode(file) for file in files} == {0o600}


@pytest.mark.parametrize("name", ["calls.db", "calls.db-wal", ""])
def test_file_of_another_user_is_an_error_with_its_owner_and_the_remedy(tmp_path, monkeypatch, name):
    (tmp_path / "calls.db").write_bytes(b"")
    foreign = tmp_path / name
    if name:
        foreign.write_bytes(b"")
    really = os.access
    monkeypatch.setattr(os, "access", lambda path, how: str(path) != str(foreign) and really(path, how))
    owner = pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setattr(os, "geteuid", lambda: 65_534)
    me = pwd.getpwuid(65_534).pw_name
    with pytest.raises(BackendUnavailable) as caught:
        make_private(tmp_path / "calls.db")
    assert str(caught.value) == (
        f"{foreign} belongs to user {owner}, and this program runs as {me}, who may not write to it. "
        f"Run: chown {me} {foreign}"
    )


def test_owner_who_may_not_write_is_told_to_change_the_mode(tmp_path):
    assert str(not_writable(tmp_path)).endswith(f"Run: chmod u+rwX {tmp_path}")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_pipe_or_folder_is_refused(tmp_path, make):
    make(tmp_path / "calls.db")
    for use in (make_private, identity):
        with pytest.raises(BackendUnavailable, match=r"calls\.db is not a regular file"):
            use(tmp_path / "calls.db")
