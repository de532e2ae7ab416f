"""Adapter: how long this machine takes to carry 20 ms of audio from G.711 to a bot's message, and back."""

from collections.abc import Callable
from time import perf_counter

from exoswitch.audio.g711 import ULAW
from exoswitch.exotel.stream.messages import BotMedia, BotMessageReader, MessageWriter
from exoswitch.sim.behaviour import media_message
from exoswitch.sim.sounds import babble

_CHUNKS = 250
_ROUNDS = 5


def time_transcoding() -> tuple[float, float]:
    """Measure both ways, in milliseconds a chunk: phone to bot, then bot to phone; the best of several rounds."""
    frames = babble()[:_CHUNKS]
    payloads = [ULAW.encode(frame) for frame in frames]
    messages = [media_message("", frame).encode() for frame in frames]
    return min(_time(lambda: _to_bot(payloads)) for _ in range(_ROUNDS)), min(
        _time(lambda: _to_phone(messages)) for _ in range(_ROUNDS)
    )


def _time(work: Callable[[], None]) -> float:
    begun = perf_counter()
    work()
    return 1000 * (perf_counter() - begun) / _CHUNKS


def _to_bot(payloads: list[bytes]) -> None:
    writer = MessageWriter(stream_sid="0" * 32, call_sid="1" * 32, account="demo")
    for payload in payloads:
        writer.media(ULAW.decode(payload))


def _to_phone(messages: list[bytes]) -> None:
    reader = BotMessageReader()
    for message in messages:
        read = reader.read(message)
        if isinstance(read, BotMedia):
            ULAW.encode(read.pcm)
