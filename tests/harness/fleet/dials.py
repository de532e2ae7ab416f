"""How evenly dials come."""

from collections.abc import Sequence


def most_in_a_second(times: Sequence[float]) -> int:
    """Count the most dials in any sliding second; the times are in order."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def rate_hz(times: Sequence[float]) -> float:
    """Give the dials a second between the first and the last one."""
    return (len(times) - 1) / (times[-1] - times[0])
