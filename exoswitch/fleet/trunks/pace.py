"""Core: the pace of a trunk: evenly spaced turns to dial, fewer of them for a while after the carrier throttled us.

It is the generic cell rate algorithm (ITU-T I.371) without a burst: each turn sets the time of the next one. All
times are integers, so that `lua/trunks.lua` computes the same.
"""

from math import ceil

from attrs import define

GUARD = 1.016
"""Turns are this much further apart than 1/cps: N + 1 dials in a second need one that is 16 ms later than another.

A gateway does not dial more than 10 ms late (LATE_S in call.inputs), which leaves 6 ms for the way to the carrier. So
a trunk reaches 98.4 % of its limit.
"""

LOWEST_PERMILLE = 100
LOWERED_PERMILLE = 700
"""A refusal for too many calls lowers the pace to 70 % of itself, and not below 10 % of the limit, …"""

RAISED_PERMILLE = 5
"""… and every second without one raises it by 0.5 % of the limit: 30 % take a minute."""

SAME_BURST_MS = 1000
"""Refusals that come so soon after one that lowered the pace have the same reason, and lower it no further."""

REST_MAX_US = 60_000_000

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
    """The next turn and when it was set (us), the share of the limit in use, and when it was last lowered (ms)."""

    next_turn_us: int = 0
    set_us: int = 0
    permille: int = 1000
    lowered_ms: int = 0

    def share_permille(self, now_ms: int) -> int:
        """Give the share of the limit that may be used now."""
        seconds = max(0, now_ms - self.lowered_ms) // 1000
        return min(1000, self.permille + RAISED_PERMILLE * seconds)

    def wait_us(self, spacing: int, longest_us: int, lead_us: int, now_us: int) -> int | None:
        """Give the time until the next turn, not before `lead_us` have passed; None if it is longer than this.

        A turn that is too far away does not count.
        """
        wait = self.left_us(now_us)
        if wait > max(REST_MAX_US, longest_us) + self._spaced(spacing, now_us):
            wait = 0
        wait = max(wait, lead_us)
        return wait if wait <= longest_us else None

    def left_us(self, now_us: int) -> int:
        """Give the time until the next turn. One that was set before the clock was put back does not count."""
        return 0 if self.set_us - now_us > PUT_BACK_US else max(0, self.next_turn_us - now_us)

    def take(self, wait: int, spacing: int, now_us: int) -> None:
        """Take the turn that is in `wait` microseconds."""
        self._set(wait + self._spaced(spacing, now_us), now_us)

    def rest(self, rest_us: int, now_us: int) -> None:
        """Give no turn for some time."""
        self.hold(min(rest_us, REST_MAX_US), now_us)

    def hold(self, until_us: int, now_us: int) -> None:
        """Give no turn for so many microseconds, however many they are."""
        self._set(max(self.left_us(now_us), until_us), now_us)

    def _set(self, until_us: int, now_us: int) -> None:
        self.next_turn_us, self.set_us = now_us + until_us, now_us

    def lower(self, now_ms: int) -> None:
        """Lower the pace, after the carrier has refused a call because there were too many."""
        if not 0 <= now_ms - self.lowered_ms < SAME_BURST_MS:
            self.permille = max(LOWEST_PERMILLE, self.share_permille(now_ms) * LOWERED_PERMILLE // 1000)
            self.lowered_ms = now_ms

    def _spaced(self, spacing: int, now_us: int) -> int:
        return spacing * 1000 // self.share_permille(now_us // 1000)
