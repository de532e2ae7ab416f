"""Core: the answers to look-ups, each kept for its time to live, within bounds."""

from attrs import define, field, frozen

MAX_NAMES = 1000
"""The number of names; of more, the one that was stored first is forgotten."""

SHORTEST_S = 5.0
LONGEST_S = 300.0
"""Bounds of the time for which an answer counts, whatever its time to live."""

NOT_FOUND_S = 5.0
"""The time for which a name that does not exist is not asked about again."""

MAX_ADDRESSES = 8
"""The number of addresses of one name; Twisted's and our attempts to connect to them run out of time before."""


@frozen
class Answer:
    """The addresses of a host, the best one first, and their time to live; without addresses there is no host."""

    addresses: tuple[str, ...]
    ttl_s: float = 0.0


@define
class LookupCache:
    """Remembers answers by name; `now` is in seconds, on a monotonic clock."""

    _entries: dict[str, tuple[float, tuple[str, ...]]] = field(factory=dict, init=False)

    def get(self, name: str, now: float) -> tuple[str, ...] | None:
        """Give the addresses of a name, ``()`` if it does not exist, or None if that is not known."""
        until, addresses = self._entries.get(name, (0.0, ()))
        if now < until:
            return addresses
        self._entries.pop(name, None)
        return None

    def put(self, name: str, answer: Answer, now: float) -> tuple[str, ...]:
        """Remember an answer; give its addresses."""
        addresses = answer.addresses[:MAX_ADDRESSES]
        keep_s = min(max(answer.ttl_s, SHORTEST_S), LONGEST_S) if addresses else NOT_FOUND_S
        self._entries.pop(name, None)
        self._entries[name] = (now + keep_s, addresses)
        if len(self._entries) > MAX_NAMES:
            del self._entries[next(iter(self._entries))]
        return addresses

    def __len__(self) -> int:
        """Give the number of names."""
        return len(self._entries)
