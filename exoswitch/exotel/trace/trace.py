"""Core: the trace of one stream to a bot: all messages and events with their times, from the attempt to the close.

Times are in milliseconds since the attempt to reach the bot began. The bytes of a message are kept, but its audio may
be left out.
"""

import json
from typing import Any

from attrs import field, frozen

from exoswitch import __version__
from exoswitch.call.session import Direction
from exoswitch.call.stream_options import ClearGranularity, MarksOnClear
from exoswitch.call.stream_start import StreamStart
from exoswitch.errors import ExoswitchError
from exoswitch.exotel.stream.messages import BotMedia, BotMessage, BotMessageReader
from exoswitch.exotel.stream.observer import Side

FORMAT = 1
"""The version of the file format; a reader refuses others."""


class TraceError(ExoswitchError):
    """A trace cannot be used; the text says which line is wrong and how, or what is missing."""


@frozen(kw_only=True)
class MediaSettings:
    """The stream's audio settings; a replay uses the same.

    `sample_rate_hz` is the bot's, `chunk_ms` the length of one message to it; StreamOptions explains the others.
    """

    sample_rate_hz: int = 8000
    chunk_ms: int = 20
    marks_on_clear: MarksOnClear = "flush"
    clear_granularity: ClearGranularity = "frame"


@frozen(kw_only=True)
class Header:
    """The stream; `started_at` is in seconds since the epoch, `payloads` says whether audio is kept."""

    call_sid: str
    stream_sid: str
    account: str
    direction: Direction
    started_at: float
    exoswitch: str
    media: MediaSettings = MediaSettings()
    payloads: bool = False

    @classmethod
    def of(cls, start: StreamStart, sample_rate_hz: int, started_at: float) -> "Header":
        """Describe a stream that begins now; the bot's options say whether audio is kept."""
        options = start.bot.options
        return cls(
            call_sid=start.call_sid,
            stream_sid=start.stream_sid,
            account=start.account,
            direction=start.direction,
            started_at=started_at,
            exoswitch=__version__,
            media=MediaSettings(
                sample_rate_hz=sample_rate_hz,
                chunk_ms=options.chunk_ms,
                marks_on_clear=options.marks_on_clear,
                clear_granularity=options.clear_granularity,
            ),
            payloads=options.trace == "audio",
        )


@frozen
class Message:
    """A whole text message: usually one JSON object, but a bot can send anything.

    `payload_bytes` is the size of the audio that was left out of a `media` message. It is None if the audio is there
    or could not be decoded.
    """

    at_ms: float
    side: Side
    data: bytes = field(repr=False)
    payload_bytes: int | None = None

    def read(self, reader: BotMessageReader) -> BotMessage:
        """Read a message of the bot; audio that was left out is silence of its length.

        Raises:
            RemoteProtocolError: the data is no message.
        """
        return reader.read(self.data) if self.payload_bytes is None else BotMedia(bytes(self.payload_bytes))

    def parsed(self) -> dict[str, Any]:
        """Give the JSON object; an empty one if the data is none."""
        return parse_object(self.data) or {}

    @property
    def event(self) -> str:
        """The name of the message's event; empty if there is none."""
        event = self.parsed().get("event")
        return event if isinstance(event, str) else ""


@frozen
class Binary:
    """A binary message of the bot; only its size is kept, because Exotel's protocol has none."""

    at_ms: float
    size: int


@frozen
class Attempted:
    """The handshake began, or a resolver was asked; the URL is written without secrets."""

    at_ms: float
    url: str


@frozen
class Opened:
    """The handshake succeeded."""

    at_ms: float


@frozen
class Failed:
    """The bot could not be reached, refused, or did not complete the handshake in time."""

    at_ms: float
    error: str


@frozen
class Closed:
    """The connection is closed; `code` is the WebSocket close code, if any, `by` the side that began it."""

    at_ms: float
    code: int | None
    reason: str
    by: Side


@frozen
class Cut:
    """The trace ends here, though the stream went on."""

    at_ms: float
    reason: str


Entry = Message | Binary | Attempted | Opened | Failed | Closed | Cut


@frozen
class Trace:
    """A whole trace; `is_torn` says that its last line is incomplete, for example after a crash."""

    header: Header
    entries: tuple[Entry, ...]
    is_torn: bool = False

    def messages(self, side: Side) -> list[Message]:
        """Give the messages of one side, in order."""
        return [entry for entry in self.entries if isinstance(entry, Message) and entry.side is side]

    @property
    def closed(self) -> Closed | None:
        """The close of the connection, if the trace has it."""
        return next((entry for entry in self.entries if isinstance(entry, Closed)), None)

    @property
    def started_ms(self) -> float | None:
        """The time of the `start` message; None if there is none."""
        return next((message.at_ms for message in self.messages(Side.GATEWAY) if message.event == "start"), None)


_DEPTH = 64  # far more than the protocol needs, far less than a JSON reader can take


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_STRICT = json.JSONDecoder(parse_constant=_refuse)


def parse_object(data: bytes) -> dict[str, Any] | None:
    """Read a message as a strict JSON object; None if it is none."""
    if data.count(b"{") + data.count(b"[") > _DEPTH:
        return None
    try:
        message = _STRICT.decode(data.decode("utf-8"))
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
