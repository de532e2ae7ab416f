"""The choice of a trunk for a call."""

import pytest

from exoswitch.errors import NoCapacity, TrunkError
from exoswitch.trunks.channels import TrunkChannels, TrunkUse


def test_first_trunk_with_a_free_channel_is_taken():
    trunks = TrunkChannels.of([("a", 1, 10.0), ("b", 1, 10.0)])
    assert [trunks.take(0.0)[0], trunks.take(0.0)[0]] == ["a", "b"]


def test_channel_that_is_given_back_is_taken_again():
    trunks = TrunkChannels.of([("a", 1, 10.0), ("b", 1, 10.0)])
    trunks.take(0.0)
    trunks.give_back("a")
    assert trunks.take(1.0) == ("a", 0.0)


def test_calls_on_one_trunk_are_spaced_evenly():
    trunks = TrunkChannels.of([("a", 10, 4.0)])
    assert [trunks.take(0.0)[1] for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]
    assert trunks.take(2.0) == ("a", 0.0)


def test_trunk_that_cannot_dial_soon_is_skipped():
    trunks = TrunkChannels.of([("slow", 100, 0.1), ("next", 100, 10.0)])
    assert [trunks.take(0.0)[0] for _ in range(2)] == ["slow", "next"]


def test_full_trunks_are_no_capacity():
    trunks = TrunkChannels.of([("a", 1, 10.0)])
    trunks.take(0.0)
    with pytest.raises(NoCapacity, match="every trunk is full"):
        trunks.take(1.0)
    trunks.give_back("a")
    assert trunks.take(1.0) == ("a", 0.0)
    with pytest.raises(NoCapacity):
        trunks.take(2.0)


def test_without_trunks_the_error_names_the_key_to_add():
    with pytest.raises(TrunkError, match="trunks:"):
        TrunkChannels.of([]).take(0.0)


def test_use_of_each_trunk_is_told_with_its_limits():
    trunks = TrunkChannels.of([("a", 10, 4.0), ("b", 5, 0.5)])
    trunks.take(0.0)
    assert trunks.uses() == (TrunkUse("a", 1, 10, 4.0), TrunkUse("b", 0, 5, 0.5))
