"""The charge of a session, and the price by which trunks are compared."""

from decimal import Decimal

from attrs import evolve
from zope.interface.verify import verifyObject

from exoswitch.billing.prices import Prices
from exoswitch.billing.rates import Price, Pulse, Tariff
from exoswitch.call.session import Direction
from exoswitch.interfaces.billing import IPrices
from tests.harness.prices import BASELINE, PRICES
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

ANSWERED = evolve(SESSION, trunk="lab", answered_at=MOMENT).ended(HUNG_UP, MOMENT + 35, 35.0)


def test_it_knows_prices():
    verifyObject(IPrices, PRICES)


def test_answered_call_costs_its_pulses_and_is_compared_with_the_baseline():
    charge = PRICES.charge(ANSWERED)
    assert (charge.amount, charge.billed_s, charge.baseline) == (Decimal("0.2"), 60, Decimal("0.5"))


def test_call_without_an_answer_or_a_trunk_costs_nothing():
    for session in (evolve(ANSWERED, answered_at=None), evolve(ANSWERED, trunk=None)):
        charge = PRICES.charge(session)
        assert (charge.amount, charge.billed_s, charge.baseline) == (0, 0, 0)


def test_call_on_a_trunk_without_a_price_has_no_amount_but_a_baseline():
    charge = PRICES.charge(evolve(ANSWERED, trunk="gone"))
    assert (charge.amount, charge.baseline) == (None, Decimal("0.5"))


def test_inbound_call_costs_nothing_although_its_trunk_has_no_price():
    charge = PRICES.charge(evolve(ANSWERED, trunk="gone", direction=Direction.INBOUND))
    assert (charge.amount, charge.baseline) == (0, 0)


def test_trunks_are_compared_by_the_price_of_a_typical_call():
    def price(rate, pulse, **others):
        return Tariff((Price(rate=Decimal(rate), pulse=pulse, **others),))

    tariffs = {
        "minutes": price("0.20", Pulse(60, 60)),
        "seconds": price("0.30", Pulse(1, 1)),
        "dollars": price("0.01", Pulse(1, 1), currency="USD"),
    }
    prices = Prices(tariffs=tariffs, baseline=BASELINE, typical_call_s=35)
    assert prices.price_at("minutes", MOMENT) == Decimal("0.342857")
    assert prices.price_at("seconds", MOMENT) == Decimal("0.300000")
    assert prices.price_at("dollars", MOMENT) is None
    assert prices.price_at("gone", MOMENT) is None
