"""The contract of IRates; `world` has gateways of one fleet, and a clock."""

import pytest
from zope.interface.verify import verifyObject

from exoswitch.fleet.rates import IRates


class RatesContract:
    def test_it_keeps_to_its_interface(self, world):
        assert verifyObject(IRates, world.start())

    def test_no_minute_has_more_than_the_limit(self, world):
        rates = world.start()
        states = [world.take(rates, "calls of acme1", 3) for _ in range(5)]
        assert [(state.is_allowed, state.remaining) for state in states] == [
            (True, 2),
            (True, 1),
            (True, 0),
            (False, 0),
            (False, 0),
        ]
        assert all(0 < state.reset_s <= 60 for state in states)

    def test_a_place_is_free_a_minute_after_it_was_taken(self, world):
        rates = world.start()
        world.take(rates, "a", 2)
        world.pass_time(40)
        world.take(rates, "a", 2)
        refused = world.take(rates, "a", 2)
        assert (refused.is_allowed, refused.reset_s) == (False, pytest.approx(20, abs=0.5))
        world.pass_time(refused.reset_s)
        assert world.take(rates, "a", 2).is_allowed
        assert not world.take(rates, "a", 2).is_allowed

    def test_names_are_counted_apart(self, world):
        rates = world.start()
        taken = [world.take(rates, name, 1).is_allowed for name in ("a", "a:b", "a b", "", "ü", "a")]
        assert taken == [True, True, True, True, True, False]

    def test_a_limit_that_changes_counts_at_once(self, world):
        rates = world.start()
        for _ in range(3):
            world.take(rates, "a", 3)
        assert world.take(rates, "a", 5).remaining == 1
        refused = world.take(rates, "a", 1)
        assert (refused.is_allowed, refused.remaining) == (False, 0)

    def test_a_limit_of_nothing_allows_nothing(self, world):
        refused = world.take(world.start(), "a", 0)
        assert (refused.is_allowed, refused.remaining, refused.reset_s) == (False, 0, pytest.approx(60, abs=0.5))
