"""Core: the messages of a bot.

The reader takes what bots in the wild send (spec §3): it looks at `event` and at what the event needs, and ignores
the rest of a message.
"""

import base64
import binascii
import json
from typing import Any

from attrs import frozen

from exoswitch.errors import RemoteProtocolError


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

    def read(self, data: bytes) -> BotMessage:
        """Read one message.

        Raises:
            RemoteProtocolError: the data is no message; the connection can go on.
        """
        head, tail = self._head, self._tail
        if head and data.startswith(head) and data.endswith(tail) and len(data) >= len(head) + len(tail):
            try:
                return BotMedia(binascii.a2b_base64(data[len(head) : -len(tail)], strict_mode=True))
            except binascii.Error:
                pass  # tolerable base64, or a message of another kind: the slow way decides
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
