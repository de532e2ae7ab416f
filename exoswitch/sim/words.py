"""Core: the words of scripts, bots and networks as people type them: ``NAME`` or ``NAME=VALUE``."""

from collections.abc import Collection, Iterator

from attrs import frozen

from exoswitch.errors import InvalidValue

_DAY_S = 86_400.0


@frozen
class Word:
    """One word of a `kind` of text, such as a script. A missing value is empty."""

    kind: str
    name: str
    value: str

    def number(self, default: float | None = None, *, least: float = 0.0, most: float = _DAY_S) -> float:
        """Read the value as a number from `least` to `most`, both included.

        Raises:
            InvalidValue: it is no such number, or it is empty and has no default.
        """
        if not self.value and default is not None:
            return default
        try:
            number = float(self.value)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise self.wrong(f"a number from {least:g} to {most:g}")
        return number

    def whole(self, default: int | None = None, *, least: int = 0, most: int) -> int:
        """Read the value as a whole number from `least` to `most`, both included.

        Raises:
            InvalidValue: it is no such number, or it is empty and has no default.
        """
        if not self.value and default is not None:
            return default
        if not (self.value.isascii() and self.value.isdecimal() and least <= float(self.value) <= most):
            raise self.wrong(f"a whole number from {least} to {most}")
        return int(self.value)

    def wrong(self, needed: str) -> InvalidValue:
        """Give the error of a wrong value."""
        return InvalidValue(f"{self.kind}: {self.name}={self.value}: the value must be {needed}")


def read_words(kind: str, text: str, known: Collection[str], bare: Collection[str] = ()) -> Iterator[Word]:
    """Read a text. The words that are `bare` take no value.

    Raises:
        InvalidValue: a name is unknown, or a bare word has a value; the message names the known words.
    """
    for typed in text.split():
        name, equals, value = typed.partition("=")
        if name not in known:
            raise InvalidValue(f"{kind}: {typed!r} is unknown; known words are {', '.join(sorted(known))}")
        if equals and name in bare:
            raise InvalidValue(f"{kind}: {typed}: {name} takes no value; write {name}")
        yield Word(kind, name, value)
