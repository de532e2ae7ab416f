"""Core: the prices of all trunks, and the baseline with which they are compared."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from attrs import evolve, frozen
from zope.interface import implementer

from exoswitch.billing.amounts import EXACT, ZERO, to_six_places
from exoswitch.billing.rates import Price, Tariff
from exoswitch.call.charge import Charge
from exoswitch.call.session import Direction, Session
from exoswitch.interfaces.billing import IPrices

_NO_PRICES = Tariff()


@implementer(IPrices)
@frozen(kw_only=True)
class Prices:
    """The tariff of each trunk by its name; `baseline` is in the billing currency.

    `typical_call_s` is the length of the call by which trunks are compared.
    """

    tariffs: Mapping[str, Tariff]
    baseline: Price
    typical_call_s: int = 60

    def charge(self, session: Session) -> Charge:
        """Give the charge of a session that has ended."""
        tariff = self.tariffs.get(session.trunk or "", _NO_PRICES)
        if session.answered_at is None or session.trunk is None:
            return self._free(tariff.at(session.created_at))
        talked_ms = round((session.duration_s or 0.0) * 1000)
        is_inbound = session.direction is Direction.INBOUND
        baseline = self.baseline.amount(self.baseline.billed_s(talked_ms), inbound=is_inbound)
        price = tariff.at(session.answered_at)
        if price is None:
            return Charge(
                amount=ZERO if is_inbound else None,
                currency=self.baseline.currency,
                billed_s=0,
                baseline=baseline,
                baseline_currency=self.baseline.currency,
            )
        billed_s = 0 if is_inbound and not price.inbound_rate else price.billed_s(talked_ms)
        return Charge(
            amount=price.amount(billed_s, inbound=is_inbound),
            currency=price.currency,
            billed_s=billed_s,
            baseline=baseline,
            baseline_currency=self.baseline.currency,
        )

    def price_at(self, trunk: str, now: float) -> Decimal | None:
        """Give the price of a minute of a typical call now (wall clock), in the billing currency, to compare trunks.

        It has whole pulses and the connection fee; None if the trunk has no price, or one in another currency.
        """
        price = self.tariffs.get(trunk, _NO_PRICES).at(now)
        if price is None or price.currency != self.baseline.currency:
            return None
        amount = price.amount(price.billed_s(self.typical_call_s * 1000))
        return to_six_places(EXACT.divide(EXACT.multiply(amount, Decimal(60)), Decimal(self.typical_call_s)))

    def keeping(self, before: "Prices", trunks: Collection[str]) -> "Prices":
        """Give these prices, and those of `before` for each of these trunks that is not known here."""
        gone = {name: before.tariffs[name] for name in trunks if name in before.tariffs}
        return evolve(self, tariffs={**gone, **self.tariffs})

    def _free(self, price: Price | None) -> Charge:
        """Give the charge of a call that was not answered."""
        currency = self.baseline.currency
        return Charge(
            amount=ZERO,
            currency=currency if price is None else price.currency,
            billed_s=0,
            baseline=ZERO,
            baseline_currency=currency,
        )
