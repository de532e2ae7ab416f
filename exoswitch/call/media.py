"""Core: values about one call's media: how the caller's audio becomes messages, and what was counted."""

from typing import Protocol

from attrs import frozen


@frozen(kw_only=True)
class MediaEncoding:
    """How a media plane writes the caller's audio as whole messages of a stream.

    `template` is the text of one message, for Python's `%` with four values: the message's number in the stream, its
    number among the media messages, its time in ms, and its audio in base64. A message holds `frames` frames of
    20 ms, resampled to `sample_rate_hz`. Its time is the end of its audio in the stream; with `from_zero`, the start.
    `first_number` is the number of the stream's first message after it was attached.
    """

    template: bytes
    sample_rate_hz: int
    frames: int = 1
    from_zero: bool = False
    first_number: int = 1


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


class ServedSocket(Protocol):
    """A stream's TCP socket while a media plane reads and writes it, in its ticks.

    The plane writes the caller's audio as whole frames of a WebSocket. It plays media messages of a known form at
    once. Every other frame waits for the stream, with all bytes behind it, until the stream has read it.
    """

    def read(self) -> bytes | None:
        """Take the bytes that wait for the stream; None: take the socket back, which is full or has ended."""

    def go_on(self, form: tuple[bytes, bytes] | None) -> bool:
        """Take notice of the bytes behind those that were read; say whether there is more to read.

        `form` is the JSON around the audio of the bot's media messages, which has no backslash. With None, all
        frames wait for the stream: it must be so inside a fragmented message.
        """

    def write(self, data: bytes) -> bool:
        """Send whole frames, behind those of the plane; False: take the socket back, which is full or has ended."""

    def take_back(self) -> tuple[bytes, bytes]:
        """End the plane's use of the socket; give the bytes that are not read yet, and those that are not sent.

        Those of TLS stay in its engine.
        """


class SocketOwner(Protocol):
    """The stream whose socket a media plane serves."""

    def socket_waits(self) -> None:
        """Call `read` of the served socket."""

    def take_socket_back(self) -> None:
        """Take the socket back: the plane's leg serves this stream no longer."""


class RecordingSink(Protocol):
    """Takes the audio of a recorded call, both sides in time with each other."""

    def take(self, said: bytes, played: bytes) -> None:
        """Take what the caller said, and what was played to the caller meanwhile: PCM of the same length."""


@frozen(kw_only=True)
class MediaStatistics:
    """Counts of a call's audio, in 20 ms packets or frames unless the name says otherwise.

    `lost`, `concealed` and `skipped` are of the caller's audio; `skipped` frames were left out because the delay of
    the jitter buffer was too long. `overflowed_ms` is the bot's audio that was dropped because the playout queue was
    full.
    """

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicate: int = 0
    malformed: int = 0
    foreign: int = 0
    concealed: int = 0
    skipped: int = 0
    sent: int = 0
    underruns: int = 0
    overflowed_ms: int = 0
    jitter_ms: float = 0.0
