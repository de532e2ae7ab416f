"""Core: the event filters of Asterisk 22: ``name(DTMFEnd),header(Direction),method(exact)`` with a value."""

import re
from collections.abc import Callable
from typing import Self

from attrs import frozen

from exoswitch.ami.message import AmiMessage

_CRITERION = re.compile(r"(name|header|method|action)\(([^()]*)\)")
_CONTROL = r"\x00-\x1f\x7f"  # a class of POSIX, which Python's expressions do not know
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "none": lambda _value, _wanted: True,
    "exact": lambda value, wanted: value == wanted,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
    "contains": lambda value, wanted: wanted in value,
    "regex": lambda value, wanted: re.search(wanted.replace("[:cntrl:]", _CONTROL), value) is not None,
}


@frozen
class EventFilter:
    """One filter. It excludes the events that fit if `excludes`, and includes them otherwise."""

    event: str
    header: str
    method: str
    value: str
    excludes: bool

    @classmethod
    def parse(cls, criteria: str, value: str) -> Self | None:
        """Read the action's headers MatchCriteria and Filter. Give None where Asterisk refuses them."""
        parts = criteria.split(",") if criteria else []
        found = [_CRITERION.fullmatch(part.strip()) for part in parts]
        named = {match[1]: match[2] for match in found if match}
        method = named.get("method", "exact" if value else "none")
        sound = None not in found and method in _METHODS and named.get("action", "include") in {"include", "exclude"}
        if not sound or not (criteria or value) or ("header" in named and not value):
            return None
        return cls(named.get("name", ""), named.get("header", ""), method, value, named.get("action") == "exclude")

    def fits(self, message: AmiMessage) -> bool:
        """Say whether the filter fits an event."""
        if self.event and message.event != self.event:
            return False
        searched = message.get(self.header) if self.header else _text(message)
        return not self.value or _METHODS[self.method](searched, self.value)


def _text(message: AmiMessage) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in message.headers) + "\r\n"


def passes(filters: list[EventFilter], message: AmiMessage) -> bool:
    """Say whether a connection gets an event. If there are including filters, one of them must fit."""
    includes = [each for each in filters if not each.excludes]
    if includes and not any(each.fits(message) for each in includes):
        return False
    return not any(each.fits(message) for each in filters if each.excludes)
