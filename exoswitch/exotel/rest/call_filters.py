"""Core: reads the parameters of a list of calls (spec §6.4)."""

import base64
import binascii
import re
from collections.abc import Collection, Mapping

from attrs import frozen

from exoswitch.call.search import CallSearch, Position, Span
from exoswitch.call.session import CallStatus, Direction
from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.ranges import read_lengths, read_moments, read_prices
from exoswitch.telephony.numbers import is_sip, national, normalise
from exoswitch.web.parameters import Parameters, naming, whole_number

DEFAULT_PAGE = 50
LONGEST_PAGE = 100
DAYS = 31
"""Without DateCreated a list has the calls of the last 31 days."""

LONGEST_SID = 64
MOST_SIDS = 100
MOST_NUMBERS = 5
VALID_MIN = range(5, 61)
"""The minutes for which a pre-signed URL of a recording may be valid."""

_DAY_S = 86_400.0
_NO_DATE = 253_402_300_800.0  # the year 10000, which databases may not have
_SHOWN = 60

_STATUSES = {**{status.value: status for status in CallStatus}, "cancelled": CallStatus.CANCELED}
_DIRECTIONS: Mapping[str, Direction | None] = {
    "inbound": Direction.INBOUND,
    "incoming": Direction.INBOUND,
    "outbound-api": Direction.OUTBOUND,
    "outbound-dial": None,  # no call of ours has it
}

_CURSOR = re.compile(r"([0-9.e+]{1,24}) ([\x21-\x7e]{1,64}) ([0-9]{1,12})", re.ASCII)

FILTERS = ("Sid", "DateCreated", "To", "From", "Status", "Duration", "Price", "Direction", "PhoneNumber")
OPTIONS = ("SortBy", "PageSize", "RecordingUrlValidity", "details")
_LISTS = ("Sid", "Status", "Direction")
_PHONES = ("To", "From", "PhoneNumber")


@frozen
class Cursor:
    """The place of a page: after or before a call, of which `seen` counts the calls of the list up to that place."""

    position: Position
    seen: int

    def __str__(self) -> str:
        """Write it as one opaque word."""
        text = f"{self.position.created_at!r} {self.position.call_sid} {self.seen}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, name: str, word: str) -> "Cursor":
        """Read one that was written.

        Raises:
            InvalidRequest: it is none.
        """
        try:
            text = base64.urlsafe_b64decode(word.encode() + b"=" * (-len(word) % 4)).decode("ascii")
            match = _CURSOR.fullmatch(text)
            if match is not None and float(match[1]) < _NO_DATE:
                return cls(Position(float(match[1]), match[2]), int(match[3]))
        except (ValueError, binascii.Error):
            pass
        raise InvalidRequest(f"{name}={word[:_SHOWN]!r} is not a place in a list: follow NextPageUri or PrevPageUri")


@frozen
class ListRequest:
    """What is asked of a list: the search, the cursor that it begins at, and the parameters to repeat in its URIs."""

    search: CallSearch
    cursor: Cursor | None
    repeated: tuple[tuple[str, str], ...]
    details: bool


def read_list(parameters: Parameters, account: str, now: float) -> ListRequest:
    """Read the request of an account; `now` is in seconds since the epoch.

    Raises:
        InvalidRequest: the text names the parameter, its value and the remedy.
    """
    after, before = parameters.text("After"), parameters.text("Before")
    if after is not None and before is not None:
        raise InvalidRequest("After and Before are both given: remove one of them")
    start_after = None if after is None else Cursor.read("After", after)
    start_before = None if before is None else Cursor.read("Before", before)
    began, lengths, prices = (parameters.text(name) for name in ("DateCreated", "Duration", "Price"))
    search = CallSearch(
        account=account,
        began=Span(least=now - DAYS * _DAY_S) if began is None else read_moments("DateCreated", began),
        call_sids=_sids(parameters),
        statuses=_statuses(parameters),
        directions=_directions(parameters),
        from_numbers=_numbers(parameters, "From"),
        to_numbers=_numbers(parameters, "To"),
        exophones=_numbers(parameters, "PhoneNumber"),
        talked_ms=None if lengths is None else read_lengths("Duration", lengths),
        price=None if prices is None else read_prices("Price", prices),
        newest_first=_is_newest_first(parameters.text("SortBy")),
        limit=_page_size(parameters.text("PageSize")),
        after=None if start_after is None else start_after.position,
        before=None if start_before is None else start_before.position,
    )
    return ListRequest(search, start_after or start_before, _repeated(parameters), bool(parameters.flag("details")))


def read_validity(parameters: Parameters) -> float | None:
    """Read RecordingUrlValidity, in seconds; None if it is missing.

    Raises:
        InvalidRequest: it is not a number of minutes from 5 to 60.
    """
    text = parameters.text("RecordingUrlValidity")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) in VALID_MIN):
        raise InvalidRequest(f"RecordingUrlValidity={text[:_SHOWN]!r} must be a number of minutes from 5 to 60")
    return 60.0 * int(text)


def _sids(parameters: Parameters) -> frozenset[str] | None:
    sids = parameters.many("Sid")
    if len(sids) > MOST_SIDS:
        raise InvalidRequest(f"Sid has {len(sids)} values: write at most {MOST_SIDS}")
    return frozenset(sid[: LONGEST_SID + 1] for sid in sids) or None


def _statuses(parameters: Parameters) -> frozenset[CallStatus] | None:
    words = _words(parameters, "Status", _STATUSES)
    return frozenset(_STATUSES[word] for word in words) if words else None


def _directions(parameters: Parameters) -> frozenset[Direction] | None:
    words = _words(parameters, "Direction", _DIRECTIONS)
    ours = (_DIRECTIONS[word] for word in words)
    return frozenset(direction for direction in ours if direction is not None) if words else None


def _words(parameters: Parameters, name: str, known: Collection[str]) -> list[str]:
    words = [word.lower() for word in parameters.many(name)]
    for word in words:
        if word not in known:
            raise InvalidRequest(f"{name}={word[:_SHOWN]!r} is not known: write one of {', '.join(known)}")
    return words


def _numbers(parameters: Parameters, name: str) -> frozenset[str] | None:
    """Read phones in every form in which sessions may hold them."""
    count = len(parameters.many(name))
    if not count:
        return None
    if count > MOST_NUMBERS:
        raise InvalidRequest(f"{name} has {count} values: write at most {MOST_NUMBERS}")
    phones = _phones(parameters, name)
    return frozenset({*phones, *(national(phone) for phone in phones if not is_sip(phone))})


def _phones(parameters: Parameters, name: str) -> tuple[str, ...]:
    """Give phone numbers in E.164, and addresses ``sip:`` as they are."""
    texts = parameters.many(name)
    if not any(map(is_sip, texts)):
        return parameters.numbers(name)
    with naming(name):
        return tuple(text if is_sip(text) else normalise(text) for text in texts)


def _is_newest_first(text: str | None) -> bool:
    name, _, order = (text or "DateCreated:desc").partition(":")
    if name.strip().lower() != "datecreated" or order.strip().lower() not in {"asc", "desc", ""}:
        raise InvalidRequest(f"SortBy={(text or '')[:_SHOWN]!r} must be DateCreated:asc or DateCreated:desc")
    return order.strip().lower() != "asc"


def _page_size(text: str | None) -> int:
    """Read the size of a page; a larger one than 100 is 100."""
    if text is None:
        return DEFAULT_PAGE
    size = whole_number(text)
    if not size:
        raise InvalidRequest(f"PageSize={text[:_SHOWN]!r} must be a number from 1 to {LONGEST_PAGE}")
    return min(size, LONGEST_PAGE)


def _repeated(parameters: Parameters) -> tuple[tuple[str, str], ...]:
    """Give the parameters that each page of the list has, in Exotel's order."""
    texts = ((name, _as_read(parameters, name)) for name in (*FILTERS, *OPTIONS))
    return tuple((name, text) for name, text in texts if text)


def _as_read(parameters: Parameters, name: str) -> str | None:
    """Give a parameter as this page reads it, so that the next page reads the same."""
    if name in _PHONES:
        return ",".join(_phones(parameters, name))
    return ",".join(parameters.many(name)) if name in _LISTS else parameters.text(name)
