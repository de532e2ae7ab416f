"""Core: an inspection of a bot's messages by Exotel's protocol.

A media or mark message that Exotel does not understand is a fault: its audio is lost, or its mark never returns.
Other text that is no message is a stray: Exotel ignores it. A message that Exotel plays but advises against (article
3000108630: chunks of a multiple of 320 bytes, at most 100 KB), or ignores, is only counted.
"""

from collections import Counter
from json import loads
from typing import Any

from attrs import define, field

from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream.messages import BotClear, BotMark, BotMedia, BotMessage, BotMessageReader, Ignored
from exoswitch.printable import printable

CHUNK_BYTES = 320
"""Exotel: the size of a chunk is a multiple of this."""

LARGEST_CHUNK_BYTES = 100_000
"""Exotel: larger chunks cause time-outs."""

_NEEDED = ("media", "mark")
_KINDS = 20
_OTHERS = "another message that cannot be read"
_EXCERPT = 48


@define
class Inspection:
    """The messages of a bot in one stream, counted; `faults` and `strays` have the first example of each kind."""

    stream_sid: str
    messages: int = field(default=0, init=False)
    media: int = field(default=0, init=False)
    marks: int = field(default=0, init=False)
    clears: int = field(default=0, init=False)
    binary: int = field(default=0, init=False)
    ignored: Counter[str] = field(factory=Counter, init=False)
    faults: Counter[str] = field(factory=Counter, init=False)
    strays: Counter[str] = field(factory=Counter, init=False)
    examples: dict[str, str] = field(factory=dict, init=False)
    camel_case_sids: int = field(default=0, init=False)
    other_sids: set[str] = field(factory=set, init=False)
    uneven_chunks: int = field(default=0, init=False)
    uneven_bytes: int = field(default=0, init=False)  # the first such chunk
    largest_bytes: int = field(default=0, init=False)
    _reader: BotMessageReader = field(factory=BotMessageReader, init=False)

    def text(self, data: bytes) -> BotMessage | None:
        """Read a text message; give None if Exotel does not understand it."""
        self.messages += 1
        try:
            read = self._reader.read(data)
        except RemoteProtocolError as error:
            self._misunderstood(str(error), data)
            return None
        self._count(read)
        self._look_at_sid(loads(data))
        return read

    def binary_message(self) -> None:
        """Count a binary message. Exotel's protocol has none."""
        self.messages += 1
        self.binary += 1

    def _count(self, message: BotMessage) -> None:
        match message:
            case BotMedia(pcm):
                self._look_at_chunk(len(pcm))
            case BotMark():
                self.marks += 1
            case BotClear():
                self.clears += 1
            case Ignored(event) if event in self.ignored or len(self.ignored) < _KINDS:
                self.ignored[_excerpt(event)] += 1

    def _look_at_chunk(self, size: int) -> None:
        self.media += 1
        self.largest_bytes = max(self.largest_bytes, size)
        if size % CHUNK_BYTES or not size:
            self.uneven_chunks += 1
            if self.uneven_chunks == 1:
                self.uneven_bytes = size

    def _look_at_sid(self, message: dict[str, Any]) -> None:
        if "streamSid" in message:
            self.camel_case_sids += 1
        told = message.get("stream_sid", message.get("streamSid"))
        if isinstance(told, str) and told not in {"", self.stream_sid} and len(self.other_sids) < _KINDS:
            self.other_sids.add(told[:_EXCERPT])

    def _misunderstood(self, text: str, data: bytes) -> None:
        kind = self.faults if _event_of(data) in _NEEDED else self.strays
        if text not in kind and len(kind) >= _KINDS:
            text = _OTHERS
        kind[text] += 1
        self.examples.setdefault(text, _excerpt(data.decode("utf-8", "replace")))


def _event_of(data: bytes) -> object:
    try:
        message = loads(data)
    except (ValueError, RecursionError):
        return None
    return message.get("event") if isinstance(message, dict) else None


def _excerpt(text: str) -> str:
    """Give the beginning of a bot's text, printable and short."""
    shown = printable(text[: _EXCERPT + 1])
    return shown if len(shown) <= _EXCERPT else shown[:_EXCERPT] + "…"
