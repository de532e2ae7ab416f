"""Which trunk carries the next call."""

import pytest

from exoswitch.errors import NoCapacity, TrunkError
from exoswitch.trunks.channels import TrunkChannels


def test_first_trunk_with_a_free_line_is_taken():
    lines = TrunkChannels.of([("a", 1, 10.0), ("b", 1, 10.0)])
    assert [lines.take(0.0)[0], lines.take(0.0)[0]] == ["a", "b"]


def test_line_that_was_given_back_is_taken_again():
    lines = TrunkChannels.of([("a", 1, 10.0), ("b", 1, 10.0)])
    lines.take(0.0)
    lines.give_back("a")
    assert lines.take(1.0) == ("a", 0.0)


def test_calls_on_one_trunk_are_spaced_evenly():
    lines = TrunkChannels.of([("a", 10, 4.0)])
    assert [lines.take(0.0)[1] for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]
    assert lines.take(2.0) == ("a", 0.0)


def test_trunk_that_could_not_dial_soon_is_passed_over():
    lines = TrunkChannels.of([("slow", 100, 0.1), ("next", 100, 10.0)])
    assert [lines.take(0.0)[0] for _ in range(2)] == ["slow", "next"]


def test_busy_trunks_are_no_capacity():
    lines = TrunkChannels.of([("a", 1, 10.0)])
    lines.take(0.0)
    with pytest.raises(NoCapacity, match="every line"):
        lines.take(1.0)
    assert lines.busy("a") == 1


def test_no_trunk_at_all_says_what_to_configure():
    with pytest.raises(TrunkError, match="trunks:"):
        TrunkChannels.of([]).take(0.0)
