"""Ten thousand calls over all pulses, midnights in India and a change of prices, and what they cost.

The costs are computed here with whole numbers and fractions alone, and share no code with the product.
"""

import datetime as dt
import random
from collections import Counter
from fractions import Fraction

from attrs import frozen

COUNT = 10_000
DAY_MS = 86_400_000
INDIA_MS = 19_800_000  # 5 h 30 min
CHANGE = dt.date(2026, 4, 1)
FIRST, LAST = dt.date(2026, 3, 30), dt.date(2026, 4, 3)

# Of each trunk: pulse, rounding of seconds, and (rate of a minute, connection fee) before and since CHANGE.
TRUNKS = {
    "every-1": ("1", "up", ("0.20", "0"), ("0.25", "0")),
    "every-15": ("15", "up", ("0.45", "0.05"), ("0.456789", "0.05")),
    "every-30": ("30", "up", ("0.333333", "0"), ("0.70", "0.123456")),
    "every-60": ("60", "up", ("0.20", "0"), ("0.35", "0")),
    "60-then-1": ("60+1", "up", ("0.50", "0"), ("0.49", "0.01")),
    "nearest-1": ("1", "nearest", ("1.00", "0"), ("0.000001", "0")),
    "nearest-60": ("60", "nearest", ("0.07", "0"), ("0.31", "0")),
}
BASELINE = Fraction(1, 2)  # for each minute begun

YAML = """
asterisks:
  - {name: pbx1, ami: "tcp:127.0.0.1:1", username: exoswitch, secret: hush, host: 127.0.0.1}
trunks:
""" + "".join(
    f"  - name: {name}\n    provider: sip\n    host: 127.0.0.1\n    cost:\n"
    f"      - {{rate: {before[0]}, connect: {before[1]}, pulse: '{pulse}', round: {rounding}}}\n"
    f"      - {{rate: {after[0]}, connect: {after[1]}, pulse: '{pulse}', round: {rounding}, from: {CHANGE}}}\n"
    for name, (pulse, rounding, before, after) in TRUNKS.items()
)


@frozen
class Made:
    """One call: milliseconds since the epoch of its answer, or of its end if it `is_unanswered`; and of its talk."""

    sid: str
    trunk: str
    at_ms: int
    talked_ms: int
    is_unanswered: bool

    @property
    def day(self):
        """Days since 1970-01-01 in India."""
        return (self.at_ms + INDIA_MS) // DAY_MS

    @property
    def millionths(self):
        """What it costs on its trunk."""
        if self.is_unanswered:
            return 0
        pulse, rounding, before, after = TRUNKS[self.trunk]
        rate, connect = after if self.day >= days(CHANGE) else before
        return _half_up(Fraction(rate) * _billed(self.talked_ms, pulse, rounding) / 60 + Fraction(connect))

    @property
    def baseline_millionths(self):
        """What it costs elsewhere."""
        return 0 if self.is_unanswered else _half_up(BASELINE * _billed(self.talked_ms, "60", "up") / 60)


def days(date):
    return (date - dt.date(1970, 1, 1)).days


def _billed(talked_ms, pulse, rounding):
    """Count pulses one by one."""
    seconds, rest = divmod(talked_ms, 1000)
    if rest >= (500 if rounding == "nearest" else 1):
        seconds += 1
    first, _, after = pulse.partition("+")
    billed = int(first)
    while billed < seconds:
        billed += int(after or first)
    return billed


def _half_up(amount):
    """Give whole millionths."""
    doubled = amount * 2_000_000
    return (doubled.numerator // doubled.denominator + 1) // 2


def paise(millionths):
    """Round a sum half-up to a paisa, as a line of an invoice."""
    return (millionths + 5000) // 10_000


def make(seed=7):
    """Make the calls: many about a midnight, with a length about a multiple of a pulse."""
    rng = random.Random(seed)
    midnights = [days(FIRST) + number for number in range(1, days(LAST) - days(FIRST) + 1)]
    calls = []
    for number in range(COUNT):
        trunk = rng.choice(sorted(TRUNKS))
        midnight_ms = rng.choice([days(CHANGE), *midnights]) * DAY_MS - INDIA_MS
        near = (rng.randint(-3, 3), rng.randint(-300_000, 300_000), rng.randint(-DAY_MS // 2, DAY_MS // 2))
        lengths = (
            max(0, rng.choice([1, 15, 30, 60]) * rng.randint(0, 20) * 1000 + rng.choice([-1, 0, 1, 499, 500, 501])),
            rng.randint(0, 120_000),
            rng.randint(0, 3 * 3_600_000),
        )
        at_ms, talked_ms = midnight_ms + rng.choice(near), rng.choice(lengths)
        calls.append(Made(f"c{number:05}", trunk, at_ms, talked_ms, rng.random() < 0.2))
    return calls


def by_day_and_trunk(calls):
    """Sum up the millionths."""
    sums = Counter()
    for call in calls:
        sums[call.day, call.trunk] += call.millionths
    return sums
