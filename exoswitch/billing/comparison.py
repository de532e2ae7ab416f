"""Adapter: compares our answered calls with the carrier's records, in a temporary database on the disk.

Both sides come in any order and any number: SQLite sorts them, and removes its file when it is closed. A record and a
call belong together if they have the same number, and their answers are at most three seconds apart.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from attrs import define, evolve, field, frozen

from exoswitch.billing.amounts import ZERO, millionths, of_millionths, rounded
from exoswitch.billing.carrier_records import CarrierRecord, number_of
from exoswitch.billing.usage import AnsweredCall
from exoswitch.errors import BackendUnavailable

APART_S = 3.0

_TABLES = """
CREATE TABLE carriers (number TEXT, answered_at REAL, duration_ms INTEGER, charge TEXT, line INTEGER);
CREATE TABLE ours (number TEXT, answered_at REAL, talked_ms INTEGER, amount INTEGER, call_sid TEXT, is_free INTEGER);
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
"""
_ADD_RECORD = "INSERT INTO carriers VALUES (?, ?, ?, ?, ?)"
_ADD_CALL = "INSERT INTO ours VALUES (?, ?, ?, ?, ?, ?)"
_RECORDS = "SELECT * FROM carriers WHERE answered_at BETWEEN ? AND ? ORDER BY number, answered_at"
_CALLS = "SELECT * FROM ours WHERE answered_at BETWEEN ? AND ? ORDER BY number, answered_at"


class Kind(Enum):
    """How a call differs."""

    MISSING_HERE = "missing here"
    MISSING_THERE = "missing at the carrier"
    DURATION = "other duration"
    CHARGE = "other charge"


class _Record(NamedTuple):
    number: str
    answered_at: float
    duration_ms: int
    charge: str | None
    line: int


class _Call(NamedTuple):
    number: str
    answered_at: float
    talked_ms: int
    amount: int | None
    call_sid: str
    is_free: int


@frozen(kw_only=True)
class Difference:
    """One call that differs: `ours` and `carriers` are seconds or amounts, None on a side without one."""

    kind: Kind
    number: str
    answered_at: float
    call_sid: str | None = None
    line: int | None = None
    ours: Decimal | None = None
    carriers: Decimal | None = None


@define
class Totals:
    """The calls and amounts of both sides, and the differences of each kind."""

    ours: int = 0
    carriers: int = 0
    our_amount: Decimal = ZERO
    carriers_amount: Decimal = ZERO
    differences: dict[Kind, int] = field(factory=lambda: dict.fromkeys(Kind, 0))


class Comparison:
    """Takes both sides, then gives the differences and counts; close it afterwards.

    Durations that differ by `tolerance_s` or less are the same. All methods but `close` may raise BackendUnavailable,
    if the disk is full.
    """

    def __init__(self, tolerance_s: float = 1.0) -> None:
        self.totals = Totals()
        self._tolerance_ms = round(tolerance_s * 1000)
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_TABLES)

    def add_records(self, records: Iterable[CarrierRecord]) -> None:
        """Take records of the carrier."""
        with _on_disk():
            self._database.executemany(_ADD_RECORD, map(_record_row, records))

    def add_calls(self, calls: Iterable[AnsweredCall]) -> None:
        """Take calls of ours; one for which nothing is billed, such as an inbound one, may miss at the carrier."""
        with _on_disk():
            self._database.executemany(_ADD_CALL, map(_call_row, calls))

    def span(self) -> tuple[float, float] | None:
        """Give the first and the last answer in the carrier's records; None if there are none."""
        ((first, last),) = self._database.execute("SELECT min(answered_at), max(answered_at) FROM carriers")
        return None if first is None else (first, last)

    def differences(self, begin: float, end: float) -> Iterator[Difference]:
        """Give the differences of calls that were answered from `begin` to `end`, ordered by number and time."""
        around = (begin - APART_S, end + APART_S)  # the other side of a call at the edge may be outside
        with _on_disk():
            records = map(_Record._make, self._database.execute(_RECORDS, around))
            calls = map(_Call._make, self._database.execute(_CALLS, around))
        for record, call in _pairs(records, calls):
            if record is None and call is not None and call.is_free:
                continue
            if any(one is not None and begin <= one.answered_at <= end for one in (record, call)):
                self._count(record, call)
                for difference in self._compared(record, call):
                    self.totals.differences[difference.kind] += 1
                    yield difference

    def close(self) -> None:
        """Remove the temporary database."""
        self._database.close()

    def _count(self, record: _Record | None, call: _Call | None) -> None:
        if record is not None:
            self.totals.carriers += 1
            self.totals.carriers_amount += Decimal(record.charge or 0)
        if call is not None:
            self.totals.ours += 1
            self.totals.our_amount += of_millionths(call.amount or 0)

    def _compared(self, record: _Record | None, call: _Call | None) -> Iterator[Difference]:
        if record is not None and call is not None:
            yield from self._compared_pair(record, call)
        elif record is not None:
            yield Difference(
                kind=Kind.MISSING_HERE,
                number=record.number,
                answered_at=record.answered_at,
                line=record.line,
                carriers=_seconds(record.duration_ms),
            )
        elif call is not None:
            yield _of_call(Kind.MISSING_THERE, call, _seconds(call.talked_ms))

    def _compared_pair(self, record: _Record, call: _Call) -> Iterator[Difference]:
        if abs(record.duration_ms - call.talked_ms) > self._tolerance_ms:
            difference = _of_call(Kind.DURATION, call, _seconds(call.talked_ms))
            yield evolve(difference, line=record.line, carriers=_seconds(record.duration_ms))
        if record.charge is not None:
            charge, amount = Decimal(record.charge), None if call.amount is None else of_millionths(call.amount)
            if amount is None or rounded(amount, _places(charge)) != charge:
                yield evolve(_of_call(Kind.CHARGE, call, amount), line=record.line, carriers=charge)


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        remedy = "free some space, or set SQLITE_TMPDIR to another folder"
        raise BackendUnavailable(f"the temporary database cannot be used: {error}; {remedy}") from error


def _of_call(kind: Kind, call: _Call, ours: Decimal | None) -> Difference:
    return Difference(kind=kind, number=call.number, answered_at=call.answered_at, call_sid=call.call_sid, ours=ours)


def _pairs(records: Iterator[_Record], calls: Iterator[_Call]) -> Iterator[tuple[_Record | None, _Call | None]]:
    """Bring both sides together; both are ordered by number and time."""
    record, call = next(records, None), next(calls, None)
    while record is not None or call is not None:
        has_record = record is not None and not (call is not None and _is_before(call, record))
        has_call = call is not None and not (record is not None and _is_before(record, call))
        yield record if has_record else None, call if has_call else None
        if has_record:
            record = next(records, None)
        if has_call:
            call = next(calls, None)


def _is_before(one: _Record | _Call, other: _Record | _Call) -> bool:
    """Whether one comes before another, which does not belong to it."""
    if one.number != other.number:
        return one.number < other.number
    return one.answered_at < other.answered_at - APART_S


def _places(amount: Decimal) -> int:
    """Give the decimals that the carrier writes."""
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _seconds(milliseconds: int) -> Decimal:
    return Decimal(milliseconds).scaleb(-3)


def _record_row(record: CarrierRecord) -> tuple[object, ...]:
    charge = None if record.charge is None else str(record.charge)
    return record.number, record.answered_at, int(record.duration_s * 1000), charge, record.line


def _call_row(call: AnsweredCall) -> tuple[object, ...]:
    amount = None if call.amount is None else millionths(call.amount)
    number = number_of(call.number)
    return number, call.answered_at, call.talked_ms, amount, call.call_sid, call.billed_s == 0
