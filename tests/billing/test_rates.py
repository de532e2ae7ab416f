"""The price of a call: seconds, pulses, connection fee, and the day on which it was answered."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.billing.amounts import millionths, of_millionths
from exoswitch.billing.rates import MINUTE, Price, Pulse, Tariff

SECOND = Pulse(1, 1)
MINUTE_THEN_SECONDS = Pulse(60, 1)


@pytest.mark.parametrize(
    ("pulse", "seconds", "billed_s"),
    [
        (SECOND, 0, 1),
        (SECOND, 35, 35),
        (Pulse(15, 15), 35, 45),
        (Pulse(30, 30), 30, 30),
        (Pulse(30, 30), 35, 60),
        (MINUTE, 0, 60),
        (MINUTE, 60, 60),
        (MINUTE, 61, 120),
        (MINUTE_THEN_SECONDS, 35, 60),
        (MINUTE_THEN_SECONDS, 60, 60),
        (MINUTE_THEN_SECONDS, 61, 61),
    ],
)
def test_answered_call_is_billed_in_whole_pulses_and_at_least_one(pulse, seconds, billed_s):
    assert pulse.billed_s(seconds) == billed_s


def test_seconds_are_rounded_up_unless_the_carrier_rounds_to_the_nearest():
    up = Price(rate=Decimal(1), pulse=SECOND)
    nearest = Price(rate=Decimal(1), pulse=SECOND, nearest=True)
    assert [up.billed_s(ms) for ms in (35_000, 35_001, 35_499)] == [35, 36, 36]
    assert [nearest.billed_s(ms) for ms in (35_000, 35_499, 35_500, 400)] == [35, 35, 36, 1]


def test_amount_is_exact_to_six_decimals_and_rounded_half_up_once():
    a_third = Price(rate=Decimal("0.50"), pulse=SECOND, connect=Decimal("0.10"))
    assert a_third.amount(35) == Decimal("0.391667")
    assert Price(rate=Decimal("0.000001"), per_s=2, pulse=SECOND).amount(1) == Decimal("0.000001")


def test_inbound_calls_are_free_unless_they_have_a_rate():
    assert Price(rate=Decimal(1), connect=Decimal(1)).amount(60, inbound=True) == 0
    assert Price(rate=Decimal(1), inbound_rate=Decimal("1.5")).amount(120, inbound=True) == 3


def test_price_is_that_of_the_day_in_india_on_which_the_call_was_answered():
    old = Price(rate=Decimal("0.20"), until=dt.date(2026, 4, 1))
    new = Price(rate=Decimal("0.25"), since=dt.date(2026, 4, 1), until=dt.date(2027, 4, 1))
    tariff = Tariff((new, old))
    midnight = dt.datetime(2026, 3, 31, 18, 30, tzinfo=dt.UTC).timestamp()
    assert [tariff.at(midnight + s) for s in (-0.001, 0)] == [old, new]
    assert tariff.at(midnight + 365 * 86_400) is None
    assert tariff.at(1e30) is None


pulses = st.builds(Pulse, st.integers(1, 3600), st.integers(1, 3600))
amounts = st.decimals(0, 1_000_000, places=6)


@given(pulses, st.integers(0, 100_000))
def test_billed_seconds_cover_the_call_with_less_than_one_step_to_spare(pulse, seconds):
    billed_s = pulse.billed_s(seconds)
    assert billed_s >= max(seconds, pulse.first_s)
    assert billed_s == pulse.first_s or billed_s - seconds < pulse.next_s
    assert (billed_s - pulse.first_s) % pulse.next_s == 0


@given(pulses, st.integers(0, 100_000_000), st.integers(0, 100_000_000), amounts, amounts, st.booleans())
def test_longer_call_never_costs_less(pulse, one, other, rate, connect, nearest):
    price = Price(rate=rate, pulse=pulse, connect=connect, nearest=nearest)
    short, long = (price.amount(price.billed_s(ms)) for ms in sorted((one, other)))
    assert connect <= short <= long


@given(amounts, amounts, st.integers(1, 3600), st.integers(0, 100_000))
def test_amount_is_the_exact_one_rounded_half_up(rate, connect, per_s, billed_s):
    exact = (Fraction(rate) * billed_s / per_s + Fraction(connect)) * 1_000_000
    assert (
        Price(rate=rate, per_s=per_s, connect=connect).amount(billed_s) * 1_000_000 == (exact + Fraction(1, 2)) // 1
    )


@given(amounts)
def test_amount_is_the_same_after_a_time_as_a_whole_number(amount):
    assert of_millionths(millionths(amount)) == amount
