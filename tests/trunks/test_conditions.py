"""The conditions of trunks."""

import pytest

from exoswitch.call.events import TrunkCondition
from exoswitch.trunks.conditions import TrunkConditions, is_up


@pytest.mark.parametrize(
    ("registered", "reachable", "up"),
    [
        (True, True, True),
        (True, False, False),
        (False, True, False),
        (None, True, True),
        (None, False, False),
        (True, None, True),
        (False, None, False),
        (None, None, None),
    ],
)
def test_trunk_is_judged_by_the_signs_that_it_has(registered, reachable, up):
    assert is_up(TrunkCondition("bsnl1", registered, reachable)) is up


def test_trunk_is_down_at_the_asterisk_that_says_so():
    conditions = TrunkConditions()
    conditions.note("pbx1", TrunkCondition("bsnl1", registered=False))
    conditions.note("pbx1", TrunkCondition("lab", reachable=True))
    conditions.note("pbx2", TrunkCondition("bsnl1", registered=True))
    assert (conditions.down("pbx1"), conditions.down("pbx2"), conditions.down("pbx3")) == ({"bsnl1"}, set(), set())


def test_last_condition_counts():
    conditions = TrunkConditions()
    assert conditions.note("pbx1", TrunkCondition("bsnl1", registered=False)) is None
    assert conditions.note("pbx1", TrunkCondition("bsnl1", registered=True)) == TrunkCondition(
        "bsnl1", registered=False
    )
    assert conditions.down("pbx1") == set()


def test_asterisk_that_cannot_be_heard_says_nothing_of_its_trunks():
    conditions = TrunkConditions()
    conditions.note("pbx1", TrunkCondition("bsnl1", registered=False))
    conditions.forget("pbx1")
    conditions.forget("pbx1")
    assert conditions.down("pbx1") == set()
    assert list(conditions.all()) == []
