"""Core: a report as a table for a person, and as JSON or CSV for a program.

A table rounds each amount half-up to two decimals, after all sums. JSON and CSV have all six, as texts.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from exoswitch.billing.amounts import rounded
from exoswitch.billing.monthly import Monthly, exact
from exoswitch.billing.report import Line, Report
from exoswitch.printable import printable

_HEADINGS = ("CALLS", "ANSWERED", "MINUTES", "BILLED", "COST", "RENTAL", "RATE/MIN", "BASELINE", "SAVINGS", "%", "")
_NONE = "(none)"


def as_table(report: Report) -> str:
    """Give the lines under headings, the totals, the monthly items, and remarks."""
    parts = [f"from {report.first} to {report.last} (Indian time), by {report.by}"]
    if report.lines:
        rows = [(report.by.upper(), *_HEADINGS), *map(_row, report.lines), *map(_row, report.totals)]
        parts.append(_aligned(rows))
    else:
        parts.append("no calls ended in these days")
    parts += ["\n".join(remarks) for remarks in (_monthly(report), _pulses(report), _unpriced(report)) if remarks]
    return "\n\n".join(parts)


def as_json(report: Report) -> str:
    """Give an object with all of the report."""
    tree = {
        "from": report.first.isoformat(),
        "to": report.last.isoformat(),
        "by": report.by,
        "lines": [_facts(line) for line in report.lines],
        "totals": [_facts(line) for line in report.totals],
        "monthly": [
            {
                "trunk": item.trunk,
                "month": f"{item.month:%Y-%m}",
                "currency": item.currency,
                "days": item.days,
                "rental": _text(item.rental),
                "free_minutes": _text(item.free_minutes),
                "credit": _text(item.credit),
            }
            for item in report.monthly
        ],
        "pulses": [
            {
                "trunk": loss.trunk,
                "currency": loss.currency,
                "billed_s": loss.billed_s,
                "talked_ms": loss.talked_ms,
                "factor": _text(loss.factor),
                "cost": _text(loss.cost),
            }
            for loss in report.pulses
        ],
        "calls_without_a_price": dict(report.unpriced),
    }
    return json.dumps(tree, indent=2)


def as_csv(report: Report) -> str:
    """Give a line for each key and currency, under headings; totals are left out."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [report.by, *list(_facts(Line(key="", currency="")))[1:]], lineterminator="\n")
    writer.writeheader()
    for line in report.lines:
        facts = _facts(line)
        writer.writerow({report.by: plain(facts.pop("key")), **facts})
    return out.getvalue().rstrip("\n")


def _facts(line: Line) -> dict[str, Any]:
    return {
        "key": line.key,
        "currency": line.currency,
        "calls": line.calls,
        "answered": line.answered,
        "minutes": _text(minutes(line.talked_ms)),
        "billed_minutes": _text(minutes(line.billed_s * 1000)),
        "cost": _text(line.cost),
        "rental": _text(line.fixed),
        "total": _text(line.total),
        "rate": _text(line.rate),
        "baseline": _text(line.baseline),
        "savings": _text(line.savings),
        "savings_percent": _text(line.savings_percent),
        "calls_without_a_price": line.unpriced,
    }


def minutes(milliseconds: int) -> Decimal:
    """Give minutes with six decimals."""
    return exact(Fraction(milliseconds, 60_000))


def _row(line: Line) -> tuple[str, ...]:
    return (
        _shown(line.key),
        f"{line.calls:,}",
        f"{line.answered:,}",
        f"{rounded(minutes(line.talked_ms), 1):,}",
        f"{rounded(minutes(line.billed_s * 1000), 1):,}",
        _money(line.cost),
        _money(line.fixed),
        _money(line.rate, 4),
        _money(line.baseline),
        _money(line.savings),
        "-" if line.savings_percent is None else f"{rounded(line.savings_percent, 1):f}",
        line.currency,
    )


def _monthly(report: Report) -> list[str]:
    return [_monthly_item(item) for item in report.monthly]


def _monthly_item(item: Monthly) -> str:
    days = "1 day" if item.days == 1 else f"{item.days} days"
    free = f"{rounded(item.free_minutes, 0):,} free minutes"
    less = f", less {item.currency} {_money(item.credit)} for {free}" if item.free_minutes else ""
    return f"{item.trunk} {item.month:%Y-%m}, {days}: rental {item.currency} {_money(item.rental)}{less}"


def _pulses(report: Report) -> list[str]:
    return [
        f"{loss.trunk}: bills {rounded(loss.factor, 2)} times the time of talk, because of its pulses. "
        f"A pulse of one second would cost about {loss.currency} {_money(loss.cost)} less."
        for loss in report.pulses
        if rounded(loss.factor, 2) > 1
    ]


def _unpriced(report: Report) -> list[str]:
    return [
        f"{_shown(trunk)}: {count:,} answered calls have no price, and are left out of cost and savings; "
        "write a cost for their days"
        for trunk, count in sorted(report.unpriced.items())
    ]


def _money(amount: Decimal | None, places: int = 2) -> str:
    return "-" if amount is None else f"{rounded(amount, places):,f}"


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _shown(text: str) -> str:
    """Give a name for a terminal; the name of an account in an old row may be any text."""
    return printable(text) or _NONE


def plain(text: str) -> str:
    """Give a text of CSV that no spreadsheet takes for a formula, such as a number with a +."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _aligned(rows: Iterable[tuple[str, ...]]) -> str:
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(_line(row, widths) for row in table)


def _line(row: tuple[str, ...], widths: Iterable[int]) -> str:
    return "  ".join(_cells(row, widths)).rstrip()


def _cells(row: tuple[str, ...], widths: Iterable[int]) -> Iterator[str]:
    """Align the first cell and the last one to the left, and numbers to the right."""
    for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.ljust(width) if number in {0, len(row) - 1} else cell.rjust(width)
