"""What only one of two books has: told when it lasts."""

from exoswitch.fleet.redis.differences import Differences

HERE, THERE, NOTHING = frozenset("ab"), frozenset("bc"), frozenset()


def test_what_differs_twice_on_end_is_told_each_time():
    differences = Differences()
    assert differences.lasting(HERE, THERE, "1") == (NOTHING, NOTHING)
    assert differences.lasting(HERE, THERE, "1") == ({"a"}, {"c"})
    assert differences.lasting(HERE, THERE, "1") == ({"a"}, {"c"})


def test_what_differs_only_once_is_under_way():
    differences = Differences()
    differences.lasting(HERE, THERE, "1")
    assert differences.lasting(THERE, THERE, "1") == (NOTHING, NOTHING)
    assert differences.lasting(HERE, THERE, "1") == (NOTHING, NOTHING)


def test_registration_between_two_looks_begins_anew():
    differences = Differences()
    differences.lasting(HERE, THERE, "1")
    assert differences.lasting(HERE, THERE, "2") == (NOTHING, NOTHING)
    assert differences.lasting(HERE, THERE, "2") == ({"a"}, {"c"})
