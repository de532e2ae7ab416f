"""Core: a call kept as a trace in memory, for comparison, for `--save`, and for a later replay."""

from attrs import define, field

from exoswitch.exotel.trace.redaction import Redactor
from exoswitch.exotel.trace.trace import Cut, Entry, Header, Trace
from exoswitch.exotel.trace.writing import TraceWriter

_ENTRIES = 60_000  # ten minutes of 20 ms messages both ways


@define
class Kept:
    """The entries of one call's trace, in order. Entries beyond the limit are replaced by one `Cut`."""

    header: Header
    _entries: list[Entry] = field(factory=list, init=False)

    def add(self, entry: Entry) -> None:
        """Keep an entry."""
        if len(self._entries) < _ENTRIES:
            self._entries.append(entry)
        elif not isinstance(self._entries[-1], Cut):
            self._entries.append(Cut(entry.at_ms, "the call was too long to be kept"))

    def trace(self) -> Trace:
        """Give the trace."""
        return Trace(self.header, tuple(self._entries))

    def lines(self) -> bytes:
        """Give the trace as a file, with audio, without secrets and phone numbers."""
        writer = TraceWriter(self.header, Redactor())
        return writer.first_line() + b"".join(writer.line(entry) for entry in self._entries)
