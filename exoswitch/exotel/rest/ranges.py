"""Core: the ranges of Exotel's filters: ``gte:10s;lte:45s``, ``eq:30s``, or a single value (spec §6.4).

A value stands for all that is shown so: a second of time, a whole second of length, or a thousandth of a price.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from exoswitch.billing.amounts import rounded
from exoswitch.call.search import Span
from exoswitch.errors import InvalidRequest
from exoswitch.telephony.indian_time import INDIA

_Value = TypeVar("_Value", float, int, Decimal)

_OPERATORS = ("gte", "lte", "eq", "gt", "lt")
_MOMENT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?", re.ASCII)
_LENGTH = re.compile(r"([0-9]{1,6})s?", re.ASCII | re.IGNORECASE)
_PRICE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
_HALF = Decimal("0.0005")
_SHOWN = 60


def read_moments(name: str, text: str) -> Span[float]:
    """Read a range of times in India, as seconds since the epoch; a day without a time is the whole day."""
    return _read(name, text, _moment, "gte:2026-11-01 00:00:00;lte:2026-11-30 23:59:59")


def read_lengths(name: str, text: str) -> Span[int]:
    """Read a range of whole seconds, as milliseconds."""
    return _read(name, text, _length, "gte:10s;lte:45s")


def read_prices(name: str, text: str) -> Span[Decimal]:
    """Read a range of prices with three decimals."""
    return _read(name, text, _amount, "gte:0.100;lte:1.500")


def _read(name: str, text: str, read: Callable[[str], tuple[_Value, _Value] | None], example: str) -> Span[_Value]:
    """Read a range; `read` gives the first value that is shown as a text, and the first one that is not."""
    least: list[_Value] = []
    below: list[_Value] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        operator, _, rest = part.partition(":")
        if operator.strip().lower() not in _OPERATORS:
            operator, rest = "eq", part
        shown = read(rest.strip())
        if shown is None:
            raise InvalidRequest(f"{name}={text[:_SHOWN]!r} is not understood: write it as {name}={example}")
        match operator.strip().lower():
            case "gte":
                least.append(shown[0])
            case "gt":
                least.append(shown[1])
            case "lte":
                below.append(shown[1])
            case "lt":
                below.append(shown[0])
            case _:
                least.append(shown[0])
                below.append(shown[1])
    if not least and not below:
        raise InvalidRequest(f"{name} is empty: write it as {name}={example}")
    return Span(least=max(least, default=None), below=min(below, default=None))


def _moment(text: str) -> tuple[float, float] | None:
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        start = dt.datetime(year, month, day, hour, minute, second, tzinfo=INDIA).timestamp()
    except (ValueError, OverflowError):
        return None
    return start, start + (86_400 if match[4] is None else 60 if match[6] is None else 1)


def _length(text: str) -> tuple[int, int] | None:
    match = _LENGTH.fullmatch(text)
    if match is None:
        return None
    milliseconds = int(match[1]) * 1000
    return milliseconds - 500, milliseconds + 500


def _amount(text: str) -> tuple[Decimal, Decimal] | None:
    if not _PRICE.fullmatch(text):
        return None
    amount = rounded(Decimal(text), 3)
    return amount - _HALF, amount + _HALF
