"""A file is used by one process at a time; a second one learns which process that is."""

import errno
import fcntl
import os
import re
import socket
import subprocess
import sys
import time

import pytest

from exoswitch.errors import BackendUnavailable
from exoswitch.store.lock import FileLock, Locks, holder_of

HOLDER = f"gateway gw1, process {os.getpid()} on {socket.gethostname()}"


def lock(folder, name="calls.db.lock", owner="gateway gw1"):
    return FileLock(folder / name, f"sessions: the file {folder}/calls.db", owner)


def test_second_process_is_refused_and_told_who_has_the_file(tmp_path):
    first = lock(tmp_path)
    first.take()
    with pytest.raises(
        BackendUnavailable, match=rf"the file {tmp_path}/calls.db is in use by {re.escape(HOLDER)}\. Stop"
    ):
        lock(tmp_path, owner="gateway gw2").take()
    assert holder_of(first.path) == HOLDER
    first.release()


def test_lock_is_free_once_it_is_released(tmp_path):
    first, second = lock(tmp_path), lock(tmp_path)
    first.take()
    first.release()
    first.release()
    assert holder_of(first.path) == ""
    second.take()
    second.release()


def test_lock_of_a_killed_process_is_free_at_once(tmp_path):
    program = (
        "import os, pathlib, signal; from exoswitch.store.lock import FileLock; "
        f"FileLock(pathlib.Path({str(tmp_path)!r}) / 'lock', 'x', 'gateway gw1').take(); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    again = lock(tmp_path, "lock")
    again.take()
    again.release()


def test_locks_are_taken_together_or_not_at_all(tmp_path):
    taken = lock(tmp_path, "b")
    taken.take()
    locks = Locks([lock(tmp_path, "a"), lock(tmp_path, "b")])
    with pytest.raises(BackendUnavailable, match="in use"):
        locks.startService()
    assert holder_of(tmp_path / "a") == ""
    taken.release()
    locks.startService()
    assert holder_of(tmp_path / "a")
    locks.stopService()
    assert holder_of(tmp_path / "a") == ""


def test_folder_is_made_for_its_owner_alone_and_a_folder_that_cannot_be_made_is_named(tmp_path):
    made = lock(tmp_path / "journal", "lock")
    made.take()
    made.release()
    assert (tmp_path / "journal").stat().st_mode & 0o077 == 0
    (tmp_path / "file").write_text("")
    with pytest.raises(BackendUnavailable, match=r"cannot be used: .*file.*\. Choose a place"):
        lock(tmp_path / "file", "lock").take()


@pytest.mark.parametrize("name", ["lock", ""], ids=["file", "folder"])
def test_lock_of_another_user_has_its_owner_and_the_remedy(tmp_path, monkeypatch, name):
    (tmp_path / "lock").write_text("")
    foreign = tmp_path / name

    def refuse(path, *_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "access", lambda path, how: how == os.F_OK or str(path) != str(foreign))
    with pytest.raises(
        BackendUnavailable, match=rf"cannot be used: {foreign} belongs to user .* Run: ch\w+ .*{foreign}$"
    ):
        lock(tmp_path, "lock").take()


def test_nobody_holds_a_lock_that_does_not_exist(tmp_path):
    assert holder_of(tmp_path / "none") == ""


def test_process_that_asks_for_the_holder_does_not_keep_a_gateway_from_its_start(tmp_path, monkeypatch):
    asked = os.open(tmp_path / "calls.db.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(asked, fcntl.LOCK_SH)
    monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(asked, fcntl.LOCK_UN))
    again = lock(tmp_path)
    again.take()
    again.release()
    os.close(asked)
