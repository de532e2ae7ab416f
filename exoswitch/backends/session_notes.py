"""Core: notes of sessions, which are what stores write, and the rows that they become in a database.

A note is written any number of times to the same effect, in any order: its event is known by call and sequence, and
a session's row gives way only to a note with a higher sequence. Replaying a journal rests on that.
"""

from collections.abc import Iterable

from attrs import define, frozen

from exoswitch.backends.session_document import event_text, to_text
from exoswitch.session import Session

SESSION_COLUMNS = (
    "call_sid",
    "account",
    "direction",
    "status",
    "caller",
    "callee",
    "exophone",
    "created_at",
    "updated_at",
    "answered_at",
    "ended_at",
    "sequence",
    "document",
)
EVENT_COLUMNS = ("call_sid", "sequence", "created_at", "happened_at", "status", "detail")

_MICROSECONDS = 1_000_000


@frozen
class Note:
    """A session as it was at one moment of its call; a later moment has a higher sequence."""

    sequence: int
    session: Session


@define
class Sequencer:
    """Numbers notes by the microsecond, so that numbers rise over restarts as well; never the same one twice."""

    _last: int = 0

    def note(self, session: Session, now: float) -> Note:
        """Number a session's new state; `now` is in seconds since the epoch, and may step back."""
        self._last = max(self._last + 1, int(now * _MICROSECONDS))
        return Note(self._last, session)


def newest(notes: Iterable[Note]) -> list[Note]:
    """Give the last note of each call, ordered by the call's SID, so that no two writers wait for each other."""
    last: dict[str, Note] = {}
    for note in notes:
        known = last.get(note.session.call_sid)
        if known is None or known.sequence < note.sequence:
            last[note.session.call_sid] = note
    return [last[call_sid] for call_sid in sorted(last)]


def session_row(note: Note) -> tuple[object, ...]:
    """Give the values of a session's row, in the order of SESSION_COLUMNS."""
    session = note.session
    texts = (
        session.call_sid,
        session.account,
        session.direction.value,
        session.status.value,
        session.caller,
        session.callee,
        session.exophone,
    )
    times = (session.created_at, session.updated_at, session.answered_at, session.ended_at)
    return (*map(_storable, texts), *times, note.sequence, to_text(session))


def event_row(note: Note) -> tuple[object, ...]:
    """Give the values of an event's row, in the order of EVENT_COLUMNS."""
    session = note.session
    return (
        _storable(session.call_sid),
        note.sequence,
        session.created_at,
        session.updated_at,
        session.status.value,
        event_text(session),
    )


def _storable(text: str) -> str:
    """Leave out what databases take in no text: NUL, and halves of surrogate pairs; the document has them all."""
    return text.replace("\0", "").encode(errors="replace").decode()
