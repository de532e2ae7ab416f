"""Core: the report of some days: what calls cost, with the monthly items of trunks, and what they cost elsewhere."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import define, evolve, field, frozen

from exoswitch.billing.amounts import ZERO
from exoswitch.billing.monthly import Monthly, Terms, exact, month_of, monthly, split
from exoswitch.billing.usage import Grouping, Usage

NO_CALLS = "(no calls)"
"""The key of what trunks without calls cost, in a report by account or app."""


@frozen(kw_only=True)
class Line:
    """A line of the report. Amounts are in `currency`; `baseline` is None if it is in another one.

    `fixed` is the rental, less the free minutes. `unpriced` answered calls have no cost; their minutes are not in
    `priced_ms`, and the baseline leaves them out. The trunk bills `billed_s` for `billed_talk_ms` of talk.
    """

    key: str
    currency: str
    calls: int = 0
    answered: int = 0
    talked_ms: int = 0
    priced_ms: int = 0
    billed_s: int = 0
    billed_talk_ms: int = 0
    cost: Decimal = ZERO
    fixed: Decimal = ZERO
    unpriced: int = 0
    baseline: Decimal | None = ZERO

    def plus(self, other: "Line") -> "Line":
        """Give the sum with a line of the same key and currency."""
        both = None not in {self.baseline, other.baseline}
        return Line(
            key=self.key,
            currency=self.currency,
            calls=self.calls + other.calls,
            answered=self.answered + other.answered,
            talked_ms=self.talked_ms + other.talked_ms,
            priced_ms=self.priced_ms + other.priced_ms,
            billed_s=self.billed_s + other.billed_s,
            billed_talk_ms=self.billed_talk_ms + other.billed_talk_ms,
            cost=self.cost + other.cost,
            fixed=self.fixed + other.fixed,
            unpriced=self.unpriced + other.unpriced,
            baseline=(self.baseline or ZERO) + (other.baseline or ZERO) if both else None,
        )

    @property
    def total(self) -> Decimal:
        """The cost of calls and the fixed cost."""
        return self.cost + self.fixed

    @property
    def rate(self) -> Decimal | None:
        """The price of a minute of talk, with the fixed cost; None without a minute."""
        return exact(Fraction(self.total) * 60_000 / self.priced_ms) if self.priced_ms else None

    @property
    def savings(self) -> Decimal | None:
        """The difference from the baseline; negative if the baseline is cheaper."""
        return None if self.baseline is None else self.baseline - self.total

    @property
    def savings_percent(self) -> Decimal | None:
        """The savings as a part of the baseline."""
        if self.savings is None or not self.baseline:
            return None
        return exact(Fraction(self.savings) * 100 / Fraction(self.baseline))


@frozen(kw_only=True)
class PulseLoss:
    """The seconds that a trunk bills because it counts in pulses, and about what they cost."""

    trunk: str
    currency: str
    billed_s: int
    talked_ms: int
    cost: Decimal

    @property
    def factor(self) -> Decimal:
        """The billed time as a multiple of the time of talk."""
        return exact(Fraction(self.billed_s * 1000, self.talked_ms))


@frozen(kw_only=True)
class Report:
    """The report of the days from `first` to `last`, both included; `totals` has a line for each currency."""

    first: dt.date
    last: dt.date
    by: Grouping
    lines: Sequence[Line]
    totals: Sequence[Line]
    monthly: Sequence[Monthly]
    pulses: Sequence[PulseLoss]
    unpriced: Mapping[str, int]


@frozen
class _Group:
    """What sums are kept for."""

    key: str
    trunk: str
    month: dt.date
    currency: str


@define
class Summary:
    """Takes the usage of each day, in order; it holds sums only: for each key, trunk, month and currency.

    `terms` are those of the trunks of today's configuration; `currency` is that of bills.
    """

    by: Grouping
    terms: Mapping[str, Terms]
    currency: str
    _days: list[dt.date] = field(factory=list, init=False)
    _groups: dict[_Group, Line] = field(factory=dict, init=False)

    def add(self, day: dt.date, usages: Iterable[Usage]) -> None:
        """Take the usage of the next day."""
        self._days.append(day)
        for usage in usages:
            key = {"trunk": usage.trunk, "day": day.isoformat()}.get(self.by, usage.key)
            group = _Group(key, usage.trunk, month_of(day), usage.currency or self.currency)
            known = self._groups.get(group) or Line(key=key, currency=group.currency)
            self._groups[group] = known.plus(_line(usage, group))

    def report(self) -> Report:
        """Give the report; at least one day was added."""
        items = [item for trunk, terms in self.terms.items() for item in self._monthly(trunk, terms)]
        shares = ((item.currency, *share) for item in items for share in self._shared(item))
        fixed = (Line(key=key, currency=currency, fixed=amount) for currency, key, amount in shares)
        lines = _summed([*self._groups.values(), *fixed])
        return Report(
            first=self._days[0],
            last=self._days[-1],
            by=self.by,
            lines=sorted(lines, key=lambda line: (line.key, line.currency)),
            totals=_summed(evolve(line, key="total") for line in lines),
            monthly=items,
            pulses=tuple(self._pulses()),
            unpriced=self._unpriced(),
        )

    def _monthly(self, trunk: str, terms: Terms) -> list[Monthly]:
        used: dict[tuple[dt.date, str], tuple[Decimal, int]] = {}
        for group, line in self._groups.items():
            if group.trunk == trunk:
                cost, billed_s = used.get((group.month, group.currency), (ZERO, 0))
                used[group.month, group.currency] = cost + line.cost, billed_s + line.billed_s
        return monthly(trunk, terms, self._days, used)

    def _shared(self, item: Monthly) -> Iterator[tuple[str, Decimal]]:
        """Share a monthly item among the lines: by billed seconds, and the rental of a report by day by days."""
        if self.by == "trunk":
            yield item.trunk, item.due
            return
        by_use = {
            group.key: Fraction(line.billed_s)
            for group, line in self._groups.items()
            if (group.trunk, group.month, group.currency) == (item.trunk, item.month, item.currency) and line.billed_s
        }
        yield from split(-item.credit, by_use)
        yield from split(item.rental, self._by_day(item) if self.by == "day" else by_use or {NO_CALLS: Fraction(1)})

    def _by_day(self, item: Monthly) -> dict[str, Fraction]:
        tariff = self.terms[item.trunk].tariff
        prices = ((day, tariff.on(day)) for day in self._days if month_of(day) == item.month)
        return {
            day.isoformat(): Fraction(price.rental)
            for day, price in prices
            if price and price.rental and price.currency == item.currency
        }

    def _pulses(self) -> Iterator[PulseLoss]:
        for line in _summed(evolve(line, key=group.trunk) for group, line in self._groups.items()):
            billed_ms = line.billed_s * 1000
            if line.billed_talk_ms and billed_ms > line.billed_talk_ms:
                extra = Fraction(line.cost) * (billed_ms - line.billed_talk_ms) / billed_ms
                yield PulseLoss(
                    trunk=line.key,
                    currency=line.currency,
                    billed_s=line.billed_s,
                    talked_ms=line.billed_talk_ms,
                    cost=exact(extra),
                )

    def _unpriced(self) -> dict[str, int]:
        """Count the calls without a price by trunk."""
        counts: dict[str, int] = {}
        for group, line in self._groups.items():
            if line.unpriced:
                counts[group.trunk] = counts.get(group.trunk, 0) + line.unpriced
        return counts


def _line(usage: Usage, group: _Group) -> Line:
    is_foreign = usage.baseline_currency not in {"", group.currency}
    return Line(
        key=group.key,
        currency=group.currency,
        calls=usage.calls,
        answered=usage.answered,
        talked_ms=usage.talked_ms,
        priced_ms=usage.priced_ms,
        billed_talk_ms=usage.billed_ms,
        billed_s=usage.billed_s,
        cost=usage.cost,
        unpriced=usage.unpriced,
        baseline=None if is_foreign else usage.baseline,
    )


def _summed(lines: Iterable[Line]) -> list[Line]:
    """Add up the lines of the same key and currency."""
    sums: dict[tuple[str, str], Line] = {}
    for line in lines:
        known = sums.get((line.key, line.currency))
        sums[line.key, line.currency] = known.plus(line) if known else line
    return list(sums.values())
