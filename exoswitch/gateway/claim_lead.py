"""Core: how long before its turn on a trunk a call is claimed.

A claim waits for the disk of the database, and a turn lasts 10 ms. But nobody else dials a call that was claimed by a
gateway which then dies. So a call is claimed only as early as the last claims needed.
"""

from collections import deque

from attrs import define, field

LEAST_S = 0.02
MOST_S = 0.25
_REMEMBERED = 20


@define
class ClaimLead:
    """Twice the time of the slowest of the last claims, but at least `LEAST_S` and at most `MOST_S`."""

    _last: deque[float] = field(factory=lambda: deque(maxlen=_REMEMBERED), init=False)

    def took(self, seconds: float) -> None:
        """Note how long a claim took."""
        self._last.append(seconds)

    @property
    def seconds(self) -> float:
        """How long before the next turn a call is to be claimed."""
        return min(MOST_S, max(LEAST_S, 2 * max(self._last, default=MOST_S)))
