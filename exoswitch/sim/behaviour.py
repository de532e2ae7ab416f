"""Core: the behaviour of simulated bots, good or bad, and its words.

Some words choose the bot's answers, others the fate of its connection: ``echo``, ``tone=440 close-after=3``,
``refuse=403``.
"""

from base64 import b64encode
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from json import dumps
from typing import Any

from attrs import evolve, frozen

from exoswitch.audio.frames import FRAME_BYTES, FRAME_S
from exoswitch.sim import sounds
from exoswitch.sim.conversation import Media, Started, Told
from exoswitch.sim.words import Word, read_words

Message = str | bytes
Answer = Callable[[Told], list[Message]]

_NO_MESSAGES: list[Message] = []
_FLOOD_FRAMES = 10  # 200 ms a message


def media_message(stream_sid: str, pcm: bytes) -> str:
    """Give a bot's `media` message."""
    return _media(stream_sid, b64encode(pcm).decode())


def mark_message(stream_sid: str, name: str) -> str:
    """Give a bot's `mark` message."""
    return dumps({"event": "mark", "stream_sid": stream_sid, "mark": {"name": name}})


def clear_message(stream_sid: str) -> str:
    """Give a bot's `clear` message."""
    return dumps({"event": "clear", "stream_sid": stream_sid})


def _media(stream_sid: str, payload: str) -> str:
    return f'{{"event":"media","stream_sid":"{stream_sid}","media":{{"payload":"{payload}"}}}}'


def _on(kind: type[Any], reply: Callable[[Any], list[Message]]) -> Answer:
    """Answer one kind of message only."""
    return lambda told: reply(told) if isinstance(told, kind) else _NO_MESSAGES


def _silent() -> Answer:
    return lambda _told: _NO_MESSAGES


def _echo() -> Answer:
    # Exotel ignores the stream_sid of a bot's message, so this bot sends none.
    return _on(Media, lambda media: [_media("", media.payload)])


def _tone(hz: int) -> Answer:
    tone = cycle(sounds.tone(hz))
    return _on(Media, lambda media: [media_message("", b"".join(islice(tone, len(media.pcm) // FRAME_BYTES)))])


def _flood(seconds: float) -> Answer:
    pieces = round(seconds / FRAME_S / _FLOOD_FRAMES)

    def flood(started: Started) -> list[Message]:
        tone = cycle(sounds.tone(440))
        return [media_message(started.stream_sid, b"".join(islice(tone, _FLOOD_FRAMES))) for _ in range(pieces)]

    return _on(Started, flood)


def _garbage() -> Answer:
    garbage = cycle(_GARBAGE)
    return _on(Media, lambda _media: [next(garbage)])


_GARBAGE: tuple[Message, ...] = (
    "no JSON at all",
    "[]",
    "null",
    "{}",
    '{"event": 7}',
    '{"event": "unheard-of"}',
    '{"event": "media"}',
    '{"event": "media", "media": "none"}',
    '{"event": "media", "media": {"payload": 12}}',
    '{"event": "media", "media": {"payload": "%%%"}}',
    '{"event": "media", "media": {"payload": "AAA="}}',
    '{"event": "media", "media": {"payload": ""}}',
    '{"event": "mark"}',
    '{"event": "mark", "mark": {"name": null}}',
    '{"event": "stop"}',
    "{" * 5000,
    b"\x00\xff binary",
)


@frozen(kw_only=True)
class Behaviour:
    """The behaviour of a bot. `begin` gives the function that answers the messages of a new stream.

    A `refuse_with` other than 0 is the HTTP status of a refused handshake. The bot closes the connection
    `close_after_s` after the handshake. It reads nothing for `deaf_s` after the start.
    """

    begin: Callable[[], Answer] = _silent
    refuse_with: int = 0
    close_after_s: float | None = None
    deaf_s: float = 0.0


def parse_behaviour(text: str) -> Behaviour:
    """Read a behaviour. A bot without a word for its answers is silent.

    Raises:
        InvalidValue: a word is unknown, or its value is wrong.
    """
    behaviour = Behaviour()
    for word in read_words("behaviour", text, _WORDS, _BARE):
        behaviour = evolve(behaviour, **_WORDS[word.name](word))
    return behaviour


_BARE = ("echo", "silent", "garbage")
_WORDS: dict[str, Callable[[Word], dict[str, Any]]] = {
    "echo": lambda _: {"begin": _echo},
    "silent": lambda _: {"begin": _silent},
    "tone": lambda word: {
        "begin": partial(_tone, word.whole(440, least=sounds.LOWEST_HZ, most=sounds.HIGHEST_HZ)),
    },
    "garbage": lambda _: {"begin": _garbage},
    "flood": lambda word: {"begin": partial(_flood, word.number(60, least=0.2, most=600))},
    "refuse": lambda word: {"refuse_with": word.whole(403, least=400, most=599)},
    "close-after": lambda word: {"close_after_s": word.number()},
    "deaf": lambda word: {"deaf_s": word.number(5)},
}
