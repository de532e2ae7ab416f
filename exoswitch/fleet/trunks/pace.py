"""Core: the pace of a trunk: evenly spaced turns to dial.

It is the generic cell rate algorithm (ITU-T I.371) without a burst: each turn sets the time of the next one. All
times are integers, so that `lua/trunks.lua` computes the same.
"""

from math import ceil

from attrs import define

GUARD = 1.016
"""Turns are this much further apart than 1/cps: N + 1 dials in a second need one that is 16 ms later than another.

A gateway does not dial more than 10 ms late (LATE_S in call.feeding), which leaves 6 ms for the way to the carrier.
So a trunk reaches 98.4 % of its limit.
"""

AHEAD_MAX_US = 60_000_000
"""A turn that is further ahead than this, or than the longest wait, plus the spacing does not count."""

PUT_BACK_US = 1_000_000
"""A clock that is so much earlier than before was put back; the clocks of gateways and Redis differ by less."""


def microseconds(seconds: float) -> int:
    """Give a time in us."""
    return round(1e6 * seconds)


def spacing_us(cps: float) -> int:
    """Give the time between two turns of a trunk with this limit."""
    return ceil(1e6 * GUARD / cps)


@define
class Pace:
    """The next turn, and when it was set (us)."""

    next_turn_us: int = 0
    set_us: int = 0

    def wait_us(self, spacing: int, longest_us: int, lead_us: int, now_us: int) -> int | None:
        """Give the time until the next turn, not before `lead_us` have passed; None if it is longer than this.

        A turn that is too far away does not count.
        """
        wait = self.left_us(now_us)
        if wait > max(AHEAD_MAX_US, longest_us) + spacing:
            wait = 0
        wait = max(wait, lead_us)
        return wait if wait <= longest_us else None

    def left_us(self, now_us: int) -> int:
        """Give the time until the next turn. One that was set before the clock was put back does not count."""
        return 0 if self.set_us - now_us > PUT_BACK_US else max(0, self.next_turn_us - now_us)

    def take(self, wait: int, spacing: int, now_us: int) -> None:
        """Take the turn that is in `wait` microseconds."""
        self._set(wait + spacing, now_us)

    def hold(self, until_us: int, now_us: int) -> None:
        """Give no turn for so many microseconds."""
        self._set(max(self.left_us(now_us), until_us), now_us)

    def _set(self, until_us: int, now_us: int) -> None:
        self.next_turn_us, self.set_us = now_us + until_us, now_us
