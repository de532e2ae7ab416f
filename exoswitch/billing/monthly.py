"""Core: what a trunk costs by the month: the rental of its channels, less the calls that are free minutes.

A part of a month is a part of both: so many of its days. The free minutes of all channels are one pool. They reduce
the cost of the month's calls by the price of an average billed minute: the carrier's invoice does not say which calls
were free.
"""

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from attrs import frozen

from exoswitch.billing.amounts import EXACT, ZERO, to_six_places
from exoswitch.billing.rates import Price, Tariff


@frozen(kw_only=True)
class Terms:
    """What is agreed with the carrier of a trunk."""

    tariff: Tariff
    channels: int


@frozen(kw_only=True)
class Monthly:
    """The monthly items of one trunk for `days` of a month; `free_minutes` is the pool, `credit` their worth."""

    trunk: str
    month: dt.date
    currency: str
    days: int
    rental: Decimal
    free_minutes: Decimal
    credit: Decimal

    @property
    def due(self) -> Decimal:
        """The rental less the credit."""
        return self.rental - self.credit


def month_of(day: dt.date) -> dt.date:
    """Give the first day of the month."""
    return day.replace(day=1)


def monthly(
    trunk: str, terms: Terms, days: Iterable[dt.date], used: Mapping[tuple[dt.date, str], tuple[Decimal, int]]
) -> list[Monthly]:
    """Give the monthly items of a trunk.

    `days` are those of the report, in order. `used` has the cost and the billed seconds of its calls by month and
    currency.
    """
    items = []
    for (month, currency), group in groupby(_valid(terms.tariff, days), _month_and_currency):
        priced = list(group)
        share = Fraction(terms.channels, monthrange(month.year, month.month)[1])
        rental = sum((Fraction(price.rental) * share for _, price in priced), Fraction(0))
        pool = sum((price.free_minutes * share for _, price in priced), Fraction(0))
        cost, billed_s = used.get((month, currency), (ZERO, 0))
        free = min(Fraction(1), pool * 60 / billed_s) if billed_s else Fraction(0)
        item = Monthly(
            trunk=trunk,
            month=month,
            currency=currency,
            days=len(priced),
            rental=exact(rental),
            free_minutes=exact(pool),
            credit=exact(Fraction(cost) * free),
        )
        if rental or pool:
            items.append(item)
    return items


def split(amount: Decimal, weights: Mapping[str, Fraction]) -> Iterator[tuple[str, Decimal]]:
    """Split an amount by weights, to six places; the last part takes what rounding leaves, so the sum is exact."""
    rest, total = amount, sum(weights.values(), Fraction(0))
    for number, (key, weight) in enumerate(weights.items(), start=1):
        part = rest if number == len(weights) else exact(Fraction(amount) * weight / total)
        rest -= part
        yield key, part


def exact(amount: Fraction) -> Decimal:
    """Round an amount half-up to six places."""
    return to_six_places(EXACT.divide(Decimal(amount.numerator), Decimal(amount.denominator)))


def _valid(tariff: Tariff, days: Iterable[dt.date]) -> Iterable[tuple[dt.date, Price]]:
    priced = ((day, tariff.on(day)) for day in days)
    return ((day, price) for day, price in priced if price is not None)


def _month_and_currency(priced: tuple[dt.date, Price]) -> tuple[dt.date, str]:
    return month_of(priced[0]), priced[1].currency
