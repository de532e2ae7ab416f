"""Adapter: the place of the control socket: a name in a folder, however long the folder's path is.

The address of a UNIX socket has at most 107 bytes (unix(7)), and the path of a folder may be longer. An open folder
has a short path too: ``/proc/self/fd/NUMBER``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exoswitch.control.messages import SOCKET


@contextmanager
def place_of(folder: Path) -> Iterator[str]:
    """Give the address of the socket in a folder, as long as the folder is open.

    Raises:
        OSError: there is no such folder, or it may not be entered.
    """
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{opened}/{SOCKET}"
    finally:
        os.close(opened)
