"""Port: the files that a configuration names: a sound, and certificates."""

import ssl
from pathlib import Path

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.audio.wav import read_wav
from exoswitch.config.kinds import Unreadable
from exoswitch.errors import InvalidValue

_LONGEST_S = 300
_LARGEST_BYTES = 2 * SAMPLE_RATE_HZ * _LONGEST_S + 64 * 1024  # with room for the other chunks of a WAV file


def read_sound(path: str) -> bytes:
    """Read a sound as PCM: signed 16-bit little-endian mono at 8,000 Hz; an empty path gives no sound.

    Raises:
        Unreadable: the file cannot be used; the text says why.
    """
    if not path:
        return b""
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
        if len(data) > _LARGEST_BYTES:
            raise Unreadable(f"it is longer than {_LONGEST_S} s")
        pcm = read_wav(data)
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
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
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise Unreadable("it holds no PEM certificate, or a damaged one") from None
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
