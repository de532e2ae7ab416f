"""Adapter: the files of a SQLite database: only their owner may read them, and this process must be the owner."""

import os
import pwd
import stat
from pathlib import Path

from exoswitch.errors import BackendUnavailable

Identity = tuple[int, int]

_BESIDE = ("", "-wal", "-shm")


def make_private(path: Path) -> Identity:
    """Make a file for its owner alone, or close an existing one, and the files beside it, to all others.

    An existing file is not opened: to close it again would release SQLite's own locks on it
    (https://www.sqlite.org/howtocorrupt.html §2.2).

    Raises:
        OSError: the file or its folder cannot be used.
        BackendUnavailable: the file belongs to another user; the message has the remedy.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        for suffix in _BESIDE:
            _close_to_others(path.with_name(path.name + suffix))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise not_writable(path.parent)
    return identity(path)


def identity(path: Path) -> Identity:
    """Give what distinguishes a file from another one of the same name.

    Raises:
        OSError: there is no such file.
        BackendUnavailable: it is a folder, or a pipe: SQLite would wait for its other end, and nothing could stop it.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BackendUnavailable(f"{path} is not a regular file")
    return status.st_dev, status.st_ino


def not_writable(path: Path) -> BackendUnavailable:
    """Give the error for a file or folder that exists and that this process may not write to, with the remedy."""
    me = _user(os.geteuid())
    owner = _user(path.stat().st_uid)
    remedy = f"chmod u+rwX {path}" if owner == me else f"chown {me} {path}"
    return BackendUnavailable(
        f"{path} belongs to user {owner}, and this program runs as {me}, who may not write to it. Run: {remedy}"
    )


def _close_to_others(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    if not os.access(path, os.R_OK | os.W_OK):
        raise not_writable(path)
    if status.st_mode & 0o077 and status.st_uid == os.geteuid():
        path.chmod(0o600)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
