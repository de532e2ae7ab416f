"""Core: a carrier's own records of calls: CSV with a header, in the forms that carriers use.

A line that cannot be read is an error of its own: the others are not lost with it.
"""

import csv
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from attrs import frozen

from exoswitch.errors import CorruptRecord, InvalidValue
from exoswitch.telephony.indian_time import INDIA
from exoswitch.telephony.numbers import canonical, of_sip_user

FIELDS = ("number", "answered", "duration", "charge")

_USUAL = {  # headings without blanks, in lower case
    "number": ("number", "callednumber", "calledno", "callednum", "called", "destination", "dialednumber", "bnumber"),
    "answered": (
        "answered",
        "answertime",
        "answeredat",
        "answer",
        "connecttime",
        "starttime",
        "calltime",
        "datetime",
    ),
    "duration": ("duration", "durations", "seconds", "callduration", "billsec", "durationsec", "durationseconds"),
    "charge": ("charge", "charges", "amount", "cost", "price", "callcharge"),
}
_FORMS = ("%d-%m-%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S")
_EPOCH = re.compile(r"[0-9]{9,10}(\.[0-9]{1,6})?", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
_CLOCK = re.compile(r"(?:([0-9]{1,2}):)?([0-9]{1,3}):([0-5][0-9])", re.ASCII)
_YEARS = range(2000, 2100)  # in others, a file has no calls but placeholders, such as 1970-01-01
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)


@frozen(kw_only=True)
class CarrierRecord:
    """One answered call in the carrier's file: `line` is its line; `charge` keeps the decimals as written.

    `number` is E.164 if it can be read so; `answered_at` is in seconds since the epoch.
    """

    line: int
    number: str
    answered_at: float
    duration_s: Decimal
    charge: Decimal | None


def read_records(
    lines: Iterable[str], columns: Mapping[str, str], delimiter: str
) -> Iterator[CarrierRecord | CorruptRecord | None]:
    """Read each line after the header: a record, None for a call that was not answered, or an error with its line.

    `columns` gives headings for FIELDS; usual headings need none. The parts of ``Date+Time`` are joined by a blank.

    Raises:
        InvalidValue: the file has no header, or a field has no column in it.
    """
    reader = csv.reader(lines, delimiter=delimiter)
    places = _places(_header(reader), columns)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield CorruptRecord(f"line {reader.line_num}: {error}")
            continue
        if row:
            yield _record(row, places, reader.line_num)


def delimiter_of(header: str) -> str:
    """Give the delimiter that a header uses."""
    return max(",;\t|", key=header.count)


def number_of(text: str) -> str:
    """Give a number as calls are compared by it; carriers write it in many forms."""
    user = of_sip_user(text.strip().removeprefix("sip:").removeprefix("tel:").partition("@")[0])
    return canonical(user)


def _header(reader: Iterator[list[str]]) -> list[str]:
    """Read the headings; what a terminal would obey is left out of them."""
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise InvalidValue(f"--carrier-cdr: the first line is no header: {error}") from None
    return ["".join(filter(str.isprintable, heading)) for heading in header]


def _places(header: list[str], columns: Mapping[str, str]) -> dict[str, list[int]]:
    """Find the columns of each field."""
    known = {_plain(heading): place for place, heading in enumerate(header)}
    places: dict[str, list[int]] = {}
    for field in FIELDS:
        wanted = [_plain(part) for part in columns[field].split("+")] if field in columns else []
        wanted = wanted or [name for name in _USUAL[field] if name in known][:1]
        if missing := [name for name in wanted if name not in known]:
            raise InvalidValue(f"--columns: there is no column {missing[0]!r}; the file has: {', '.join(header)}")
        if not wanted and field != "charge":
            raise InvalidValue(
                f"--columns: no column is known for the {field}; name it, as in {field}=HEADING. "
                f"The file has: {', '.join(header) or 'no header'}"
            )
        places[field] = [known[name] for name in wanted]
    return places


def _record(row: list[str], places: Mapping[str, list[int]], line: int) -> CarrierRecord | CorruptRecord | None:
    try:
        cells = {field: " ".join(row[place].strip() for place in found) for field, found in places.items()}
    except IndexError:
        return CorruptRecord(f"line {line}: has {len(row)} columns, which are too few")
    try:
        duration_s = _duration(cells["duration"])
        if not duration_s:
            return None
        return CarrierRecord(
            line=line,
            number=number_of(cells["number"]),
            answered_at=_moment(cells["answered"]),
            duration_s=duration_s,
            charge=_amount(cells["charge"]),
        )
    except ValueError as error:
        return CorruptRecord(f"line {line}: {error}")


def _moment(text: str) -> float:
    """Read a time; one without a zone is Indian."""
    if _EPOCH.fullmatch(text):
        return float(text)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = _in_other_form(text)
    if moment.year not in _YEARS:
        raise ValueError(f"the year {moment.year} is none of a call")
    return (moment if moment.tzinfo else moment.replace(tzinfo=INDIA)).timestamp()


def _in_other_form(text: str) -> dt.datetime:
    for form in _FORMS:
        try:
            return dt.datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone
        except ValueError:
            continue
    raise ValueError("the time of the answer is none, such as 2026-04-01 09:30:00 or 01-04-2026 09:30:00")


def _duration(text: str) -> Decimal:
    """Read seconds, or H:MM:SS, or M:SS."""
    if _SECONDS.fullmatch(text):
        return Decimal(text)
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        raise ValueError("the duration is none: neither seconds nor H:MM:SS")
    return Decimal(int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + int(clock[3]))


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    if not _AMOUNT.fullmatch(text):
        raise ValueError("the charge is no amount, such as 0.20")
    return Decimal(text)


def _plain(heading: str) -> str:
    """Give a heading without case, blanks and marks."""
    return re.sub(r"[^a-z0-9]", "", heading.lower())
