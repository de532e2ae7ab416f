"""Core: the words of scripts, bots and networks as people type them: ``NAME`` or ``NAME=VALUE``."""

from collections.abc import Collection, Iterator
from math import inf

from attrs import frozen

from exoswitch.errors import InvalidValue


@frozen
class Word:
    """One word of a `kind` of text, such as a script. A missing value is empty."""

    kind: str
    name: str
    value: str

    def number(self, default: float | None = None, *, below: float = inf) -> float:
        """Read the value as a number from 0 up to `below`.

        Raises:
            InvalidValue: it is no such number, or it is empty and has no default.
        """
        if not self.value and default is not None:
            return default
        try:
            number = float(self.value)
        except ValueError:
            number = -1.0
        if not (0 <= number < below or number == below == inf):
            raise self.wrong("a number" if below == inf else f"a number below {below:g}")
        return number

    def wrong(self, needed: str) -> InvalidValue:
        """Give the error of a wrong value."""
        return InvalidValue(f"{self.kind}: {self.name}={self.value}: the value must be {needed}")


def read_words(kind: str, text: str, known: Collection[str]) -> Iterator[Word]:
    """Read a text.

    Raises:
        InvalidValue: a name is unknown; the message lists the known names.
    """
    for typed in text.split():
        name, _, value = typed.partition("=")
        if name not in known:
            raise InvalidValue(f"{kind}: {typed!r} is unknown; known words are {', '.join(sorted(known))}")
        yield Word(kind, name, value)
