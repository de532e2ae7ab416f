"""Adapter: the costs of calls in a SQLite file, which is read only."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from exoswitch.billing.amounts import of_millionths
from exoswitch.billing.usage import AnsweredCall, Grouping, Usage
from exoswitch.errors import BackendUnavailable
from exoswitch.sessions.interfaces import ILedger
from exoswitch.sessions.ledger_rows import (
    ANSWER_S,
    answered_question,
    check_version,
    read_answered,
    read_usage,
    usage_question,
    usage_times,
)
from exoswitch.store.schema_versions import read_schema
from exoswitch.store.sqlite import SqliteFile
from exoswitch.tasks.deferred import deferred

_COST, _BASELINE = 10, 12  # columns of sums
_AMOUNT = 6  # column of a single call


@implementer(ILedger)
class SqliteLedger:
    """The file at `path`; `pool` is adbapi's, or a test's double of it."""

    def __init__(self, path: str | Path, reactor: Any, *, pool: Any = None) -> None:
        self._file = SqliteFile(path, reactor, pool=pool, is_read_only=True)
        self.name = self._file.name

    @deferred
    async def open(self) -> None:
        """Open the file, and check its schema."""
        await self._file.open(read_schema("sqlite"))
        ((version,),) = await self._ask("PRAGMA user_version", ())
        try:
            check_version(version)
        except BackendUnavailable as problem:
            raise BackendUnavailable(f"{self.name}: {problem}") from None

    @deferred
    async def usage(self, begin: float, end: float, by: Grouping) -> list[Usage]:
        """Sum up the calls of this time."""
        rows = await self._ask(usage_question(by, "?"), usage_times(begin, end))
        return read_usage(_with_amounts(row, _COST, _BASELINE) for row in rows)

    @deferred
    async def answered(self, begin: float, end: float) -> list[AnsweredCall]:
        """Read the answered calls that began in this time."""
        rows = await self._ask(answered_question("?", "answered_at"), (begin, end))
        return read_answered(_with_amounts(row, _AMOUNT) for row in rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _ask(self, question: str, values: Sequence[object]) -> Deferred[list[tuple[Any, ...]]]:
        return self._file.run(_all_rows, question, values, within_s=ANSWER_S)


def _all_rows(cursor: sqlite3.Cursor, question: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    return cursor.execute(question, values).fetchall()


def _with_amounts(row: Sequence[Any], *columns: int) -> list[Any]:
    """Give a row whose amounts are decimals."""
    return [
        of_millionths(value) if number in columns and value is not None else value for number, value in enumerate(row)
    ]
