"""Core: the parameters of a request, read by their names in Exotel's documentation.

Names are case-insensitive. Of a repeated parameter the first value counts, except where an array is read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from attrs import field, frozen

from exoswitch.errors import InvalidRequest, InvalidValue
from exoswitch.telephony.numbers import normalise, unpunctuated

_NATIONAL_DIGITS = 10
_SHOWN = 40
_DIGITS = 9
_INDEXED = re.compile(r"(?P<name>.+)\[(?P<index>[0-9]{0,4})\]", re.ASCII)


@frozen
class Parameters:
    """The parameters of a request: the values of each by its name in lower case, in the order of the request."""

    _values: Mapping[str, tuple[str, ...]] = field(repr=False)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Parameters":
        """Make them of pairs of name and value."""
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            values.setdefault(name.lower(), []).append(value)
        return cls({name: tuple(all_values) for name, all_values in values.items()})

    def text(self, name: str) -> str | None:
        """Give a parameter without blanks around it; None if it is missing or empty."""
        return self._first(name).strip() or None

    def number(self, name: str) -> str:
        """Give a required phone number, in E.164.

        Raises:
            InvalidRequest: it is missing, or is not a phone number.
        """
        value = self.text(name)
        if value is None:
            raise InvalidRequest(f"{name} is missing")
        with naming(name):
            return normalise(_with_plus(self._first(name)))

    def foreign_number(self, name: str) -> str | None:
        """Give the foreign number, in E.164, that ten digits after a blank may be, besides an Indian one.

        None if the parameter is another text.
        """
        digits = _after_blank(self._first(name))
        if len(digits) != _NATIONAL_DIGITS:
            return None
        try:
            return normalise(f"+{digits}")
        except InvalidValue:
            return None

    def numbers(self, name: str) -> tuple[str, ...]:
        """Give the phone numbers of an array, in E.164.

        Raises:
            InvalidRequest: one is not a phone number.
        """
        with naming(name):
            return tuple(normalise(_with_plus(value)) for value in self._items(name) if value.strip())

    def seconds(self, name: str, most: int, *, is_cut: bool = False) -> float | None:
        """Give a number of seconds from 1 to `most`; None if it is missing. A larger one may be cut to `most`.

        Raises:
            InvalidRequest: it is not such a number.
        """
        value = self.text(name)
        if value is None:
            return None
        number = whole_number(value) or 0
        if number < 1 or (number > most and not is_cut):
            raise InvalidRequest(f"{name}={value[:_SHOWN]!r} must be a number of seconds from 1 to {most}")
        return float(min(number, most))

    def many(self, name: str) -> tuple[str, ...]:
        """Give the texts of an array, in every spelling that clients use.

        These are ``Events[0]=a&Events[1]=b``, ``Events[]=a&Events[]=b``, ``Events=a&Events=b`` and ``Events=a,b``.
        """
        return tuple(text for value in self._items(name) if (text := value.strip()))

    def flag(self, name: str) -> bool | None:
        """Give whether a parameter is ``true`` or ``false`` (or 1, 0, yes, no); None if it is missing.

        Raises:
            InvalidRequest: it is another word.
        """
        value = self.text(name)
        if value is None:
            return None
        if value.lower() in {"true", "1", "yes"}:
            return True
        if value.lower() in {"false", "0", "no"}:
            return False
        raise InvalidRequest(f"{name}={value[:_SHOWN]!r} must be true or false")

    def _first(self, name: str) -> str:
        return self._values.get(name.lower(), ("",))[0]

    def _items(self, name: str) -> Iterator[str]:
        """Give the items of an array; those with an index come in its order."""
        found: list[tuple[int, str]] = []
        for written, values in self._values.items():
            indexed = _INDEXED.fullmatch(written)
            if (indexed["name"] if indexed else written) == name.lower():
                found += ((int(indexed["index"] or 0) if indexed else 0, value) for value in values)
        for _, value in sorted(found, key=lambda item: item[0]):
            yield from value.split(",")


def whole_number(text: str) -> int | None:
    """Read a number of ASCII digits; of a longer one the first nine, which are too many for any limit."""
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text.lstrip("0")[:_DIGITS] or "0")


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Put the name of a parameter before the text of an error.

    Raises:
        InvalidRequest: in place of an InvalidValue.
    """
    try:
        yield
    except InvalidValue as problem:
        raise InvalidRequest(f"{name}: {problem}") from problem


def _with_plus(value: str) -> str:
    """Put the + back that a form without %2B turns into a blank; ten digits need none, so they may have had none."""
    digits = _after_blank(value)
    return f"+{digits}" if len(digits) not in {0, _NATIONAL_DIGITS} else value.strip()


def _after_blank(value: str) -> str:
    """Give the digits of a number that follow a blank, if they can follow a +; else nothing."""
    digits = unpunctuated(value)
    can_follow = value.startswith(" ") and digits.isascii() and digits.isdigit() and digits[0] != "0"
    return digits if can_follow else ""
