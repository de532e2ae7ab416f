"""Port: the sounds that a configuration names, read from their files."""

from pathlib import Path

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.audio.wav import read_wav
from exoswitch.config.kinds import Unreadable
from exoswitch.errors import InvalidRequest

_LONGEST_S = 300
_LARGEST_BYTES = 2 * SAMPLE_RATE_HZ * _LONGEST_S + 64 * 1024  # with room for what a WAV file says of itself


def read_sound(path: str) -> bytes:
    """Read a sound as PCM: signed 16-bit little-endian mono at 8,000 Hz; an empty path gives none.

    Raises:
        Unreadable: the file cannot be used; the text says why.
    """
    if not path:
        return b""
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST_BYTES:
        raise Unreadable(f"it is longer than {_LONGEST_S} s")
    try:
        pcm = read_wav(data)
    except InvalidRequest as error:
        raise Unreadable(str(error)) from None
    if not pcm:
        raise Unreadable("there is no sound in it")
    return pcm
