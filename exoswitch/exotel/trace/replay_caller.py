"""Core: the caller of a recorded stream, in steps that can be replayed to a bot."""

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
    """One action of the caller; `at_ms` counts from the stream's `start`."""

    at_ms: float
    does: Speak | Press | HangUp


def caller_steps(trace: Trace) -> tuple[CallerStep, ...]:
    """Give the caller's side of a stream, in order; it ends with HangUp, unless the bot closed.

    Raises:
        TraceError: no stream was started, audio was left out, or the gateway never sends such messages.
    """
    started_ms = trace.started_ms
    if started_ms is None:
        raise TraceError("the trace has no started stream, so its caller cannot be replayed")
    if not trace.header.payloads:
        raise TraceError("the trace has no audio of the caller: record with `trace: audio` to replay it")
    frame_bytes = 2 * trace.header.media.sample_rate_hz * FRAME_MS // 1000
    reader = BotMessageReader()  # media messages have one form in both directions
    steps: list[CallerStep] = []
    for message in trace.messages(Side.GATEWAY):
        at_ms = message.at_ms - started_ms
        try:
            if message.event == "media":
                steps += _spoken(reader.read(message.data), at_ms, frame_bytes)
            else:
                steps += _done(message, at_ms)
        except (KeyError, TypeError, ValueError, RemoteProtocolError) as error:
            problem = f"the gateway's message at {message.at_ms:g} ms cannot be read: {error!r}"
            raise TraceError(problem) from error
    return tuple(sorted(steps, key=lambda step: step.at_ms))


def _spoken(media: BotMessage, at_ms: float, frame_bytes: int) -> Iterator[CallerStep]:
    """Cut a chunk into its frames: the last one came when the chunk was sent."""
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
