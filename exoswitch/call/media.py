"""Core: values about one call's media: how the caller's audio becomes messages, and what was counted."""

from typing import Protocol

from attrs import frozen


@frozen(kw_only=True)
class MediaEncoding:
    """How a media plane writes the caller's audio as whole messages of a stream.

    `template` is the text of one message, for Python's `%` with four values: the message's number in the stream, its
    number among the media messages, its time in ms, and its audio in base64. A message holds `frames` frames of
    20 ms, resampled to `sample_rate_hz`. Its time is the end of its audio in the stream; with `from_zero`, the start.
    """

    template: bytes
    sample_rate_hz: int
    frames: int = 1
    from_zero: bool = False


class MediaMessages(Protocol):
    """The messages of one stream: a media plane writes those with audio, the stream writes the others.

    It can be used until the leg is closed, also after the stream was detached.
    """

    def next_number(self) -> int:
        """Number a message that the stream writes; all messages of a stream share one count."""

    def hold(self) -> None:
        """Hold the audio that comes from now on: the newest two seconds; older audio is dropped."""

    def release(self) -> bytes | None:
        """Give the oldest held audio as a message; with none left, give None and let audio flow again."""

    def take_dropped_ms(self) -> int:
        """Give how much held audio was dropped since the last call of this method."""


class RecordingSink(Protocol):
    """Takes the audio of a recorded call, both sides in time with each other."""

    def take(self, said: bytes, played: bytes) -> None:
        """Take what the caller said, and what was played to the caller meanwhile: PCM of the same length."""


@frozen(kw_only=True)
class MediaStatistics:
    """Counts of a call's audio, in 20 ms packets or frames unless the name says otherwise.

    `lost` and `concealed` are of the caller's audio. `overflowed_ms` is the bot's audio that was dropped because the
    playout queue was full.
    """

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicate: int = 0
    malformed: int = 0
    foreign: int = 0
    concealed: int = 0
    sent: int = 0
    underruns: int = 0
    overflowed_ms: int = 0
    jitter_ms: float = 0.0
