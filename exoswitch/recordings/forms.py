"""Core: the form of a recording's file: from what is asked for, or from the file itself."""

from typing import Protocol

from exoswitch.call.recording import RecordingWish
from exoswitch.recordings.mp3 import FORMATS, Mp3Format
from exoswitch.recordings.wav import WavFormat

HEAD_BYTES = 64
"""So much of a file tells its form."""


class Form(Protocol):
    """The form of a file, which tells its length by its size."""

    @property
    def channels(self) -> int:
        """One or two."""

    @property
    def skipped_bytes(self) -> int:
        """The size of the header, which a file of several parts has once."""

    def whole_bytes(self, size: int) -> int:
        """Give the size without a sample or frame that is cut off."""

    def seconds(self, size: int) -> float:
        """Give the length of a file of this size."""

    def finished_head(self, size: int) -> bytes:
        """Give the header of a finished file of this size."""


def form_of(head: bytes) -> Form | None:
    """Read the form of a file from its beginning; None if it has none of ours."""
    return WavFormat.of_head(head) or Mp3Format.of_head(head)


def form_of_wish(wish: RecordingWish) -> Form:
    """Give the form of a new file; a word of a later version is taken for the usual one."""
    channels = 2 if wish.channels == "dual" else 1
    if wish.suffix == "wav":
        return WavFormat(channels)
    usual = FORMATS["mp3", "single" if channels == 1 else "dual"]
    return FORMATS.get((wish.format, wish.channels), usual)
