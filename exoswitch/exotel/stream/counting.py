"""Adapter: what is counted of one stream, and the log of a bot that talks while nothing of it can be played."""

from collections import Counter

from attrs import define, field
from twisted.logger import Logger

from exoswitch.exotel.stream.messages import BotMedia, BotMessage, Ignored
from exoswitch.exotel.stream.observer import Side
from exoswitch.interfaces.metrics import IMetrics

MANY = 10
"""Messages that cannot be used before the operator is told, if there was no audio."""


@define(eq=False)
class StreamCounts:
    """Counts for the operator; the kinds of messages that cannot be used are those of `bot_faults_total`."""

    _call_sid: str
    _metrics: IMetrics
    _unusable: Counter[str] = field(factory=Counter, init=False)
    _has_audio: bool = field(default=False, init=False)

    _log = Logger()

    def read(self, message: BotMessage) -> None:
        """Count a message that could be read."""
        if isinstance(message, BotMedia):
            self._has_audio = True
        elif isinstance(message, Ignored):
            self.unusable("ignored")

    def unusable(self, kind: str) -> None:
        """Count a message that cannot be used; log once that nothing of the bot can be played."""
        self._metrics.add("bot_faults_total", kind=kind)
        if self._has_audio:
            return
        self._unusable[kind] += 1
        if self._unusable.total() == MANY:
            self._log.warn(
                "call {call_sid}: nothing of the bot can be played: its first {count} messages are {kinds}; audio "
                "must come as JSON text, event `media`, after the gateway has sent `start`",
                call_sid=self._call_sid,
                count=MANY,
                kinds=", ".join(f"{count} {kind}" for kind, count in sorted(self._unusable.items())),
            )

    def audio_dropped(self, dropped_ms: int) -> None:
        """Count audio of the caller that the bot did not read in time."""
        if dropped_ms:
            self._metrics.add("caller_audio_dropped_seconds_total", dropped_ms / 1000)

    def closed(self, code: int | None, by: Side) -> None:
        """Count the end of an open connection."""
        self._metrics.add("stream_closes_total", code_class=code_class(code), by=by.value)


def code_class(code: int | None) -> str:
    """Give the class of a WebSocket close code (RFC 6455 §7.4); codes of a normal end are classes of their own."""
    if code is None:
        return "none"
    return str(code) if code in {1000, 1001} else f"{code // 1000}xxx"
