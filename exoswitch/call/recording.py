"""Core: the recording of a call: what is asked for, and what there is of it."""

from typing import Literal

from attrs import frozen

RecordingChannels = Literal["single", "dual"]
"""One channel with both sides mixed, or two: the first leg on the left, the other side on the right."""

RecordingFormat = Literal["mp3", "mp3-hq", "wav"]
"""Exotel's two formats, and WAV."""


@frozen(kw_only=True)
class RecordingWish:
    """A call is to be recorded, from its answer to its end, in these channels and this format."""

    channels: RecordingChannels = "single"
    format: RecordingFormat = "mp3"

    @property
    def suffix(self) -> str:
        """The end of the file's name: ``mp3`` or ``wav``."""
        return "wav" if self.format == "wav" else "mp3"


@frozen(kw_only=True)
class Recorded:
    """The recording of a call that has ended.

    `seconds` is its length; 0 is none. `ended_early` is a sentence for the operator: why the recording ended before
    the call, or never began.
    """

    seconds: float
    ended_early: str | None = None
