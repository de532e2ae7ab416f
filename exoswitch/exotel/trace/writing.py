"""Core: a trace is written as lines of JSON, and redacted."""

import base64
import binascii
import datetime as dt
import json
from operator import attrgetter
from typing import Any

from attrs import asdict, define, evolve, field

from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream.messages import LONG_BYTES, BotMedia, BotMessageReader, find_payload
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.redaction import Redactor
from exoswitch.exotel.trace.trace import (
    FORMAT,
    Attempted,
    Binary,
    Closed,
    Cut,
    Entry,
    Failed,
    Header,
    Message,
    Opened,
    parse_object,
)

_SHOWN_CHARACTERS = 1000
"""The kept length of an unreadable message, if it is long or audio is left out: it can be mostly audio."""

_STRICT = Redactor()
_ENCODER = json.JSONEncoder(separators=(",", ":"), default=attrgetter("value"))  # the value of an Enum
_EVENTS = {Attempted: "attempt", Opened: "opened", Failed: "failed", Closed: "closed", Cut: "cut"}


@define
class TraceWriter:
    """Writes the lines of one trace, in order; each ends with a line feed."""

    header: Header
    redactor: Redactor = _STRICT
    _reader: BotMessageReader = field(factory=BotMessageReader, init=False)

    def first_line(self) -> bytes:
        """Write the header."""
        started_at = dt.datetime.fromtimestamp(self.header.started_at, dt.UTC)
        return _line(
            trace=FORMAT, **asdict(self.header) | {"started_at": started_at.isoformat(timespec="milliseconds")}
        )

    def line(self, entry: Entry) -> bytes:
        """Write an entry."""
        at_ms = round(entry.at_ms, 1)
        if isinstance(entry, Message):
            return self._message(at_ms, entry)
        if isinstance(entry, Binary):
            return _line(at_ms=at_ms, by=Side.BOT, binary_bytes=entry.size)
        if isinstance(entry, Attempted):
            entry = evolve(entry, url=self.redactor.url(entry.url))
        words = asdict(entry)
        del words["at_ms"]
        return _line(at_ms=at_ms, event=_EVENTS[type(entry)], **dict(sorted(words.items())))

    def _message(self, at_ms: float, entry: Message) -> bytes:
        message, payload = _read(entry.data)
        if message is None:
            return self._garbage(at_ms, entry)
        event, size = message.get("event"), entry.payload_bytes
        if event == "media" and not self.header.payloads:
            size = size if payload is None else self._payload_bytes(payload, entry.data)
            data = _compact(message)
        elif event == "start":
            data = _compact(self.redactor.start(message))
        else:  # JSON allows line ends between tokens only
            data = entry.data.replace(b"\n", b" ").replace(b"\r", b" ")
        left_out = b"" if size is None else b'"payload_bytes":%d,' % size
        return b'{"at_ms":%a,"by":"%b",%b"message":%b}\n' % (at_ms, entry.side.value.encode(), left_out, data)

    def _payload_bytes(self, payload: str | bytes, data: bytes) -> int | None:
        """Give the size of a message's audio, as a gateway reads it; None if a gateway cannot read it."""
        try:
            return len(binascii.a2b_base64(payload, strict_mode=True))
        except ValueError:
            pass  # perhaps of another alphabet
        try:
            read = self._reader.read(data)
        except RemoteProtocolError:
            return None
        return len(read.pcm) if isinstance(read, BotMedia) else None

    def _garbage(self, at_ms: float, entry: Message) -> bytes:
        data, by = entry.data, entry.side
        is_whole = len(data) <= (LONG_BYTES if self.header.payloads else _SHOWN_CHARACTERS)
        shown = None if is_whole else _SHOWN_CHARACTERS
        cut = {} if shown is None else {"cut_from_bytes": len(data)}
        try:
            return _line(at_ms=at_ms, by=by, text=data.decode("utf-8")[:shown], **cut)
        except UnicodeDecodeError:
            return _line(at_ms=at_ms, by=by, base64=base64.b64encode(data[:shown]).decode("ascii"), **cut)


def _read(data: bytes) -> tuple[dict[str, Any] | None, str | bytes | None]:
    """Read a message without its payload, and the payload as it is written; None if there is none.

    A long message must be media, as for a bot's stream: to parse 2 MiB keeps the interpreter's lock for 100 ms, and
    the reactor waits for the lock.
    """
    if len(data) <= LONG_BYTES:
        message = parse_object(data)
        return (None, None) if message is None else _without_payload(message)
    try:
        start, end = find_payload(data)
    except RemoteProtocolError:
        return None, None
    message = parse_object(data[:start] + data[end:])
    return (None, None) if message is None else (_without_payload(message)[0], data[start:end])


def _without_payload(message: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Take the payload out, if there is one."""
    media = message.get("media")
    payload = media.get("payload") if isinstance(media, dict) else None
    if not isinstance(media, dict) or not isinstance(payload, str):
        return message, None
    rest = {name: value for name, value in media.items() if name != "payload"}
    return {**message, "media": rest}, payload


def _compact(words: Any) -> bytes:
    return _ENCODER.encode(words).encode("ascii")


def _line(**words: Any) -> bytes:
    return _compact(words) + b"\n"
