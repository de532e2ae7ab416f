"""What the configuration says of money: exact amounts, and prices that follow each other without gap or overlap."""

import datetime as dt
from decimal import Decimal

import pytest

from exoswitch.billing.rates import Pulse
from exoswitch.configured import prices


def with_cost(good, cost):
    return good.replace("port: 5070}", f"port: 5070, cost: {cost}}}")


def test_amounts_are_as_exact_as_they_are_written(read, good):
    (price,) = read(with_cost(good, "{rate: 0.456789, pulse: 60+1, connect: '0.10'}")).trunks[0].cost
    assert (price.rate, price.connect, price.pulse) == (Decimal("0.456789"), Decimal("0.10"), Pulse(60, 1))


def test_prices_follow_each_other_without_until(read, good):
    written = "[{rate: 0.3, from: 2026-04-01, until: 2027-04-01}, {rate: 0.2}]"
    tariff = prices(read(with_cost(good, written))).tariffs["lab"]
    days = [(2026, 3, 31), (2026, 4, 1), (2027, 3, 31), (2027, 4, 1)]
    found = [tariff.on(dt.date(*day)) for day in days]
    assert [price and price.rate for price in found] == [Decimal("0.2"), Decimal("0.3"), Decimal("0.3"), None]


@pytest.mark.parametrize(
    ("cost", "problem"),
    [
        (
            "[{rate: 1, until: 2026-05-01}, {rate: 2, from: 2026-04-01}]",
            "has two prices from 2026-04-01 until 2026-05-01; write until: 2026-04-01",
        ),
        (
            "[{rate: 1, until: 2026-03-01}, {rate: 2, from: 2026-04-01}]",
            "has no price from 2026-03-01 until 2026-04-01; write until: 2026-04-01",
        ),
        ("[{rate: 1}, {rate: 2}]", "has two prices from the beginning on; give each a day of its own in from"),
        (
            "{rate: 1, from: 2026-04-01, until: 2026-04-01}",
            "is valid from 2026-04-01 until 2026-04-01: until is the day after the last one",
        ),
    ],
)
def test_prices_that_overlap_or_leave_days_out_are_a_problem(problems, good, cost, problem):
    assert problems(with_cost(good, cost)) == {"trunks[0].cost": problem}


@pytest.mark.parametrize(
    ("cost", "path", "problem"),
    [
        ("{}", "cost.rate", 'is missing; add it, for example rate: "0.20"'),
        ("{rate: 1e3}", "cost.rate", "must be an amount from 0 to 1000000, with at most six decimals, such as 0.20"),
        ("{rate: 1, pulse: 0}", "cost.pulse", "must be a pulse in seconds from 1 to 3600, such as 60, or 60+1"),
        ("[{rate: 1, from: 2026-02-30}]", "cost[0].from", "must be a day, written as 2026-04-01"),
        ("{rate: 1, round: down}", "cost.round", "must be one of up, nearest"),
        ("0.20", "cost", "must be a mapping or a list of mappings, not a single value"),
    ],
)
def test_value_that_cannot_be_read_is_a_problem(problems, good, cost, path, problem):
    found = problems(with_cost(good, cost))
    assert list(found) == [f"trunks[0].{path}"]
    assert found[f"trunks[0].{path}"].startswith(problem)


def test_keys_of_earlier_versions_are_refused_with_the_new_ones(problems, good):
    text = good.replace("port: 5070}", "port: 5070, rate: 0.2, pulse_s: 60}") + "billing: {baseline_rate: 0.5}\n"
    assert problems(text) == {
        "trunks[0].rate": 'is now a part of cost; write cost: {rate: "0.20"}, the price of a minute',
        "trunks[0].pulse_s": 'is now a part of cost; write cost: {rate: "0.20", pulse: "60"}',
        "billing.baseline_rate": 'is now a part of baseline; write baseline: {rate: "0.50"}, the price of a minute',
    }
