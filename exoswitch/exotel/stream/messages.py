"""Core: the messages of a stream, as Exotel writes them to a bot and as bots write them back.

The writer repeats what real traffic looked like (spec §2.1, capture R1): compact JSON, all counters as strings, and
no `custom_parameters` where there are none. The reader takes what bots in the wild really send (spec §3): only
`event` and what the event needs is looked at, whatever else is in the message.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from exoswitch.call.effects import StopReason
from exoswitch.errors import RemoteProtocolError

_BITS = 16  # to a sample; there is one channel


def _compact(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode("ascii")


class MessageWriter:
    """Writes one stream's messages to the bot, in order.

    `sequence_number` counts every message from `start` on, `chunk` every `media`. A `timestamp` is where its chunk
    ends in the stream, or, `from_zero`, where it begins: nobody has published the real first value (spec §2.3).
    """

    __slots__ = (
        "_account",
        "_bytes_per_ms",
        "_call_sid",
        "_chunk",
        "_from_zero",
        "_media_head",
        "_position_ms",
        "_sample_rate_hz",
        "_sequence",
        "_stream_sid",
    )

    def __init__(
        self, *, stream_sid: str, call_sid: str, account: str, sample_rate_hz: int = 8000, from_zero: bool = False
    ) -> None:
        self._stream_sid = stream_sid
        self._call_sid = call_sid
        self._account = account
        self._sample_rate_hz = sample_rate_hz
        self._bytes_per_ms = sample_rate_hz * _BITS // 8 // 1000
        self._from_zero = from_zero
        self._sequence = 0
        self._chunk = 0
        self._position_ms = 0
        sid = json.dumps(stream_sid).encode("ascii")
        self._media_head = b'{"event":"media","stream_sid":%b,"sequence_number":"' % sid

    def connected(self) -> bytes:
        """Write the greeting, which has no number."""
        return _compact({"event": "connected"})

    def start(
        self, *, caller: str, callee: str, custom_parameters: Mapping[str, str], leg_sid: str | None = None
    ) -> bytes:
        """Write the description of the call; the second message of every stream.

        The bit rate at more than 8,000 Hz is a guess: nobody has published it (spec §2.4).
        """
        start: dict[str, Any] = {
            "stream_sid": self._stream_sid,
            "call_sid": self._call_sid,
        }
        if leg_sid is not None:
            start["leg_sid"] = leg_sid
        start |= {"account_sid": self._account, "from": caller, "to": callee}
        if custom_parameters:
            start["custom_parameters"] = dict(custom_parameters)
        start["media_format"] = {
            "encoding": "base64",
            "sample_rate": str(self._sample_rate_hz),
            "bit_rate": f"{self._sample_rate_hz * _BITS // 1000}kbps",
        }
        return self._numbered("start", start)

    def media(self, pcm: bytes) -> bytes:
        """Write a chunk of the caller's audio."""
        self._sequence += 1
        self._chunk += 1
        begin_ms = self._position_ms
        self._position_ms = end_ms = begin_ms + len(pcm) // self._bytes_per_ms
        return b'%b%d","media":{"chunk":"%d","timestamp":"%d","payload":"%b"}}' % (
            self._media_head,
            self._sequence,
            self._chunk,
            begin_ms if self._from_zero else end_ms,
            binascii.b2a_base64(pcm, newline=False),
        )

    def skip(self, duration_ms: int) -> None:
        """Leave audio out: timestamps go on as if it had been sent."""
        self._position_ms += duration_ms

    def dtmf(self, digit: str, duration_ms: int) -> bytes:
        """Write a key that was pressed."""
        return self._numbered("dtmf", {"duration": str(duration_ms), "digit": digit})

    def mark(self, name: str) -> bytes:
        """Write back a mark of the bot's, once everything before it has been played."""
        return self._numbered("mark", {"name": name})

    def stop(self, reason: StopReason) -> bytes:
        """Write the end of the stream."""
        return self._numbered(
            "stop", {"call_sid": self._call_sid, "account_sid": self._account, "reason": reason.value}
        )

    def _numbered(self, event: str, body: Mapping[str, Any]) -> bytes:
        self._sequence += 1
        return _compact(
            {"event": event, "stream_sid": self._stream_sid, "sequence_number": str(self._sequence), event: body}
        )


@frozen
class BotMedia:
    """Audio to be played: signed 16-bit little-endian mono at the stream's rate, of any length."""

    pcm: bytes


@frozen
class BotMark:
    """A name to be sent back when everything before it has been played."""

    name: str


@frozen
class BotClear:
    """The audio that is not yet played shall be dropped."""


@frozen
class Ignored:
    """A message that Exotel would not act on either, such as `stop` or `dtmf` from a bot."""

    event: str


BotMessage = BotMedia | BotMark | BotClear | Ignored

_CLEAR = BotClear()


class BotMessageReader:
    """Reads one bot's messages.

    A bot's media messages are mostly alike but for their payload. So what surrounds the payload is remembered from a
    message that was parsed in full, and of the next one only the payload is decoded if its surroundings are the same
    bytes: pure base64 in the place of pure base64 cannot change how the rest of the JSON is read.
    """

    __slots__ = ("_head", "_tail")

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""

    def read(self, data: bytes) -> BotMessage:
        """Read one message.

        Raises:
            RemoteProtocolError: this is no message; the connection can go on.
        """
        head, tail = self._head, self._tail
        if head and data.startswith(head) and data.endswith(tail) and len(data) >= len(head) + len(tail):
            try:
                return BotMedia(binascii.a2b_base64(data[len(head) : -len(tail)], strict_mode=True))
            except binascii.Error:
                pass  # perhaps tolerable, perhaps a message of another kind: the slow way decides
        return self._read_slowly(data)

    def _read_slowly(self, data: bytes) -> BotMessage:
        message = _parse(data)
        event = message.get("event")
        if event == "media":
            payload = _text_in(message, "media", "payload")
            pcm = _decode_payload(payload)
            self._remember(data, payload)
            return BotMedia(pcm)
        if event == "mark":
            return BotMark(_text_in(message, "mark", "name"))
        if event == "clear":
            return _CLEAR
        if isinstance(event, str):
            return Ignored(event)
        raise RemoteProtocolError("a message without an event")

    def _remember(self, data: bytes, payload: str) -> None:
        """Remember what surrounds the payload, if it is certain which bytes are the payload.

        It is where no backslash is in the message and the payload, in quotes, occurs once: every string of the JSON
        then stands in the data as it is, and the payload's must stand somewhere.
        """
        if b"\\" in data or not payload.isascii():
            return
        token = b'"%b"' % payload.encode("ascii")
        if data.count(token) == 1:
            start = data.find(token) + 1
            self._head = data[:start]
            self._tail = data[start + len(payload) :]


def _parse(data: bytes) -> dict[str, Any]:
    try:
        message = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RemoteProtocolError("a message that is not JSON") from error
    if not isinstance(message, dict):
        raise RemoteProtocolError("a message that is not a JSON object")
    return message


def _text_in(message: dict[str, Any], event: str, key: str) -> str:
    body = message.get(event)
    text = body.get(key) if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise RemoteProtocolError(f"a {event} message without the text {event}.{key}")
    return text


def _decode_payload(payload: str) -> bytes:
    """Decode base64 with or without padding and white space, of the standard or the URL-safe alphabet."""
    try:
        return binascii.a2b_base64(payload, strict_mode=True)
    except ValueError:  # binascii.Error is one, and so is what a non-ASCII text raises
        pass
    bare = "".join(payload.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError as error:
        raise RemoteProtocolError("a media message whose payload is not base64") from error
