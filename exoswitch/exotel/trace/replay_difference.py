"""Core: one thing that went otherwise in a replay than in the recording."""

from attrs import frozen


@frozen
class Difference:
    """What differs, how it was in the recording, and how it is now."""

    what: str
    recorded: str
    now: str

    def __str__(self) -> str:
        """Give the difference as one line."""
        return f"{self.what}: {self.recorded} in the recording, {self.now} now"


def seconds(at_ms: float) -> str:
    """Write a time, or a length of time, for whoever reads a difference."""
    return f"{at_ms / 1000:.2f} s"
