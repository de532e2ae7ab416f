"""The report: sums by key and currency, rental and free minutes by days, what pulses cost, and its three forms."""

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from textwrap import indent

import pytest
from attrs import evolve

from exoswitch.billing.monthly import Terms
from exoswitch.billing.rates import Price, Tariff
from exoswitch.billing.report import Summary
from exoswitch.billing.report_text import as_csv, as_json, as_table
from exoswitch.billing.usage import Usage

ROOT = Path(__file__).parents[2]
FIRST = dt.date(2026, 4, 29)
SURVEYS = Usage(  # a thousand calls of 35 s in pulses of a minute, and as many that nobody answered
    key="",
    trunk="bsnl1",
    currency="INR",
    baseline_currency="INR",
    calls=2000,
    answered=1000,
    talked_ms=35_000_000,
    priced_ms=35_000_000,
    billed_ms=35_000_000,
    billed_s=60_000,
    cost=Decimal(200),
    unpriced=0,
    baseline=Decimal(500),
)
DOLLARS = evolve(SURVEYS, trunk="twilio1", currency="USD", cost=Decimal("1.5"))


def terms(*prices, channels=10):
    return Terms(tariff=Tariff(prices), channels=channels)


def price(**values):
    return Price(rate=Decimal("0.20"), **values)


def report(*days, by="trunk", **trunks):
    """Report the days from FIRST on, each given as a list of usages."""
    summary = Summary(by=by, terms={"bsnl1": terms(price()), **trunks}, currency="INR")
    for number, usages in enumerate(days):
        summary.add(FIRST + dt.timedelta(days=number), usages)
    return summary.report()


def test_days_are_added_up_for_each_trunk_and_compared_with_the_baseline():
    (line,) = report([SURVEYS], [SURVEYS]).lines
    assert (line.key, line.calls, line.answered, line.talked_ms, line.billed_s) == (
        "bsnl1",
        4000,
        2000,
        70_000_000,
        120_000,
    )
    assert (line.total, line.baseline, line.savings) == (400, 1000, 600)
    assert line.savings_percent == 60
    assert line.rate == Decimal("0.342857")


def test_currencies_are_never_added_up_and_have_no_savings_against_a_baseline_in_another_one():
    found = report([SURVEYS, DOLLARS, evolve(DOLLARS, trunk="bsnl1")])
    assert [(line.key, line.currency, line.savings) for line in found.lines] == [
        ("bsnl1", "INR", 300),
        ("bsnl1", "USD", None),
        ("twilio1", "USD", None),
    ]
    assert [(line.currency, line.cost) for line in found.totals] == [("INR", 200), ("USD", 3)]


@pytest.mark.parametrize("by", ["account", "app"])
def test_calls_are_reported_by_their_keys(by):
    found = report(
        [evolve(SURVEYS, key="a"), evolve(SURVEYS, key="b", trunk="bsnl2"), evolve(SURVEYS, key="b")], by=by
    )
    assert [(line.key, line.cost) for line in found.lines] == [("a", 200), ("b", 400)]


def test_rental_is_a_part_of_each_month_for_each_channel():
    found = report([SURVEYS], [], [], bsnl1=terms(price(rental=Decimal(300))))
    assert [(item.month, item.days, item.rental) for item in found.monthly] == [
        (dt.date(2026, 4, 1), 2, Decimal(200)),
        (dt.date(2026, 5, 1), 1, Decimal("96.774194")),
    ]
    (line,) = found.lines
    assert (line.cost, line.fixed, line.total) == (200, Decimal("296.774194"), Decimal("496.774194"))


def test_rental_begins_with_the_first_day_of_its_price():
    since = price(rental=Decimal(300), since=FIRST + dt.timedelta(days=1))
    (item,) = report([], [], bsnl1=terms(since)).monthly
    assert (item.days, item.rental) == (1, 100)


def test_free_minutes_of_all_channels_are_worth_the_average_price_and_never_more_than_the_cost():
    half = report([SURVEYS], bsnl1=terms(price(free_minutes=1500))).monthly  # 500 a day, of 1000 billed minutes
    all_ = report([SURVEYS], bsnl1=terms(price(free_minutes=9000))).monthly
    assert [(item.free_minutes, item.credit) for item in (*half, *all_)] == [(500, 100), (3000, 200)]


def test_monthly_items_are_shared_by_billed_seconds():
    other = evolve(SURVEYS, key="b", billed_s=180_000)
    found = report([evolve(SURVEYS, key="a"), other], by="account", bsnl1=terms(price(rental=Decimal(300))))
    assert [(line.key, line.fixed) for line in found.lines] == [("a", 25), ("b", 75)]


def test_shares_add_up_to_the_whole_although_each_is_rounded():
    usages = [evolve(SURVEYS, key=key) for key in "abc"]
    found = report(usages, by="app", bsnl1=terms(price(rental=Decimal("0.01")), channels=1))
    assert sum(line.fixed for line in found.lines) == found.monthly[0].rental


def test_rental_of_a_trunk_without_calls_has_a_line_of_its_own():
    found = report([evolve(SURVEYS, key="a")], by="account", spare=terms(price(rental=Decimal(30))))
    assert [(line.key, line.total) for line in found.lines] == [("(no calls)", 10), ("a", 200)]


def test_each_day_has_its_part_of_the_rental_and_its_share_of_the_free_minutes():
    costly = price(rental=Decimal(300), free_minutes=750)
    found = report([SURVEYS], [], by="day", bsnl1=terms(costly))
    assert [(line.key, line.fixed) for line in found.lines] == [("2026-04-29", 0), ("2026-04-30", 100)]


def test_pulses_are_told_by_trunk_with_their_factor_and_their_price():
    (loss,) = report([evolve(SURVEYS, key="a"), evolve(SURVEYS, key="b")], by="account").pulses
    assert (loss.trunk, loss.factor, loss.cost) == ("bsnl1", Decimal("1.714286"), Decimal("166.666667"))


def test_calls_without_a_price_are_told_and_not_compared():
    found = report(
        [evolve(SURVEYS, unpriced=7), evolve(SURVEYS, trunk="", currency="", baseline_currency="", unpriced=2)]
    )
    assert found.unpriced == {"bsnl1": 7, "": 2}
    assert "bsnl1: 7 answered calls have no price" in as_table(found)
    assert "(none): 2 answered calls have no price" in as_table(found)


def test_table_rounds_half_up_to_paise_after_the_sums():
    day = [evolve(SURVEYS, cost=Decimal("0.005")), evolve(SURVEYS, trunk="bsnl2", cost=Decimal("0.005"))]
    lines = as_table(report(day)).splitlines()
    assert lines[2].split()[:6] == ["TRUNK", "CALLS", "ANSWERED", "MINUTES", "BILLED", "COST"]
    assert [line.split()[5] for line in lines[3:6]] == ["0.01", "0.01", "0.01"]


def test_table_is_as_the_documentation_shows_it():
    table = as_table(report([SURVEYS], bsnl1=terms(price(rental=Decimal(250), free_minutes=30))))
    assert indent(table, "    ") in (ROOT / "docs" / "billing.md").read_text(encoding="utf-8")


def test_days_without_calls_have_a_plain_table():
    assert as_table(report([])).endswith("no calls ended in these days")


def test_json_has_exact_amounts_as_texts():
    tree = json.loads(
        as_json(report([evolve(SURVEYS, cost=Decimal("0.000001"))], bsnl1=terms(price(rental=Decimal(30)))))
    )
    assert (tree["from"], tree["to"], tree["by"]) == ("2026-04-29", "2026-04-29", "trunk")
    assert tree["lines"][0]["cost"] == "0.000001"
    assert tree["lines"][0]["savings"] == "489.999999"
    assert tree["monthly"][0]["rental"] == "10.000000"
    assert tree["pulses"][0]["factor"] == "1.714286"


def test_csv_has_a_line_for_each_key_and_no_formula():
    found = report([evolve(SURVEYS, key="=1+1"), evolve(SURVEYS, key="a,b")], by="app")
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [row["app"] for row in rows] == ["'=1+1", "a,b"]
    assert (rows[0]["calls"], rows[0]["cost"], rows[0]["rate"]) == ("2000", "200", "0.342857")


def test_name_that_a_terminal_would_obey_is_shown_plainly():
    assert "a?[2J" in as_table(report([evolve(SURVEYS, key="a\x1b[2J")], by="account"))
