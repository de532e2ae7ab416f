"""Core: the rows of callbacks that notes add to the outbox, in the transaction that writes the notes."""

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any

from attrs import fields

from exoswitch.outbox.callbacks import Callback, CallbackRow, callbacks_of
from exoswitch.sessions.document import to_text
from exoswitch.sessions.notes import Note, storable

CALLBACK_COLUMNS = tuple(column.name for column in fields(CallbackRow))

callback_values: Callable[[CallbackRow], tuple[Any, ...]] = attrgetter(*CALLBACK_COLUMNS)
"""Gives the values of a callback's row; `attrs.astuple` looks into each of them, and takes ten times as long."""

KNOWN_CALLBACK = (
    "ON CONFLICT (call_sid, position) DO UPDATE SET document = excluded.document "
    "WHERE callbacks.event = 'terminal' AND callbacks.state = 'waiting' AND callbacks.leased_by IS NULL"
)
"""A callback is added once. Facts that come after the end, as of a second phone, are told if nothing was sent yet."""

LATE_S = 2 * 86_400.0
"""Notes of changes later than this after a call's end tell a dialer nothing.

The outbox keeps delivered callbacks for longer, so that no such note adds a callback again.
"""


def callback_rows(notes: Iterable[Note]) -> Iterator[tuple[Note, CallbackRow]]:
    """Give the rows for the newest notes of calls, each with its note."""
    for note in notes:
        # By its session, not its sequence: after a clock was ahead once, that stays ahead.
        ended_at = note.session.ended_at
        if ended_at is None or note.session.updated_at - ended_at <= LATE_S:
            for callback in callbacks_of(note.session):
                is_newest = callback.session is note.session
                yield note, _row(callback, note.document if is_newest else to_text(callback.session))


def _row(callback: Callback, document: str) -> CallbackRow:
    session = callback.session
    return CallbackRow(
        call_sid=storable(session.call_sid),
        position=callback.position,
        event=callback.event,
        leg=callback.leg,
        account=storable(session.account),
        receiver=storable(callback.receiver),
        due_at=callback.due_at,
        document=document,
    )
