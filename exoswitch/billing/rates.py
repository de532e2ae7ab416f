"""Core: the price of a trunk's calls: rate, pulse, connection fee, and the days on which they are valid.

A call is billed from its answer to its end. Its seconds are rounded, then its pulses are counted: at least one. The
answer's day in India decides which price is valid; a call over midnight has one price.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from attrs import Factory, frozen

from exoswitch.billing.amounts import EXACT, ZERO, to_six_places
from exoswitch.telephony.indian_time import day_of


@frozen
class Pulse:
    """The steps in which a carrier counts: one of `first_s` seconds, then steps of `next_s`: ``60+1`` is (60, 1)."""

    first_s: int
    next_s: int

    def billed_s(self, seconds: int) -> int:
        """Give the billed seconds of an answered call that lasted `seconds`."""
        steps = -(-max(0, seconds - self.first_s) // self.next_s)
        return self.first_s + steps * self.next_s

    def __str__(self) -> str:
        """Give it as the configuration has it."""
        return str(self.first_s) if self.first_s == self.next_s else f"{self.first_s}+{self.next_s}"


MINUTE = Pulse(60, 60)


@frozen(kw_only=True)
class Price:
    """The price of calls from the day `since` on, and before the day `until`; None is no limit.

    `rate` is the price of `per_s` seconds of an outbound call, `inbound_rate` of an inbound one; `connect` is added
    to each answered call that is not free. With `nearest` the seconds are rounded half-up, otherwise up. `rental` and
    `free_minutes` are for each channel and month.
    """

    rate: Decimal
    per_s: int = 60
    pulse: Pulse = MINUTE
    connect: Decimal = ZERO
    inbound_rate: Decimal = ZERO
    currency: str = "INR"
    since: dt.date | None = None
    until: dt.date | None = None
    nearest: bool = False
    rental: Decimal = ZERO
    free_minutes: int = 0

    def is_valid_on(self, day: dt.date) -> bool:
        """Whether a call that was answered on this day (IST) has this price."""
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)

    def billed_s(self, talked_ms: int) -> int:
        """Give the billed seconds of an answered call."""
        up = 500 if self.nearest else 999
        return self.pulse.billed_s((talked_ms + up) // 1000)

    def amount(self, billed_s: int, *, inbound: bool = False) -> Decimal:
        """Give the price of an answered call, rounded half-up to six decimals."""
        rate = self.inbound_rate if inbound else self.rate
        if inbound and not rate:
            return ZERO
        used = EXACT.divide(EXACT.multiply(rate, Decimal(billed_s)), Decimal(self.per_s))
        return to_six_places(EXACT.add(used, self.connect))


@frozen
class Tariff:
    """All prices of one trunk, in any order; on no day are two of them valid."""

    prices: Sequence[Price] = Factory(tuple)

    def on(self, day: dt.date) -> Price | None:
        """Give the price that is valid on a day (IST), or None."""
        return next((price for price in self.prices if price.is_valid_on(day)), None)

    def at(self, moment: float) -> Price | None:
        """Give the price that is valid at a moment, in seconds since the epoch; None also outside the calendar."""
        try:
            return self.on(day_of(moment))
        except (ValueError, OverflowError, OSError):
            return None
