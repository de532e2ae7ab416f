"""Adapter: a lock on a file, held by one process at a time; the file says which one.

The operating system releases the lock when the process ends, however it ends. A gateway that was killed can start
again at once.
"""

import fcntl
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import define, field
from twisted.application.service import Service

from exoswitch.errors import BackendUnavailable
from exoswitch.store.private_file import not_writable

_OWNER_MAX = 500
_ATTEMPTS, _PAUSE_S = 5, 0.02


@define
class FileLock:
    """A lock at `path`, for what `subject` names; `owner` and the process are written into it, for others."""

    path: Path
    subject: str
    owner: str
    _file: int | None = field(default=None, init=False)

    def take(self) -> None:
        """Take the lock, and make its file if it is missing.

        Raises:
            BackendUnavailable: another process has it, or the file cannot be written; the message says who and why.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        if not _locked(file):
            holder = os.read(file, _OWNER_MAX).decode(errors="replace").strip() or "another process"
            os.close(file)
            remedy = "Stop the other gateway, or give this one a file and a folder of its own."
            raise BackendUnavailable(f"{self.subject} is in use by {holder}. {remedy}")
        self._file = file
        os.ftruncate(file, 0)
        os.write(file, f"{self.owner}, process {os.getpid()} on {socket.gethostname()}\n".encode())

    def _unusable(self, error: OSError) -> BackendUnavailable:
        """Say what of the lock's path cannot be used, and what to do."""
        parts = (self.path, self.path.parent) if isinstance(error, PermissionError) else ()
        for part in parts:
            if os.access(part, os.F_OK) and not os.access(part, os.R_OK | os.W_OK):
                return BackendUnavailable(f"{self.subject} cannot be used: {not_writable(part)}")
        remedy = "Choose a place that the user of this program may write to."
        return BackendUnavailable(f"{self.subject} cannot be used: {error.filename}: {error.strerror}. {remedy}")

    def release(self) -> None:
        """Release the lock; the file stays, because another process may wait for it."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


def _locked(file: int) -> bool:
    """Lock a file; try several times, because a process that asks for the holder has the lock for microseconds."""
    for attempt in range(_ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if attempt < _ATTEMPTS - 1:
                time.sleep(_PAUSE_S)
        else:
            return True
    return False


def holder_of(path: Path) -> str:
    """Give who holds the lock at a path; an empty text if nobody does."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.read(file, _OWNER_MAX).decode(errors="replace").strip() or "another process"
    finally:
        os.close(file)
    return ""


class Locks(Service):
    """Holds locks from its start to its stop."""

    def __init__(self, locks: Sequence[FileLock]) -> None:
        self._locks = locks

    def startService(self) -> None:
        """Take all locks.

        Raises:
            BackendUnavailable: one of them cannot be taken; none is held.
        """
        try:
            for lock in self._locks:
                lock.take()
        except BackendUnavailable:
            self.stopService()
            raise

    def stopService(self) -> None:
        """Release all locks."""
        for lock in self._locks:
            lock.release()
