"""Core: finds the endpoint of a request's path (spec §6.1).

Words match in any case, and may have the suffix ``.json``. A word comes before a variable: ``Calls/connect`` is never
the call whose SID is ``connect``.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote

from attrs import field, frozen

from exoswitch.errors import InvalidValue
from exoswitch.exotel.rest.form import SUFFIX

ACCOUNT = "sid"
"""The variable of a path that names the account."""

_ACCOUNTS = re.compile(r"/v[0-9][^/]*/accounts/(?P<sid>[^/]+)", re.IGNORECASE)


class Routed(Protocol):
    """What has methods and a path, as ``/v1/Accounts/<sid>/Calls/<call_sid>``: a variable is a name in ``<>``."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods."""

    @property
    def path(self) -> str:
        """The path, without a suffix."""


E = TypeVar("E", bound=Routed)


@frozen
class Match(Generic[E]):
    """An endpoint, and the variables of the path that was asked for, decoded."""

    endpoint: E
    variables: Mapping[str, str]


@frozen
class Route(Generic[E]):
    """The endpoints of a path by their methods, of which an unknown path has none.

    `account` is the account that the path names, if it names one.
    """

    account: str | None
    matches: Mapping[str, Match[E]]

    def match(self, method: str) -> Match[E] | None:
        """Give the endpoint of a method; HEAD is answered as GET is."""
        return self.matches.get("GET" if method == "HEAD" else method)

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the path has."""
        return tuple(sorted({*self.matches, *(("HEAD",) if "GET" in self.matches else ())}))


@frozen
class _Pattern(Generic[E]):
    """The path of an endpoint, as words."""

    words: tuple[str, ...]
    endpoint: E

    @property
    def variables(self) -> tuple[bool, ...]:
        """Which words are variables; the pattern with the later variables comes first."""
        return tuple(word.startswith("<") for word in self.words)

    @property
    def shape(self) -> tuple[str, ...]:
        """The words, with every variable alike."""
        return tuple("<>" if word.startswith("<") else word.lower() for word in self.words)

    def match(self, words: tuple[str, ...]) -> Match[E] | None:
        """Match the words of a path, which are as many as this one's."""
        variables = {}
        for mine, word in zip(self.words, words, strict=True):
            if mine.startswith("<") and word:
                variables[mine.strip("<>")] = word
            elif mine.lower() != word.lower():
                return None
        return Match(self.endpoint, variables)


@frozen
class Routes(Generic[E]):
    """The endpoints of the API, by the number of words in their paths."""

    _patterns: Mapping[int, tuple[_Pattern[E], ...]] = field(repr=False)

    @classmethod
    def of(cls, endpoints: Iterable[E]) -> "Routes[E]":
        """Make them of endpoints.

        Raises:
            InvalidValue: two endpoints have the same path and method.
        """
        patterns = [_Pattern(tuple(endpoint.path.strip("/").split("/")), endpoint) for endpoint in endpoints]
        answered = set()
        by_length: dict[int, tuple[_Pattern[E], ...]] = {}
        for pattern in sorted(patterns, key=lambda pattern: pattern.variables):
            for method in pattern.endpoint.methods:
                if (method, pattern.shape) in answered:
                    raise InvalidValue(f"two endpoints answer {method} {pattern.endpoint.path}")
                answered.add((method, pattern.shape))
            length = len(pattern.words)
            by_length[length] = (*by_length.get(length, ()), pattern)
        return cls(by_length)

    def find(self, path: str) -> Route[E]:
        """Find the endpoints of a path, which is still encoded."""
        words = tuple(_bare(unquote(word)) for word in path.strip("/").split("/"))
        found: dict[str, Match[E]] = {}
        variables: tuple[bool, ...] | None = None
        for pattern in self._patterns.get(len(words), ()):
            match = pattern.match(words) if variables in {None, pattern.variables} else None
            if match is not None:
                variables = pattern.variables
                found.update(dict.fromkeys(pattern.endpoint.methods, match))
        named = _ACCOUNTS.match(path)
        return Route(None if named is None else _bare(unquote(named["sid"])), found)


def _bare(word: str) -> str:
    """Give a word without the suffix ``.json``."""
    return word[: -len(SUFFIX)] if word.lower().endswith(SUFFIX) else word
