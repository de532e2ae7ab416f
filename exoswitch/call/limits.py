"""Core: the waits of one call, in seconds."""

from attrs import frozen

SHORTEST_S = 1.0


@frozen(kw_only=True)
class CallLimits:
    """The waits of one call, in seconds; `spent_s` is how much of its longest duration lies behind it already."""

    ring_s: float = 45.0
    handshake_s: float = 10.0
    max_duration_s: float = 3600.0
    spent_s: float = 0.0

    @property
    def left_s(self) -> float:
        """How long the call may last from now on; a moment at least, in which to end it well."""
        return max(SHORTEST_S, self.max_duration_s - self.spent_s)
