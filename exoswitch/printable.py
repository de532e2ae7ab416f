"""Core: texts for a log line, a terminal or a program: without what a terminal would obey, times, aligned columns."""

import datetime as dt
from collections.abc import Iterable, Sequence


def printable(text: str) -> str:
    """Give a text of another side with ? for each character that cannot be printed."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def utc(moment: float) -> str:
    """Write a moment, in seconds since the epoch, for a program: ``2026-11-26T14:27:15+00:00``."""
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="seconds")


def in_columns(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a line for each row under headings, all aligned to the left."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
