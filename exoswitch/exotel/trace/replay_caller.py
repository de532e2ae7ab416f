"""Core: the caller of a recorded stream, step by step, to be replayed to a bot."""

from collections.abc import Iterator

from attrs import field, frozen

from exoswitch.audio.frames import FRAME_MS
from exoswitch.call.effects import StopReason
from exoswitch.errors import RemoteProtocolError
from exoswitch.exotel.stream.messages import BotMedia, BotMessage, BotMessageReader
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.trace import Message, Trace, TraceError


@frozen
class Speak:
    """20 ms of the caller's audio, at the bot's sample rate."""

    pcm: bytes = field(repr=False)


@frozen
class Press:
    """A key that the caller pressed."""

    digit: str
    duration_ms: int


@frozen
class HangUp:
    """The end of the stream from the gateway's side, and its reason."""

    reason: StopReason


@frozen
class CallerStep:
    """What the caller does at a time, reckoned from the stream's `start`."""

    at_ms: float
    does: Speak | Press | HangUp


def caller_steps(trace: Trace) -> tuple[CallerStep, ...]:
    """Give the caller's side of a stream, in order; it ends with HangUp, unless it was the bot that closed.

    Raises:
        TraceError: no stream was started, audio was left out, or the gateway's messages are none that it sends.
    """
    started_ms = trace.started_ms
    if started_ms is None:
        raise TraceError("no stream was started in this trace, so its caller cannot be replayed")
    if not trace.header.payloads:
        raise TraceError("the caller's audio was left out of this trace: record with audio to replay it")
    frame_bytes = 2 * trace.header.media.sample_rate_hz * FRAME_MS // 1000
    reader = BotMessageReader()  # a media message reads the same, whichever way it goes
    steps: list[CallerStep] = []
    for message in trace.messages(Side.GATEWAY):
        at_ms = message.at_ms - started_ms
        try:
            if message.event == "media":
                steps += _spoken(reader.read(message.data), at_ms, frame_bytes)
            else:
                steps += _done(message, at_ms)
        except (KeyError, TypeError, ValueError, RemoteProtocolError) as error:
            problem = f"what the gateway said at {message.at_ms:g} ms is no message of its: {error!r}"
            raise TraceError(problem) from error
    return tuple(sorted(steps, key=lambda step: step.at_ms))


def _spoken(media: BotMessage, at_ms: float, frame_bytes: int) -> Iterator[CallerStep]:
    """Cut a chunk into the frames that it was made of: the last of them came when the chunk was sent."""
    pcm = media.pcm if isinstance(media, BotMedia) else b""
    cuts = range(0, len(pcm), frame_bytes)
    for number, cut in enumerate(cuts):
        frame = pcm[cut : cut + frame_bytes]
        yield CallerStep(max(0.0, at_ms - FRAME_MS * (len(cuts) - 1 - number)), Speak(frame))


def _done(message: Message, at_ms: float) -> Iterator[CallerStep]:
    words = message.parsed()
    if message.event == "dtmf":
        yield CallerStep(at_ms, Press(words["dtmf"]["digit"], int(words["dtmf"]["duration"])))
    elif message.event == "stop":
        yield CallerStep(at_ms, HangUp(StopReason(words["stop"]["reason"])))
