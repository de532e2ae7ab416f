"""Core: a call kept word for word, to be compared, saved, and replayed another time."""

from attrs import define, field

from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.redaction import Redactor
from exoswitch.exotel.trace.trace import (
    Attempted,
    Binary,
    Closed,
    Cut,
    Entry,
    Failed,
    Header,
    Message,
    Opened,
    Trace,
)
from exoswitch.exotel.trace.writing import TraceWriter

_ENTRIES = 60_000  # ten minutes of messages of 20 ms both ways


@define
class Kept:
    """What was said in one call; times on the outside are seconds on one clock."""

    header: Header
    began_at: float
    _entries: list[Entry] = field(factory=list, init=False)

    def attempted(self, url: str, now: float) -> None:
        """The bot is about to be dialled."""
        self._keep(Attempted(self._ms(now), url))

    def opened(self, now: float) -> None:
        """The handshake succeeded."""
        self._keep(Opened(self._ms(now)))

    def failed(self, error: str, now: float) -> None:
        """The handshake did not succeed."""
        self._keep(Failed(self._ms(now), error))

    def message(self, side: Side, data: bytes, now: float) -> None:
        """Somebody said something."""
        self._keep(Message(self._ms(now), side, data))

    def binary(self, size: int, now: float) -> None:
        """The bot said something that nobody understands."""
        self._keep(Binary(self._ms(now), size))

    def closed(self, code: int | None, reason: str, by: Side, now: float) -> None:
        """The connection is gone."""
        self._keep(Closed(self._ms(now), code, reason, by))

    def _ms(self, now: float) -> float:
        return 1000 * (now - self.began_at)

    def _keep(self, entry: Entry) -> None:
        if len(self._entries) < _ENTRIES:
            self._entries.append(entry)
        elif not isinstance(self._entries[-1], Cut):
            self._entries.append(Cut(entry.at_ms, "the call was too long to be kept"))

    def trace(self) -> Trace:
        """Give the whole."""
        return Trace(self.header, tuple(self._entries))

    def lines(self) -> bytes:
        """Write it as a trace's file, with its audio, and without secrets and phone numbers."""
        writer = TraceWriter(self.header, Redactor())
        return writer.first_line() + b"".join(writer.line(entry) for entry in self._entries)
