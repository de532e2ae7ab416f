"""Adapter: reports records in the database that cannot be read: all are counted, and each is logged once."""

from collections.abc import Iterable

from attrs import define, field
from twisted.logger import Logger

from exoswitch.errors import CorruptRecord
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.sessions.notes import Note

_KNOWN_MAX = 1000


@define(eq=False)
class UnreadableRecords:
    """The records that were logged; the rows stay in the database, where a newer exoswitch may read them."""

    _metrics: IMetrics
    _log: Logger
    _known: set[str] = field(factory=set, init=False)

    def left_out(self, records: Iterable[Note | CorruptRecord]) -> list[Note]:
        """Give the notes that could be read, and report the others."""
        notes = []
        for record in records:
            if isinstance(record, Note):
                notes.append(record)
            else:
                self._report(str(record))
        return notes

    def _report(self, problem: str) -> None:
        self._metrics.add("session_records_corrupt_total")
        if problem not in self._known and len(self._known) < _KNOWN_MAX:
            self._known.add(problem)
            self._log.error("{problem}; the call is treated as unknown", problem=problem)
