"""Adapter: lists of calls: the rows of the database, and the notes that are not written yet in their place.

Reading a hundred sessions takes some milliseconds, so they are read in parts; other work is done between two parts.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import define
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from exoswitch.call.search import CallPage, CallSearch, Position, has_live_bot
from exoswitch.call.session import Session
from exoswitch.errors import CorruptRecord
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.notes import Note, Unwritten, read_note
from exoswitch.sessions.unreadable import UnreadableRecords

READ_AT_ONCE = 20

_Row = tuple[Any, ...]


@define(eq=False)
class CallLists:
    """Answers questions about all calls of an account; `ask` asks the database, and words its failure."""

    _database: ISessionDatabase
    _unwritten: Unwritten
    _unreadable: UnreadableRecords
    _clock: IReactorTime
    _ask: Callable[..., Awaitable[Any]]

    async def search(self, search: CallSearch) -> CallPage:
        """Give a page of calls, each as last noted."""
        if search.is_void:
            return search.page([])
        # Taken before the question: a note that is written while it runs is left out of its answer.
        unwritten = [note.session for note in self._unwritten.of_account(search.account)]
        left_out = [session.call_sid for session in unwritten]
        rows: list[_Row] = await self._ask("calls cannot be listed", self._database.search, search, left_out)
        written = [note.session for note in self._unreadable.left_out(await self._read(rows))]
        found = search.first(unwritten)
        if len(rows) > search.limit:  # There may be other calls behind the last one that was read.
            found = [session for session in found if written and _is_reached(search, session, written[-1])]
        return search.page(search.in_order([*found, *written]), has_more=len(rows) > search.limit and bool(written))

    async def live_bots(self, account: str) -> int:
        """Count the answered calls that have a bot."""
        unwritten = [note.session for note in self._unwritten.of_account(account)]
        left_out = [session.call_sid for session in unwritten]
        counted: int = await self._ask("live calls cannot be counted", self._database.live_bots, account, left_out)
        return counted + sum(map(has_live_bot, unwritten))

    async def costs(self, account: str, since: float) -> Mapping[str, Decimal]:
        """Sum up the costs that are written."""
        costs: Mapping[str, Decimal] = await self._ask(
            "costs cannot be summed up", self._database.costs, account, since
        )
        return costs

    async def _read(self, rows: Sequence[_Row]) -> list[Note | CorruptRecord]:
        records: list[Note | CorruptRecord] = []
        for start in range(0, len(rows), READ_AT_ONCE):
            if start:
                await deferLater(self._clock, 0)
            records += [read_note(*row) for row in rows[start : start + READ_AT_ONCE]]
        return records


def _is_reached(search: CallSearch, session: Session, last: Session) -> bool:
    """Whether a call is not beyond the last one that was read: there, other calls may come before it."""
    there, end = Position.of(session), Position.of(last)
    return there >= end if search.is_descending else there <= end
