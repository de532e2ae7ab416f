"""Core: the calls of this gateway on trunks, by their tokens."""

from collections import Counter

from attrs import define, field, frozen

REPORTED_LATE = 1000
"""So many released tokens are remembered, for reports that come after the release."""


@frozen
class HeldCall:
    """A call on a trunk, and the number of its dial; 0 for a call that was not dialled here."""

    trunk: str
    dial: int = 0


@define
class TrunkCalls:
    """All calls of this gateway."""

    _held: dict[str, HeldCall] = field(factory=dict, init=False)
    _released: dict[str, HeldCall] = field(factory=dict, init=False)

    def __contains__(self, token: str) -> bool:
        """Tell whether a token has a channel."""
        return token in self._held

    def add(self, token: str, trunk: str, dial: int = 0) -> None:
        """Count a call; a known token is replaced."""
        self._held[token] = HeldCall(trunk, dial)

    def get(self, token: str) -> HeldCall | None:
        """Give the call of a token that has a channel."""
        return self._held.get(token)

    def dial_of(self, token: str) -> int:
        """Give the number of a dial, also for some time after its release; 0 if it is not known."""
        known = self._held.get(token) or self._released.get(token)
        return known.dial if known else 0

    def remove(self, token: str) -> str | None:
        """Remove a call; return its trunk, None for an unknown token."""
        call = self._held.pop(token, None)
        if call is None:
            return None
        self._released[token] = call
        if len(self._released) > REPORTED_LATE:
            del self._released[next(iter(self._released))]
        return call.trunk

    def clear(self) -> None:
        """Forget all calls."""
        self._held.clear()

    def counts(self) -> Counter[str]:
        """Count the calls on each trunk."""
        return Counter(call.trunk for call in self._held.values())
