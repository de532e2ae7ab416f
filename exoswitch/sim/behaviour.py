"""Core: how simulated bots behave, well or badly, and the words for it.

One word says what the bot answers, further ones how its connection fares: ``echo``, ``tone=440 close-after=3``,
``refuse=403``.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, islice
from json import dumps

from attrs import evolve, frozen

from exoswitch.audio.frames import FRAME_BYTES, FRAME_S
from exoswitch.errors import InvalidRequest
from exoswitch.sim import sounds
from exoswitch.sim.conversation import Media, Started, Told

Message = str | bytes
Answer = Callable[[Told], list[Message]]

_NO_MESSAGES: list[Message] = []
_FLOOD_FRAMES = 10  # 200 ms a message


def media_message(stream_sid: str, pcm: bytes) -> str:
    """Write a `media` message as bots send it."""
    return _media(stream_sid, b64encode(pcm).decode())


def mark_message(stream_sid: str, name: str) -> str:
    """Write a `mark` message as bots send it."""
    return dumps({"event": "mark", "stream_sid": stream_sid, "mark": {"name": name}})


def clear_message(stream_sid: str) -> str:
    """Write a `clear` message as bots send it."""
    return dumps({"event": "clear", "stream_sid": stream_sid})


def _media(stream_sid: str, payload: str) -> str:
    return f'{{"event":"media","stream_sid":"{stream_sid}","media":{{"payload":"{payload}"}}}}'


@frozen(kw_only=True)
class Behaviour:
    """A kind of bot; `begin` gives what a new stream's messages are answered with.

    `refuse_with` is the HTTP status of a refused handshake, and 0 accepts; the connection is closed `close_after_s`
    after it was opened; for `deaf_s` after the start nothing is read from it.
    """

    begin: Callable[[], Answer]
    refuse_with: int = 0
    close_after_s: float | None = None
    deaf_s: float = 0.0


def parse_behaviour(text: str) -> Behaviour:
    """Read a behaviour as one types it; with no word for what to answer, the bot is silent.

    Raises:
        InvalidRequest: a word is unknown, or its value makes no sense; the text names it and lists the known ones.
    """
    behaviour = Behaviour(begin=_silent)
    for word in text.split():
        name, _, value = word.partition("=")
        if name not in _WORDS:
            raise InvalidRequest(f"bot: {word!r} is not known; known are {', '.join(sorted(_WORDS))}")
        try:
            behaviour = _WORDS[name](behaviour, value)
        except ValueError:
            raise InvalidRequest(f"bot: {name}={value!r} needs a number") from None
    return behaviour


def _silent() -> Answer:
    return lambda _told: _NO_MESSAGES


def _echo() -> Answer:
    def answer(told: Told) -> list[Message]:
        # Exotel ignores a bot's stream_sid, and so does this bot: it keeps none.
        return [_media("", told.payload)] if isinstance(told, Media) else _NO_MESSAGES

    return answer


def _tone(hz: int) -> Answer:
    tone = cycle(sounds.tone(hz))

    def answer(told: Told) -> list[Message]:
        if not isinstance(told, Media):
            return _NO_MESSAGES
        return [media_message("", b"".join(islice(tone, len(told.pcm) // FRAME_BYTES)))]

    return answer


def _flood(seconds: float) -> Answer:
    def answer(told: Told) -> list[Message]:
        if not isinstance(told, Started):
            return _NO_MESSAGES
        tone = cycle(sounds.tone(440))
        pieces = round(seconds / FRAME_S / _FLOOD_FRAMES)
        return [media_message(told.stream_sid, b"".join(islice(tone, _FLOOD_FRAMES))) for _ in range(pieces)]

    return answer


def _garbage() -> Answer:
    garbage = cycle(_garbage_messages())
    return lambda told: [next(garbage)] if isinstance(told, Media) else _NO_MESSAGES


def _garbage_messages() -> Iterator[Message]:
    yield "no JSON at all"
    yield "[]"
    yield "null"
    yield "{}"
    yield '{"event": 7}'
    yield '{"event": "unheard-of"}'
    yield '{"event": "media"}'
    yield '{"event": "media", "media": "none"}'
    yield '{"event": "media", "media": {"payload": 12}}'
    yield '{"event": "media", "media": {"payload": "%%%"}}'
    yield '{"event": "media", "media": {"payload": "AAA="}}'
    yield '{"event": "media", "media": {"payload": ""}}'
    yield '{"event": "mark"}'
    yield '{"event": "mark", "mark": {"name": null}}'
    yield '{"event": "stop"}'
    yield "{" * 5000
    yield b"\x00\xff binary"


_WORDS: dict[str, Callable[[Behaviour, str], Behaviour]] = {
    "echo": lambda behaviour, _: evolve(behaviour, begin=_echo),
    "silent": lambda behaviour, _: evolve(behaviour, begin=_silent),
    "tone": lambda behaviour, value: evolve(behaviour, begin=partial(_tone, int(value or 440))),
    "garbage": lambda behaviour, _: evolve(behaviour, begin=_garbage),
    "flood": lambda behaviour, value: evolve(behaviour, begin=partial(_flood, float(value or 60))),
    "refuse": lambda behaviour, value: evolve(behaviour, refuse_with=int(value or 403)),
    "close-after": lambda behaviour, value: evolve(behaviour, close_after_s=float(value)),
    "deaf": lambda behaviour, value: evolve(behaviour, deaf_s=float(value or 5)),
}
