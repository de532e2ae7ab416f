"""The local registry compared with Redis: only lasting differences count."""

import pytest

from exoswitch.fleet.leases import Lease, NodeStatus
from exoswitch.fleet.redis.local import LocalRegistry

THERE, NOTHING = frozenset("bc"), frozenset()


@pytest.fixture
def local():
    local = LocalRegistry("gw1", NodeStatus.of(9, {"pbx1": 9}))
    for token in "ab":
        local.enter(Lease(token=token, call_sid="sid", gateway="gw1", asterisk="pbx1"))
    return local


def test_difference_that_is_found_twice_in_a_row_is_reported_each_time(local):
    assert local.lasting_differences(THERE, "1") == (NOTHING, NOTHING)
    assert local.lasting_differences(THERE, "1") == ({"a"}, {"c"})
    assert local.lasting_differences(THERE, "1") == ({"a"}, {"c"})


def test_difference_that_is_found_once_belongs_to_a_request_under_way(local):
    local.lasting_differences(THERE, "1")
    assert local.lasting_differences(frozenset("ab"), "1") == (NOTHING, NOTHING)
    assert local.lasting_differences(THERE, "1") == (NOTHING, NOTHING)


def test_registration_between_two_comparisons_starts_anew(local):
    local.lasting_differences(THERE, "1")
    assert local.lasting_differences(THERE, "2") == (NOTHING, NOTHING)
    assert local.lasting_differences(THERE, "2") == ({"a"}, {"c"})
