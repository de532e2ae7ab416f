"""What is written for the scripts in Redis, and how their answers are read; Lua writes an empty list as {}."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import lists, text

from exoswitch.errors import BackendUnavailable, QuotaReached
from exoswitch.fleet.leases import AsteriskStatus, FleetView, GatewayView, Lease, NodeStatus
from exoswitch.fleet.redis.codec import (
    lease_words,
    limit_words,
    quotas_word,
    read_adoptions,
    read_counts,
    read_leases,
    read_quotas,
    read_unreadable,
    read_usage,
    read_view,
    read_words,
    refusal,
)
from exoswitch.fleet.redis.jobs_entries import read_portion

ODD = "[é, 100%]"
LEASES = (
    Lease(token="t0", call_sid="sid0", gateway="gw1", asterisk="pbx1"),
    Lease(token="t1", call_sid="sid1", gateway="gw1", asterisk="pbx1", quotas=("account/a", ODD)),
)
WORDS = "[account%2Fa,%5B%C3%A9%2C%20100%25%5D]"
STATUS = NodeStatus(capacity=5, asterisks={"pbx1": AsteriskStatus(capacity=3, healthy=True)})
RECORD = (
    '{"capacity": 5, "asterisks": {"pbx1": {"capacity": 3, "healthy": true, "draining": false}}, "draining": false}'
)


@settings(deadline=None, max_examples=50)
@given(lists(text(min_size=1, max_size=20), max_size=4))
def test_quotas_with_any_names_are_written_as_one_word_and_read_back(names):
    word = quotas_word(names)
    assert read_quotas(word) == tuple(names)
    assert word.split() == [word]


@settings(deadline=None, max_examples=50)
@given(text(max_size=20))
def test_any_word_is_read_as_quotas_without_an_error(word):
    assert all(read_quotas(word))


def test_quotas_are_written_each_with_its_limit():
    assert limit_words({"account/a b": 2, "c": 1}) == ["account%2Fa%20b", 2, "c", 1]


def test_lease_is_written_with_its_quotas():
    lease = Lease(token="t", call_sid="sid", gateway="gw1", asterisk="pbx1", quotas=("account/a", "b"))
    assert lease_words(lease) == ("t", "gw1", "pbx1", "sid", "[account%2Fa,b]")


def test_freed_leases_are_read():
    answer = ["t0", "gw1", "pbx1", "sid0", "[]", "t1", "gw1", "pbx1", "sid1", WORDS]
    assert read_leases(json.dumps(answer)) == LEASES


def test_empty_list_of_leases_is_read():
    assert read_leases("{}") == ()


def test_adoptions_are_read():
    assert read_adoptions(["ok", "t0", "pbx1", "sid0", "[]", "t1", "pbx1", "sid1", WORDS], "gw1") == LEASES
    assert read_adoptions(["ok"], "gw1") == ()


def test_counts_of_quotas_are_read():
    assert read_counts('["account%2Fa", "2", "b", "1"]') == {"account/a": 2, "b": 1}
    assert read_counts("{}") == {}


def test_reached_quota_is_read_with_its_limit():
    told = refusal(["reached", "b%2Fc"], {"a": 1, "b/c": 2})
    assert (type(told), str(told)) == (QuotaReached, "b/c has reached its limit of 2 concurrent calls")


def test_unknown_answer_counts_as_redis_being_unavailable():
    for words in (["reached", "other"], ["reached"], ["odd"]):
        assert isinstance(refusal(words, {"a": 1}), BackendUnavailable)


def test_empty_fleet_is_read():
    nothing = FleetView(gateways={}, asterisks={}, quotas={}, leases=())
    assert read_view("[1790000000000, {}, {}, {}, {}, {}]") == nothing


def test_fleet_is_read():
    now_ms = 1_790_000_000_000
    answer = [
        now_ms,
        ["gw1", f"instance:7 {RECORD}", "gw2", f"other:1 {RECORD}"],
        ["gw2", str(now_ms), "gw1", f"{now_ms + 1}"],
        ["gateway:gw1", "2", "asterisk:pbx1", "2"],
        ["account%2Fa", "1", "%5B%C3%A9%2C%20100%25%5D", "1"],
        ["t0", "gw1 gw1 pbx1 sid0 []", "t1", f"gw2 gw1 pbx1 sid1 {WORDS}"],
    ]
    assert read_view(json.dumps(answer)) == FleetView(
        gateways={
            "gw1": GatewayView(status=STATUS, used=2, alive=True),
            "gw2": GatewayView(status=STATUS, used=0, alive=False),
        },
        asterisks={"pbx1": 2},
        quotas={"account/a": 1, ODD: 1},
        leases=LEASES,
    )


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=20,
)
ANSWERS = st.none() | st.integers() | st.binary(max_size=40) | st.text(max_size=40) | _json.map(json.dumps)
READERS = [read_words, read_leases, read_counts, read_view, read_unreadable, read_portion]


@pytest.mark.parametrize("read", READERS)
@given(answer=ANSWERS)
@settings(deadline=None, max_examples=60)
def test_answer_of_any_form_is_read_or_counts_as_no_answer(read, answer):
    with suppress(BackendUnavailable):
        read(answer)


@given(st.lists(st.text(max_size=8), max_size=9))
@settings(deadline=None, max_examples=60)
def test_words_of_any_form_are_read_or_count_as_no_answer(words):
    for read in (read_usage, lambda words: read_adoptions(words, "gw1")):
        with suppress(BackendUnavailable):
            read(words)


def test_record_that_cannot_be_read_is_left_out_of_the_view_of_a_fleet():
    answer = [
        5,
        ["gw1", f"e:1 {RECORD}", "gw2", "no json", "gw3", f"e:1 {RECORD}"],
        ["gw1", "9"],
        ["gateway:gw1", "1", "asterisk:pbx1", "many"],
        ["q", "few"],
        ["t0", "gw1 gw1 pbx1 sid0 []", "t1", "garbled"],
    ]
    view = read_view(json.dumps(answer))
    assert {name: one.alive for name, one in view.gateways.items()} == {"gw1": True, "gw3": False}
    assert (view.asterisks, view.quotas, view.leases) == ({}, {}, LEASES[:1])
