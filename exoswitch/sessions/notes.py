"""Core: notes: numbered states of sessions, and their rows in a database.

Notes may be written several times and in any order, with the same result: call and sequence identify an event, and
only a note with a higher sequence replaces a session's row. So a journal can be replayed twice. After a failover, the
former gateway of a call cannot overwrite the notes of the new one. The end of a call is final: a dialer may have been
told of it, so no note replaces it by another end, or by none. An end also replaces a higher note of the same
takeover: while it waited in a journal, the gateway that had accepted the call may have taken it for undialled.
"""

from collections import OrderedDict
from collections.abc import Iterable
from enum import Enum
from functools import cached_property
from typing import Any

from attrs import define, field, frozen

from exoswitch.billing.amounts import millionths
from exoswitch.call.search import price, talked_ms
from exoswitch.call.session import Session
from exoswitch.errors import CorruptRecord
from exoswitch.sessions.document import event_text, from_text, to_text

_TEXTS = (
    "call_sid",
    "account",
    "direction",
    "status",
    "customer",
    "exophone",
    "gateway",
    "trunk",
    "app",
    "parent_call_sid",
)
_TIMES = ("created_at", "updated_at", "answered_at", "ended_at")

_CHARGES = ("talked_ms", "billed_s", "cost", "currency", "baseline", "baseline_currency")
_SECONDS = ("second_number", "price")

SESSION_COLUMNS = (*_TEXTS, *_TIMES, *_CHARGES, *_SECONDS, "sequence", "document")
EVENT_COLUMNS = ("call_sid", "sequence", "created_at", "happened_at", "status", "detail")

_MICROSECONDS = 1_000_000
_TAKEOVER = 10**16  # more than microseconds since the epoch until the year 2286; bigint holds 900 takeovers


@frozen
class Note:
    """A session at one moment of its call; a later moment has a higher sequence."""

    sequence: int
    session: Session

    @cached_property
    def document(self) -> str:
        """The session as text: a batch writes it into several rows."""
        return to_text(self.session)


@define
class Sequencer:
    """Numbers notes by takeovers and microseconds: numbers rise even over restarts, and are never used twice."""

    _last: int = 0

    def note(self, session: Session, now: float) -> Note:
        """Number a session's new state; `now` is in seconds since the epoch, and may go back."""
        self._last = max(self._last + 1, int(now * _MICROSECONDS))
        return Note(session.takeovers * _TAKEOVER + self._last, session)

    def follow(self, notes: Iterable[Note]) -> None:
        """Give later notes higher numbers than these: other gateways wrote them, by clocks that may be ahead."""
        self._last = max([self._last, *(note.sequence % _TAKEOVER for note in notes)])


@define
class Unwritten:
    """The newest unwritten note of each call; above `limit` calls, the oldest are forgotten."""

    limit: int
    _notes: OrderedDict[str, Note] = field(factory=OrderedDict, init=False)

    def __len__(self) -> int:
        """Count the calls."""
        return len(self._notes)

    def add(self, note: Note) -> None:
        """Remember a note that is newer than all others."""
        self._notes[note.session.call_sid] = note
        self._notes.move_to_end(note.session.call_sid)
        if len(self._notes) > self.limit:
            self._notes.popitem(last=False)

    def settle(self, notes: Iterable[Note]) -> None:
        """Forget notes that are written, unless the call has a newer one."""
        for note in notes:
            unwritten = self._notes.get(note.session.call_sid)
            if unwritten is not None and unwritten.sequence <= note.sequence:
                del self._notes[note.session.call_sid]

    def get(self, call_sid: str) -> Note | None:
        """Give the unwritten note of a call, or None."""
        return self._notes.get(call_sid)

    def of_account(self, account: str) -> list[Note]:
        """Give the unwritten notes of this account's calls."""
        return [note for note in self._notes.values() if note.session.account == account]

    def of_gateway(self, gateway: str) -> list[Note]:
        """Give the unwritten notes of this gateway's calls."""
        return [note for note in self._notes.values() if note.session.gateway == gateway]


def newest(notes: Iterable[Note]) -> list[Note]:
    """Give the newest note of each call, in the order of SIDs: rows locked in one order cannot deadlock."""
    last: dict[str, Note] = {}
    for note in notes:
        known = last.get(note.session.call_sid)
        if known is None or known.sequence < note.sequence:
            last[note.session.call_sid] = note
    return [last[call_sid] for call_sid in sorted(last)]


def may_follow(known: Session, later: Session) -> bool:
    """Whether a note may replace a session: one that has ended keeps its end and its status."""
    return known.ended_at is None or (known.ended_at, known.status) == (later.ended_at, later.status)


IF_IT_MAY_FOLLOW = (
    "WHERE CASE WHEN sessions.ended_at IS NULL THEN excluded.sequence > sessions.sequence "
    f"OR (excluded.ended_at IS NOT NULL AND excluded.sequence / {_TAKEOVER} = sessions.sequence / {_TAKEOVER}) "
    "ELSE excluded.sequence > sessions.sequence "
    "AND excluded.ended_at = sessions.ended_at AND excluded.status = sessions.status END"
)
"""SQL: the condition on which a note replaces a session's row; see `may_follow`."""


def session_row(note: Note) -> tuple[object, ...]:
    """Give the values of a session's row, in the order of SESSION_COLUMNS; amounts are whole millionths."""
    session = note.session
    texts = (_column(getattr(session, name)) for name in _TEXTS)
    times = (getattr(session, name) for name in _TIMES)
    return (*texts, *times, *_charges(session), *_seconds(session), note.sequence, note.document)


def read_note(call_sid: object, sequence: object, document: Any) -> Note | CorruptRecord:
    """Read a note from a session's row, whose values may have any type; give the error if it cannot be read."""
    try:
        session = from_text(document)
    except CorruptRecord as error:
        return CorruptRecord(f"call {call_sid}: {error}")
    if not isinstance(sequence, int):
        return CorruptRecord(f"call {call_sid}: its row has no sequence")
    if storable(session.call_sid) != call_sid:
        return CorruptRecord(f"call {call_sid}: its row has the document of another call")
    return Note(sequence, session)


def event_row(note: Note) -> tuple[object, ...]:
    """Give the values of an event's row, in the order of EVENT_COLUMNS."""
    session = note.session
    times = (session.created_at, session.updated_at)
    return (storable(session.call_sid), note.sequence, *times, session.status.value, event_text(session))


def storable(text: str) -> str:
    """Give a text without NUL and lone surrogates, which databases refuse; the document has them."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _charges(session: Session) -> tuple[object, ...]:
    """Give the values of _CHARGES; they are None until the call has ended."""
    charge = session.charge
    if charge is None:
        return (talked_ms(session), None, None, None, None, None)
    cost = None if charge.amount is None else millionths(charge.amount)
    currencies = storable(charge.currency), storable(charge.baseline_currency)
    return (talked_ms(session), charge.billed_s, cost, currencies[0], millionths(charge.baseline), currencies[1])


def _seconds(session: Session) -> tuple[object, ...]:
    """Give the values of _SECONDS, of a call between two phones only; the price is that of both."""
    if session.second is None:
        return (None, None)
    total = price(session)
    return (storable(session.second.number), None if total is None else millionths(total))


def _column(value: str | Enum | None) -> str | None:
    """Give the text of a column."""
    text = value.value if isinstance(value, Enum) else value
    return None if text is None else storable(text)
