"""The price of a call by the carrier's own record, computed without the gateway's code."""

import math
import random
from decimal import Decimal

MINUTE_S = 60


def price(pulse: str, rate: str, seconds: float) -> Decimal:
    """Give the price in rupees, rounded half-up to thousandths, as REST has it; `rate` is that of a minute."""
    first, _, step = pulse.partition("+")
    first_s, step_s = int(first), int(step or first)
    billed_s = first_s + max(0, math.ceil((math.ceil(seconds) - first_s) / step_s)) * step_s
    thousandths = Decimal(rate) * 1000 * billed_s / MINUTE_S
    return Decimal(math.floor(thousandths + Decimal("0.5"))) / 1000


def talk_s(chance: random.Random, *, most: int) -> float:
    """Give the length of a call: up to `most` whole seconds, and some tenths.

    With the tenths the carrier's clock and the gateway's round to the same second.
    """
    return chance.randint(0, most) + chance.uniform(0.3, 0.7)
