"""Core: the messages of a bot.

The reader takes what bots in the wild send (spec §3): it looks at `event` and at what the event needs, and ignores
the rest of a message. Each message has a bounded cost: a long one must be media, and is read in steps.
"""

import base64
import binascii
import json
import re
from collections.abc import Generator
from typing import Any

from attrs import frozen

from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream.long_payload import decode_in_steps

LONG_BYTES = 64 * 1024
"""A longer message must be media; without its payload it must not be longer."""

_MAX_CONTAINERS = 512  # arrays and objects; a message of Exotel's protocol has two
_MAX_NAME_BYTES = 256
_PAYLOAD = re.compile(rb'"payload"\s*:\s*"')
_PLACEHOLDER = "@"  # in the place of a long payload; it is not base64


@frozen
class BotMedia:
    """Audio to play: signed 16-bit little-endian mono at the stream's rate, of any length."""

    pcm: bytes


@frozen
class BotMark:
    """A name to send back when all audio before it has been played."""

    name: str


@frozen
class BotClear:
    """An order to drop the audio that has not been played."""


@frozen
class Ignored:
    """A message without effect, as at Exotel: for example `stop` or `dtmf` from a bot."""

    event: str


BotMessage = BotMedia | BotMark | BotClear | Ignored

_CLEAR = BotClear()


class BotMessageReader:
    """Reads one bot's messages.

    A bot's media messages usually differ in their payload only. The reader remembers the bytes around the payload of
    a fully parsed message. If the next message has the same bytes, only its payload is decoded: base64 in the place
    of base64 cannot change the meaning of the rest of the JSON.
    """

    __slots__ = ("_head", "_tail")

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""

    @property
    def form(self) -> tuple[bytes, bytes] | None:
        """The bytes around the payload that are remembered."""
        return (self._head, self._tail) if self._head else None

    def read(self, data: bytes) -> BotMessage:
        """Read one message.

        Raises:
            RemoteProtocolError: the data is no message; the connection can go on.
        """
        if len(data) > LONG_BYTES:
            return _finished(self.read_in_steps(data))
        head, tail = self._head, self._tail
        if head and data.startswith(head) and data.endswith(tail) and len(data) >= len(head) + len(tail):
            try:
                return BotMedia(binascii.a2b_base64(data[len(head) : -len(tail)], strict_mode=True))
            except binascii.Error:
                pass  # tolerable base64, or a message of another kind: the slow way decides
        return self._read_slowly(data)

    def read_in_steps(self, data: bytes) -> Generator[None, None, BotMedia]:
        """Read one message of more than `LONG_BYTES`, with a pause after each piece of its payload.

        Raises:
            RemoteProtocolError: the data is no media message; the connection can go on.
        """
        head, tail = self._head, self._tail
        if head and data.startswith(head) and data.endswith(tail):
            start, end = len(head), len(data) - len(tail)
        else:
            start, end = find_payload(data)
        return BotMedia((yield from decode_in_steps(data[start:end])))

    def _read_slowly(self, data: bytes) -> BotMessage:
        message = _parse(data)
        event = message.get("event")
        if event == "media":
            payload = _text_in(message, "media", "payload")
            pcm = _decode_payload(payload)
            self._remember(data, payload)
            return BotMedia(pcm)
        if event == "mark":
            return BotMark(_mark_name(message))
        if event == "clear":
            return _CLEAR
        if isinstance(event, str):
            return Ignored(event)
        raise RemoteProtocolError("a message without an event")

    def _remember(self, data: bytes, payload: str) -> None:
        """Remember the bytes around the payload, if it is certain which bytes are the payload.

        It is certain if the message has no backslash and the quoted payload occurs once: then every string of the
        JSON stands in the data unchanged.
        """
        if b"\\" in data or not payload.isascii():
            return
        token = b'"%b"' % payload.encode("ascii")
        if data.count(token) == 1:
            start = data.find(token) + 1
            self._head = data[:start]
            self._tail = data[start + len(payload) :]


def _finished(steps: Generator[None, None, BotMedia]) -> BotMedia:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            message: BotMedia = end.value
            return message


def find_payload(data: bytes) -> tuple[int, int]:
    """Find the payload of a media message longer than `LONG_BYTES`, without parsing the payload.

    Raises:
        RemoteProtocolError: the data is no media message.
    """
    found = _PAYLOAD.search(data, 0, LONG_BYTES)
    start = found.end() if found else 0
    end = data.find(b'"', start)
    if found is None or end < 0 or len(data) - (end - start) > LONG_BYTES:
        raise RemoteProtocolError(
            f"a message of {len(data)} bytes that is not media; the longest has {LONG_BYTES} bytes"
        )
    message = _parse(data[:start] + _PLACEHOLDER.encode() + data[end:])
    if message.get("event") != "media" or _text_in(message, "media", "payload") != _PLACEHOLDER:
        raise RemoteProtocolError(f"a message of {len(data)} bytes whose payload is not that of a media message")
    return start, end


def _mark_name(message: dict[str, Any]) -> str:
    name = _text_in(message, "mark", "name")
    size = len(name.encode("utf-8", "surrogatepass"))
    if size > _MAX_NAME_BYTES:
        raise RemoteProtocolError(f"a mark with a name of {size} bytes; the longest has {_MAX_NAME_BYTES} bytes")
    return name


def _parse(data: bytes) -> dict[str, Any]:
    if data.count(b"[") + data.count(b"{") > _MAX_CONTAINERS:
        raise RemoteProtocolError(f"a message with more than {_MAX_CONTAINERS} arrays and objects")
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
    """Decode base64 of the standard or the URL-safe alphabet, with or without padding and white space."""
    try:
        return binascii.a2b_base64(payload, strict_mode=True)
    except ValueError:  # binascii.Error is a ValueError, and a non-ASCII text raises one
        pass
    bare = "".join(payload.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError as error:
        raise RemoteProtocolError("a media message whose payload is not base64") from error
