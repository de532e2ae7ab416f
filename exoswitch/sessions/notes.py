"""Core: notes of sessions, which are what stores write, and the rows that they become in a database.

A note is written any number of times to the same effect, in any order: its event is known by call and sequence, and
a session's row gives way only to a note with a higher sequence. Replaying a journal rests on that. Nor can a gateway
that stood still, and whose calls others have taken over meanwhile, undo what they wrote.
"""

from collections import OrderedDict
from collections.abc import Iterable

from attrs import define, field, frozen

from exoswitch.call.session import Session
from exoswitch.sessions.document import event_text, to_text

SESSION_COLUMNS = (
    "call_sid",
    "account",
    "direction",
    "status",
    "customer",
    "exophone",
    "gateway",
    "created_at",
    "updated_at",
    "answered_at",
    "ended_at",
    "sequence",
    "document",
)
EVENT_COLUMNS = ("call_sid", "sequence", "created_at", "happened_at", "status", "detail")

_MICROSECONDS = 1_000_000
_TAKEOVER = 10**16  # microseconds since the epoch have as many digits until the year 2286; bigint holds 900 takeovers


@frozen
class Note:
    """A session as it was at one moment of its call; a later moment has a higher sequence."""

    sequence: int
    session: Session


@define
class Sequencer:
    """Numbers notes by takeover and microsecond, so that numbers rise over restarts too; never the same one twice."""

    _last: int = 0

    def note(self, session: Session, now: float) -> Note:
        """Number a session's new state; `now` is in seconds since the epoch, and may step back."""
        self._last = max(self._last + 1, int(now * _MICROSECONDS))
        return Note(session.takeovers * _TAKEOVER + self._last, session)

    def follow(self, notes: Iterable[Note]) -> None:
        """Number from now on beyond these, which others wrote, and whose clocks may be ahead of ours."""
        self._last = max([self._last, *(note.sequence % _TAKEOVER for note in notes)])


@define
class Unwritten:
    """The newest note of each call that is yet to be written; of more than `limit` calls the oldest are forgotten."""

    limit: int
    _notes: OrderedDict[str, Note] = field(factory=OrderedDict, init=False)

    def add(self, note: Note) -> None:
        """Remember a note, which is newer than all before it."""
        self._notes[note.session.call_sid] = note
        self._notes.move_to_end(note.session.call_sid)
        if len(self._notes) > self.limit:
            self._notes.popitem(last=False)

    def settle(self, notes: Iterable[Note]) -> None:
        """Forget what is written now, unless there is something newer."""
        for note in notes:
            unwritten = self._notes.get(note.session.call_sid)
            if unwritten is not None and unwritten.sequence <= note.sequence:
                del self._notes[note.session.call_sid]

    def get(self, call_sid: str) -> Note | None:
        """Give the note of a call, if one is yet to be written."""
        return self._notes.get(call_sid)

    def of_gateway(self, gateway: str) -> list[Note]:
        """Give the notes of the calls that this gateway carries."""
        return [note for note in self._notes.values() if note.session.gateway == gateway]


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
        session.customer,
        session.exophone,
        session.gateway,
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


def _storable(text: str | None) -> str | None:
    """Leave out what databases take in no text: NUL, and halves of surrogate pairs; the document has them all."""
    return text and text.replace("\0", "").encode(errors="replace").decode()
