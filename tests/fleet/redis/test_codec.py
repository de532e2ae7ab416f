"""What is written for the scripts in Redis, and how their answers are read; Lua writes an empty list as {}."""

import json

from hypothesis import given, settings
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
    read_view,
    refusal,
)

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
