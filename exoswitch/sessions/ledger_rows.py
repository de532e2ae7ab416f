"""Core: what a report asks of a database of sessions, and how it reads the rows of the answer."""

from collections.abc import Iterable, Sequence
from typing import Any

from exoswitch.billing.amounts import ZERO
from exoswitch.billing.usage import AnsweredCall, Grouping, Usage
from exoswitch.errors import BackendUnavailable

LONGEST_WAIT_S = 3600.0
"""Between the beginning of a call and its answer; a call rings for 600 s at most."""

ANSWER_S = 300.0
"""How long a database may take for the calls of one day."""

_FIRST_VERSION = 4

_KEYS = {"trunk": "NULL", "day": "NULL", "account": "account", "app": "app"}
_SUMS = (
    "count(*), count(answered_at), sum(talked_ms), sum(talked_ms) FILTER (WHERE cost IS NOT NULL), "
    "sum(talked_ms) FILTER (WHERE billed_s > 0), sum(billed_s), sum(cost), "
    "count(*) FILTER (WHERE answered_at IS NOT NULL AND cost IS NULL), sum(baseline) FILTER (WHERE cost IS NOT NULL)"
)
# The first condition leads to the index, and in PostgreSQL to the months; the second one is exact.
_USAGE = (
    "SELECT {key}, trunk, currency, baseline_currency, {sums} FROM sessions WHERE ended_at IS NOT NULL "
    "AND created_at >= {moment} AND created_at < {moment} "
    "AND coalesce(answered_at, created_at) >= {moment} AND coalesce(answered_at, created_at) < {moment} "
    "GROUP BY 1, 2, 3, 4"
)
_ANSWERED = (
    "SELECT call_sid, trunk, customer, {answered_at}, talked_ms, billed_s, cost, currency FROM sessions "
    "WHERE ended_at IS NOT NULL AND answered_at IS NOT NULL AND created_at >= {moment} AND created_at < {moment}"
)


def usage_question(by: Grouping, moment: str) -> str:
    """Give the question for sums; `moment` is the database's form for a time, four of which it takes."""
    return _USAGE.format(key=_KEYS[by], sums=_SUMS, moment=moment)


def usage_times(begin: float, end: float) -> tuple[float, float, float, float]:
    """Give the times of that question."""
    return (begin - LONGEST_WAIT_S, end, begin, end)


def answered_question(moment: str, answered_at: str) -> str:
    """Give the question for single calls that began from one time to another."""
    return _ANSWERED.format(moment=moment, answered_at=answered_at)


def read_usage(rows: Iterable[Sequence[Any]]) -> list[Usage]:
    """Read sums; of no rows at all they are NULL. The amounts are decimals."""
    return [
        Usage(
            key=key or "",
            trunk=trunk or "",
            currency=currency or "",
            baseline_currency=baseline_currency or "",
            calls=int(calls),
            answered=int(answered),
            talked_ms=int(talked_ms or 0),
            priced_ms=int(priced_ms or 0),
            billed_ms=int(billed_ms or 0),
            billed_s=int(billed_s or 0),
            cost=cost or ZERO,
            unpriced=int(unpriced),
            baseline=baseline or ZERO,
        )
        for (
            key,
            trunk,
            currency,
            baseline_currency,
            calls,
            answered,
            talked_ms,
            priced_ms,
            billed_ms,
            billed_s,
            cost,
            unpriced,
            baseline,
        ) in rows
    ]


def read_answered(rows: Iterable[Sequence[Any]]) -> list[AnsweredCall]:
    """Read single calls; their amounts are decimals."""
    return [
        AnsweredCall(
            call_sid=call_sid,
            trunk=trunk or "",
            number=number,
            answered_at=answered_at,
            talked_ms=talked_ms or 0,
            billed_s=billed_s,
            amount=cost,
            currency=currency or "",
        )
        for call_sid, trunk, number, answered_at, talked_ms, billed_s, cost, currency in rows
    ]


def check_version(version: int) -> None:
    """Check that a database has costs.

    Raises:
        BackendUnavailable: its schema is too old.
    """
    if version < _FIRST_VERSION:
        raise BackendUnavailable(
            f"the database's schema has version {version}, which has no costs; start a gateway of this exoswitch "
            "once: it upgrades the database"
        )
