"""Port: the files that a configuration names: secrets, a sound, and certificates.

Only regular files are read, up to a limit: a FIFO could block the gateway, and a device may have no end.
"""

import os
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.audio.wav import read_wav
from exoswitch.config.kinds import Unreadable
from exoswitch.errors import InvalidValue

_LONGEST_S = 300
_LARGEST_BYTES = 2 * SAMPLE_RATE_HZ * _LONGEST_S + 64 * 1024  # with room for the other chunks of a WAV file
_LARGEST_CERTIFICATES = 4 * 1024 * 1024


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; it never waits.

    Raises:
        Unreadable: the file cannot be used; the text says why: "cannot be read: …".
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        file = os.fdopen(descriptor, "rb")
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise Unreadable("is not a regular file")
    return file


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Read a regular file.

    Raises:
        Unreadable: as `open_regular`, or the file is larger than `most_bytes`.
    """
    with open_regular(path) as file:
        try:
            data = file.read(most_bytes + 1)
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror}") from None
    if len(data) > most_bytes:
        raise Unreadable(f"is larger than {most_bytes // 1024} KiB")
    return data


def read_sound(path: str) -> bytes:
    """Read a sound as PCM: signed 16-bit little-endian mono at 8,000 Hz; an empty path gives no sound.

    Raises:
        Unreadable: the file cannot be used; the text says why.
    """
    if not path:
        return b""
    with _it(), open_regular(Path(path)) as file:
        data = file.read(_LARGEST_BYTES + 1)
    if len(data) > _LARGEST_BYTES:
        raise Unreadable(f"it is longer than {_LONGEST_S} s")
    try:
        pcm = read_wav(data)
    except InvalidValue as error:
        raise Unreadable(str(error)) from None
    if not pcm:
        raise Unreadable("it holds no sound")
    return pcm


def check_certificates(path: str) -> None:
    """Check that a file holds trusted certificates in PEM.

    Raises:
        Unreadable: it does not; the text says why.
    """
    with _it():
        read_regular(Path(path), _LARGEST_CERTIFICATES)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise Unreadable("it holds no PEM certificate, or a damaged one") from None
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None


@contextmanager
def _it() -> Iterator[None]:
    """Make a sentence of the text of an error."""
    try:
        yield
    except Unreadable as error:
        raise Unreadable(f"it {error}") from None
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
