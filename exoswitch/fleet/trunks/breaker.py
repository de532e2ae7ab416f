"""Core: the breaker of a trunk: it opens when calls fail by the trunk's fault, and closes when a call goes through.

Dials have numbers. Three faults are in a row if their dials were: the answer to an earlier dial may come between
them, because a phone takes seconds to ring, and a refusal takes none. For the same reason only the answer to a call
that was dialled after the breaker opened closes it.
"""

from collections import Counter
from enum import Enum

from attrs import define, field

from exoswitch.call.attempts import Health
from exoswitch.fleet.trunks.status import Circuit

FAULTS = (Health.STRONG, Health.CONFIG)
ANSWERS = (Health.GOOD, Health.NEUTRAL, Health.WRONG_NUMBER)
"""The trunk has carried the call to the far end, or to someone who knows numbers."""

ROW = 3
FAULTS_MIN = 5
"""It opens after three faults in a row, or after five that are at least half of the window's results."""

REST_MS = 10_000
PROBE_MS = 15_000
"""A probe may be dialled 10 s after the breaker opened, or after the last probe failed; and 15 s after the last probe
in any case, even if the outcome of that one was never told."""

CLOCK_STEP_MS = 60_000
"""A probe that is further away was set before the clock was put back."""

KEPT = 8
"""The numbers of so many failed dials are kept."""

WHY = {
    "": "",
    "row": f"{ROW} calls in a row failed by the trunk's fault",
    "share": "at least half of the calls of the last 30 s failed by the trunk's fault",
}


class Let(Enum):
    """Whether a breaker lets a call pass, as a probe or as any other."""

    YES = "yes"
    PROBE = "probe"
    NO = "no"


@define
class Breaker:
    """The state of one breaker.

    `why` is a key of WHY, empty while it is closed; `opened_dial` is the last dial before it opened. `probe_ms` is
    the turn of the probe under way, 0 without one. `faults` are the numbers of failed dials.
    """

    why: str = ""
    opened_dial: int = 0
    next_probe_ms: int = 0
    probe_ms: int = 0
    faults: list[int] = field(factory=list)

    def let(self, now_ms: int) -> Let:
        """Decide about a call."""
        if not self.why:
            return Let.YES
        is_due = not 0 < self.next_probe_ms - now_ms <= CLOCK_STEP_MS
        return Let.PROBE if is_due else Let.NO

    def circuit(self, now_ms: int) -> Circuit:
        """Give the state for display."""
        if not self.why:
            return Circuit.CLOSED
        return Circuit.HALF_OPEN if self.probe_ms and self.let(now_ms) is Let.NO else Circuit.OPEN

    def probe(self, turn_ms: int) -> None:
        """Note a probe that is dialled at this time."""
        self.probe_ms, self.next_probe_ms = turn_ms, turn_ms + PROBE_MS

    def report(self, health: Health, dial: int, dials: int, totals: Counter[str], now_ms: int) -> str:
        """Take the result of a dial, 0 for an unknown one; `totals` are those of the window with this result.

        Returns 'opened' or 'closed' if it did so, else an empty text.
        """
        if health in FAULTS:
            return self._failed(dial, dials, totals, now_ms)
        if health in ANSWERS and self.why and (dial == 0 or dial > self.opened_dial):
            self.why, self.probe_ms, self.next_probe_ms, self.faults = "", 0, 0, []
            return "closed"
        return ""

    def _failed(self, dial: int, dials: int, totals: Counter[str], now_ms: int) -> str:
        if self.why:
            if self.probe_ms and dial > self.opened_dial:
                self.next_probe_ms = min(self.next_probe_ms, now_ms + REST_MS)
                self.probe_ms = 0
            return ""
        if dial:
            self.faults = [*self.faults, dial][-KEPT:]
        faults = sum(totals[health.value] for health in FAULTS)
        results = sum(totals[health.value] for health in Health)
        if self._is_in_row(dial):
            self.why = "row"
        elif faults >= FAULTS_MIN and 2 * faults >= results:
            self.why = "share"
        else:
            return ""
        self.opened_dial, self.next_probe_ms, self.probe_ms, self.faults = dials, now_ms + REST_MS, 0, []
        return "opened"

    def _is_in_row(self, dial: int) -> bool:
        """Tell whether a failed dial is one of three successive ones that failed."""
        firsts = range(dial - ROW + 1, dial + 1)
        return dial > 0 and any(all(first + step in self.faults for step in range(ROW)) for first in firsts)
