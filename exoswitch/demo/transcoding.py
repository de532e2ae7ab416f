"""Adapter: measures how long this machine converts 20 ms of G.711 to a bot's message, and back."""

from collections.abc import Callable
from timeit import repeat

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.audio.g711 import ULAW
from exoswitch.call.session import BotTarget, Direction
from exoswitch.call.stream_start import StreamStart
from exoswitch.exotel.stream.messages import BotMedia, BotMessageReader
from exoswitch.exotel.stream.writer import media_encoding
from exoswitch.rtp.message_encoder import MessageEncoder
from exoswitch.sim.behaviour import media_message
from exoswitch.sim.sounds import babble

_CHUNKS = 250
_ROUNDS = 5
_ENCODING = media_encoding(
    StreamStart(
        call_sid="1" * 32,
        stream_sid="0" * 32,
        account="demo",
        customer="",
        exophone="",
        bot=BotTarget(url=""),
        direction=Direction.INBOUND,
    ),
    SAMPLE_RATE_HZ,
)


def time_transcoding() -> tuple[float, float]:
    """Give milliseconds a chunk, phone to bot and bot to phone: the best of several rounds."""
    frames = babble()[:_CHUNKS]
    payloads = [ULAW.encode(frame) for frame in frames]
    messages = [media_message("", frame).encode() for frame in frames]
    return _best_ms(lambda: _to_bot(payloads)), _best_ms(lambda: _to_phone(messages))


def _best_ms(work: Callable[[], None]) -> float:
    return 1000 * min(repeat(work, number=1, repeat=_ROUNDS)) / _CHUNKS


def _to_bot(payloads: list[bytes]) -> None:
    to_bot = MessageEncoder(_ENCODING)
    for payload in payloads:
        to_bot.add(ULAW.decode(payload))


def _to_phone(messages: list[bytes]) -> None:
    reader = BotMessageReader()
    for message in messages:
        read = reader.read(message)
        if isinstance(read, BotMedia):
            ULAW.encode(read.pcm)
