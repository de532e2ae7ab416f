"""Root: `exoswitch report --carrier-cdr FILE`: what differs between our calls and the carrier's own records."""

import argparse
import csv
import datetime as dt
import itertools
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TextIO

from attrs import define, field

from exoswitch.billing.amounts import rounded
from exoswitch.billing.carrier_records import FIELDS, CarrierRecord, delimiter_of, read_records
from exoswitch.billing.comparison import APART_S, Comparison, Difference, Kind
from exoswitch.billing.report_text import plain
from exoswitch.commands.stored_sessions import ledger
from exoswitch.config.model import Config
from exoswitch.errors import CorruptRecord, InvalidValue
from exoswitch.printable import printable
from exoswitch.sessions.interfaces import ILedger
from exoswitch.sessions.ledger_rows import LONGEST_WAIT_S
from exoswitch.tasks.deferred import deferred
from exoswitch.telephony.indian_time import INDIA, start_of
from exoswitch.telephony.numbers import mask

_AT_ONCE_S = 600.0  # the calls of ten minutes are read by one question
_LONGEST_DAYS = 400
_BAD_SHOWN = 10
_HEADER_MAX = 64 * 1024  # characters
_HEADINGS = ("difference", "number", "answered", "ours", "carriers", "call_sid", "line")


@define
class _BadLines:
    """The lines that cannot be read: their number, and the first ones."""

    count: int = 0
    first: list[str] = field(factory=list)

    def add(self, problem: CorruptRecord) -> None:
        self.count += 1
        if self.count <= _BAD_SHOWN:
            self.first.append(str(problem))


@deferred
async def compare(config: Config, options: argparse.Namespace, reactor: Any) -> int:
    """Print each difference, then the totals; the exit status is 0 if nothing differs, else 1.

    Raises:
        ConfigError: this configuration keeps no calls.
        InvalidValue: an option does not fit the carrier's file.
        BackendUnavailable: the session store cannot be reached.
    """
    source = ledger(config, reactor)
    comparison, bad = Comparison(options.tolerance), _BadLines()
    try:
        _read_file(options, comparison, bad)
        begin, end = _span(options, comparison, bad)
        known = [trunk.name for trunk in config.trunks]
        for name in set(options.trunk) - set(known):  # its earlier calls can still be compared
            print(f"warning: --trunk: {options.file} has no trunk {name!r}", file=sys.stderr)
        trunks = options.trunk or known
        await _read_calls(source, trunks, comparison, begin, end)
        _print(options, comparison, comparison.differences(begin, end), bad)
    finally:
        source.close()
        comparison.close()
    return 1 if bad.count or any(comparison.totals.differences.values()) else 0


def columns(text: str) -> dict[str, str]:
    """Read ``number=Called No,answered=Date+Time`` of the command line.

    Raises:
        InvalidValue: it has another form.
    """
    named = {}
    for part in text.split(",") if text else ():
        name, equals, heading = part.partition("=")
        if name.strip() not in FIELDS or not equals or not heading.strip():
            raise InvalidValue(f"--columns: {part!r} is not FIELD=HEADING with a field of {', '.join(FIELDS)}")
        named[name.strip()] = heading.strip()
    return named


def _read_file(options: argparse.Namespace, comparison: Comparison, bad: _BadLines) -> None:
    with options.carrier_cdr.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        header = lines.readline(_HEADER_MAX)
        read = read_records(itertools.chain([header], lines), columns(options.columns), delimiter_of(header))
        comparison.add_records(_good(read, bad))


def _good(read: Iterable[CarrierRecord | CorruptRecord | None], bad: _BadLines) -> Iterator[CarrierRecord]:
    for record in read:
        if isinstance(record, CorruptRecord):
            bad.add(record)
        elif record is not None:
            yield record


def _span(options: argparse.Namespace, comparison: Comparison, bad: _BadLines) -> tuple[float, float]:
    """Give the time to compare: the days of the options, or from the carrier's first call to its last."""
    found = comparison.span()
    if found is None:
        unread = f"; lines that cannot be read: {bad.count}; {bad.first[0]}" if bad.count else ""
        raise InvalidValue(f"--carrier-cdr: {options.carrier_cdr} has no answered call{unread}")
    begin, end = found
    if options.first is not None:
        begin = start_of(options.first)
    if options.last is not None:
        end = start_of(options.last + dt.timedelta(days=1)) - 0.001
    if end < begin:
        raise InvalidValue("--from, --to: the file has no call of these days")
    if end - begin > _LONGEST_DAYS * 86400:
        first, last = (dt.datetime.fromtimestamp(moment, INDIA).date() for moment in (begin, end))
        raise InvalidValue(
            f"--from, --to: the calls are from {first} to {last}; name at most {_LONGEST_DAYS} days to compare"
        )
    return begin, end


async def _read_calls(
    source: ILedger, trunks: Collection[str], comparison: Comparison, begin: float, end: float
) -> None:
    """Read the answered calls of these trunks, some minutes at a time."""
    currencies: set[str] = set()
    await source.open()
    at = begin - APART_S - LONGEST_WAIT_S
    while at <= end + APART_S:
        calls = [call for call in await source.answered(at, at + _AT_ONCE_S) if call.trunk in trunks]
        comparison.add_calls(calls)
        currencies |= {call.currency for call in calls if call.amount}
        if len(currencies) > 1:
            known = " and ".join(sorted(currencies))
            raise InvalidValue(f"--trunk: the calls cost {known}, which are not added up; name this carrier's trunks")
        at += _AT_ONCE_S


def _print(
    options: argparse.Namespace, comparison: Comparison, differences: Iterable[Difference], bad: _BadLines
) -> None:
    rows = (_row(difference, shows_number=options.numbers) for difference in differences)
    if options.json:
        for row in rows:
            print(json.dumps(row))
        print(json.dumps(_summary(comparison, bad)))
        return
    if options.csv:
        _write_csv(rows, sys.stdout)
        return
    for row in rows:
        print(_sentence(row))
    print(_totals(comparison, bad))


def _row(difference: Difference, *, shows_number: bool) -> dict[str, Any]:
    return {
        "difference": difference.kind.value,
        "number": difference.number if shows_number else mask(difference.number),
        "answered": dt.datetime.fromtimestamp(difference.answered_at, INDIA).isoformat(" ", "seconds")[:19],
        "ours": None if difference.ours is None else f"{difference.ours:f}",
        "carriers": None if difference.carriers is None else f"{difference.carriers:f}",
        "call_sid": difference.call_sid,
        "line": difference.line,
    }


def _write_csv(rows: Iterable[Mapping[str, Any]], out: TextIO) -> None:
    writer = csv.DictWriter(out, _HEADINGS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "number": plain(row["number"])})


def _sentence(row: Mapping[str, Any]) -> str:
    unit = "" if row["difference"] == Kind.CHARGE.value else " s"
    sides = [f"{name} {row[key]}{unit}" for name, key in (("here", "ours"), ("carrier", "carriers")) if row[key]]
    where = [f"call {row['call_sid']}"] * bool(row["call_sid"]) + [f"line {row['line']}"] * bool(row["line"])
    number = printable(row["number"])
    return f"{row['difference']}: {number} {row['answered']}: {', '.join([*sides, *where])}"


def _summary(comparison: Comparison, bad: _BadLines) -> dict[str, Any]:
    totals = comparison.totals
    return {
        "calls": totals.ours,
        "carriers_calls": totals.carriers,
        "amount": f"{totals.our_amount:f}",
        "carriers_amount": f"{totals.carriers_amount:f}",
        "differences": {kind.value: count for kind, count in totals.differences.items()},
        "bad_lines": bad.count,
    }


def _totals(comparison: Comparison, bad: _BadLines) -> str:
    totals = comparison.totals
    counts = ", ".join(f"{count:,} {kind.value}" for kind, count in totals.differences.items())
    lines = [
        f"calls: {totals.ours:,} here, {totals.carriers:,} at the carrier; {counts}",
        f"amounts: {rounded(totals.our_amount, 2):,} here, {rounded(totals.carriers_amount, 2):,} at the carrier",
    ]
    if bad.count:
        lines += [f"lines that cannot be read, and are left out: {bad.count:,}", *bad.first]
    return "\n".join(lines)
