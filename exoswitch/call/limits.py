"""Core: the limits of one call, in seconds."""

from attrs import frozen

SHORTEST_S = 1.0


@frozen(kw_only=True)
class CallLimits:
    """The limits of one call, in seconds; `spent_s` is the part of its longest duration that has passed.

    At most `attempts` trunks are tried, within `budget_s` seconds from the first dial.
    """

    ring_s: float = 45.0
    handshake_s: float = 10.0
    max_duration_s: float = 3600.0
    spent_s: float = 0.0
    attempts: int = 3
    budget_s: float = 15.0

    @property
    def left_s(self) -> float:
        """How long the call may last from now on; at least a second, so that it can end in order."""
        return max(SHORTEST_S, self.max_duration_s - self.spent_s)
