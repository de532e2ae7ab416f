"""The choice among trunks."""

import random
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.trunks.selection import CallFacts, Selection, TrunkRule

CALL = CallFacts("acme1", "+919812345610")
NOW = 1_764_000_000.0

names = st.sampled_from("abcdef")
prices = (st.none() | st.decimals(0, 2, places=2)).map(lambda price: lambda _now: price)
rules = st.builds(
    TrunkRule,
    name=names,
    order=st.integers(0, 3),
    weight=st.floats(0, 100),
    prefixes=st.lists(st.sampled_from(["+91", "+9198", "+9180", "+1"]), max_size=2).map(tuple),
    accounts=st.frozensets(st.sampled_from(["acme1", "globex"])),
    price_at=prices,
)
plans = st.lists(rules, unique_by=lambda rule: rule.name).map(tuple)
strategies = st.sampled_from(["order", "weight", "cost"])


def chosen(strategy, *trunks, call=CALL, tried=(), now=NOW, draw=random.random, down=()):
    return Selection(strategy, trunks).candidates(call, tried=tried, now=now, draw=draw, down=down)


def share(name, *trunks, calls=20_000):
    draw = random.Random(7).random
    first = Counter(chosen("weight", *trunks, draw=draw)[0] for _ in range(calls))
    return first[name] / calls


def test_lowest_order_comes_first_and_equal_ones_as_they_are_written():
    assert chosen("order", TrunkRule(name="b", order=2), TrunkRule(name="a"), TrunkRule(name="c")) == ("a", "c", "b")


def test_tried_trunk_is_left_out():
    assert chosen("order", TrunkRule(name="a"), TrunkRule(name="b"), tried={"a"}) == ("b",)


def test_trunk_that_is_down_comes_last_and_is_not_left_out():
    assert chosen("order", TrunkRule(name="a"), TrunkRule(name="b"), down={"a"}) == ("b", "a")


def test_trunk_with_prefixes_takes_only_numbers_that_begin_so():
    trunks = (TrunkRule(name="pune", prefixes=("+9120", "+9198")), TrunkRule(name="all"))
    assert chosen("order", *trunks) == ("pune", "all")
    assert chosen("order", *trunks, call=CallFacts("acme1", "+918047491899")) == ("all",)


def test_trunk_with_accounts_takes_only_their_calls():
    trunks = (TrunkRule(name="own", accounts=frozenset({"globex"})), TrunkRule(name="all"))
    assert chosen("order", *trunks) == ("all",)
    assert chosen("order", *trunks, call=CallFacts("globex", "+919812345610")) == ("own", "all")


def test_lowest_price_at_the_time_comes_first_and_unknown_ones_last():
    def dearer_later(now):
        return Decimal("0.20") if now < NOW else Decimal("0.80")

    trunks = (
        TrunkRule(name="unknown"),
        TrunkRule(name="flat", price_at=lambda _now: Decimal("0.50")),
        TrunkRule(name="changes", price_at=dearer_later),
    )
    assert chosen("cost", *trunks, now=NOW - 1) == ("changes", "flat", "unknown")
    assert chosen("cost", *trunks) == ("flat", "changes", "unknown")


def test_equal_prices_are_ordered_by_order():
    def price(_now):
        return Decimal("0.20")

    assert chosen("cost", TrunkRule(name="b", order=2, price_at=price), TrunkRule(name="a", price_at=price)) == (
        "a",
        "b",
    )


def test_one_per_cent_of_the_calls_can_begin_a_migration():
    old, new = TrunkRule(name="exotel", weight=99), TrunkRule(name="bsnl", weight=1)
    assert share("bsnl", old, new) == pytest.approx(0.01, abs=0.002)


def test_weight_counts_among_trunks_of_the_same_order_only():
    trunks = (
        TrunkRule(name="last", order=2, weight=1000),
        TrunkRule(name="a", weight=1),
        TrunkRule(name="b", weight=3),
    )
    assert share("b", *trunks) == pytest.approx(0.75, abs=0.02)
    assert chosen("weight", *trunks)[-1] == "last"


def test_trunk_of_weight_0_is_tried_only_after_the_others_of_its_order():
    trunks = (TrunkRule(name="off", weight=0), TrunkRule(name="on", weight=0.01), TrunkRule(name="next", order=2))
    assert {chosen("weight", *trunks) for _ in range(100)} == {("on", "off", "next")}


def test_share_of_a_trunk_that_is_down_goes_to_the_others_by_their_weights():
    draw = random.Random(3).random
    trunks = (TrunkRule(name="a", weight=90), TrunkRule(name="b", weight=9), TrunkRule(name="c", weight=1))
    first = Counter(chosen("weight", *trunks, draw=draw, down={"a"})[0] for _ in range(20_000))
    assert first["b"] / 20_000 == pytest.approx(0.9, abs=0.01)
    assert first["a"] == 0


@given(st.lists(st.floats(0.01, 1000), min_size=2, max_size=4), st.integers(0, 2**32))
def test_each_trunk_is_first_for_its_share_of_the_calls(weights, seed):
    draw, calls = random.Random(seed).random, 2000
    trunks = [TrunkRule(name=str(index), weight=weight) for index, weight in enumerate(weights)]
    first = Counter(chosen("weight", *trunks, draw=draw)[0] for _ in range(calls))
    for trunk in trunks:
        p = trunk.weight / sum(weights)
        assert abs(first[trunk.name] / calls - p) < 6 * (p * (1 - p) / calls) ** 0.5 + 1 / calls


@given(strategies, plans, st.frozensets(names), st.frozensets(names), st.integers(0, 2**32))
def test_every_trunk_that_takes_the_call_appears_once_and_no_other(strategy, trunks, tried, down, seed):
    found = chosen(strategy, *trunks, tried=tried, down=down, draw=random.Random(seed).random)
    assert sorted(found) == sorted(trunk.name for trunk in trunks if trunk.takes(CALL) and trunk.name not in tried)
    assert [name in down for name in found] == sorted(name in down for name in found)
