"""Core: days in India: carriers there charge by them, and Exotel's API writes its times in them."""

import datetime as dt

INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30), "IST")
"""Indian Standard Time; it has had no summer time since 1945."""


def day_of(moment: float) -> dt.date:
    """Give the day in India at a moment, in seconds since the epoch.

    Raises:
        ValueError, OverflowError, OSError: the moment is outside the calendar.
    """
    return dt.datetime.fromtimestamp(moment, INDIA).date()


def start_of(day: dt.date) -> float:
    """Give the first moment of a day in India, in seconds since the epoch."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=INDIA).timestamp()


def written_time(moment: float) -> str:
    """Write a moment, in seconds since the epoch, as Exotel does: ``2026-11-26 19:57:15``, without a zone."""
    return dt.datetime.fromtimestamp(moment, INDIA).strftime("%Y-%m-%d %H:%M:%S")
