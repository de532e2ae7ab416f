"""Leases and quotas as words for Redis, whatever they are called."""

from hypothesis import given, settings
from hypothesis.strategies import lists, text

from exoswitch.fleet.leases import Lease
from exoswitch.fleet.redis.words import lease_words, limit_words, quotas_word, read_quotas


@settings(deadline=None, max_examples=50)
@given(lists(text(min_size=1, max_size=20), max_size=4))
def test_quotas_of_any_names_come_back_from_one_word(names):
    word = quotas_word(names)
    assert read_quotas(word) == tuple(names)
    assert word.split() == [word]


@settings(deadline=None, max_examples=50)
@given(text(max_size=20))
def test_word_that_somebody_else_wrote_breaks_nothing(word):
    assert all(read_quotas(word))


def test_quotas_are_asked_about_each_with_its_limit():
    assert limit_words({"account/a b": 2, "c": 1}) == ["account%2Fa%20b", 2, "c", 1]


def test_gateway_registers_with_a_leases_quotas():
    lease = Lease(token="t", call_sid="sid", gateway="gw1", asterisk="pbx1", quotas=("account/a", "b"))
    assert lease_words(lease) == ("t", "gw1", "pbx1", "sid", "[account%2Fa,b]")
