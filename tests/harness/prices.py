"""Prices for tests: the trunk lab at Rs 0.20 for each minute begun, compared with Exotel's price."""

from decimal import Decimal

from exoswitch.billing.prices import Prices
from exoswitch.billing.rates import Price, Tariff

LAB = Price(rate=Decimal("0.20"))
BASELINE = Price(rate=Decimal("0.50"))
PRICES = Prices(tariffs={"lab": Tariff((LAB,))}, baseline=BASELINE)
