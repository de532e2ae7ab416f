"""Core: months of UTC, by which tables are partitioned; a month is the date of its first day."""

import datetime as dt
import re

_NAME = re.compile(r".+_([1-9][0-9]{3})_(0[1-9]|1[0-2])", re.ASCII)


def month_of(moment: float) -> dt.date:
    """Give the month of a moment, in seconds since the epoch."""
    return dt.datetime.fromtimestamp(moment, dt.UTC).date().replace(day=1)


def start_of(month: dt.date) -> float:
    """Give the first moment of a month, in seconds since the epoch."""
    return dt.datetime(month.year, month.month, 1, tzinfo=dt.UTC).timestamp()


def month_after(month: dt.date) -> dt.date:
    """Give the next month."""
    return (month + dt.timedelta(days=31)).replace(day=1)


def partition_name(table: str, month: dt.date) -> str:
    """Name the partition of a table that holds this month: ``sessions_2026_11``."""
    return f"{table}_{month:%Y_%m}"


def month_of_partition(name: str) -> dt.date | None:
    """Give the month of a partition; None if its name has another form."""
    match = _NAME.fullmatch(name)
    return None if match is None else dt.date(int(match[1]), int(match[2]), 1)
