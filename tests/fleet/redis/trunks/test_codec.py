"""Answers about trunks: what the scripts write can be read, and nothing else is taken for an outage of Redis."""

import json

import pytest
from hypothesis import given
from hypothesis.strategies import binary, text

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.redis.trunks.codec import read_taken, read_trunks, read_turn
from exoswitch.fleet.trunks.record import TrunkRecord
from exoswitch.fleet.trunks.registry import Candidate

CANDIDATES = [Candidate(trunk=name, channels=1, spacing_us=1) for name in ("a b", "c")]


def test_taken_trunk_is_named_by_its_place():
    taken, now_us = read_taken(["taken", "1", "20", "7", "1", "99"], CANDIDATES)
    assert (taken.trunk, taken.wait_us, taken.dial, taken.is_probe, now_us) == ("c", 20, 7, True, 99)
    assert read_taken(["full"], CANDIDATES) is None
    assert read_turn(["taken", "20", "99"]) == (20, 99)


@pytest.mark.parametrize("words", [[], ["taken"], ["taken", "2", "0", "0", "0", "0"], ["taken", *"abcde"], ["ok"]])
def test_answer_of_another_form_counts_as_none(words):
    with pytest.raises(BackendUnavailable):
        read_taken(words, CANDIDATES)
    with pytest.raises(BackendUnavailable):
        read_turn(words)


def test_fresh_trunk_with_a_turn_has_an_empty_record():
    view = read_trunks(json.dumps(["5", {}, ["c", "17 4"], []]))
    expected = TrunkRecord()
    expected.pace.next_turn_us, expected.pace.set_us = 17, 4
    assert view.records == {"c": expected}
    assert (view.now_us, view.gateways) == (5, {})


def test_part_of_an_earlier_form_is_passed_over():
    ratio = dict.fromkeys(("since_ms", "dialled", "answered", "long_dialled", "long_answered"), 0) | {"is_odd": False}
    breaker = {"why": "row", "opened_dial": 7, "next_probe_ms": 0, "probe_ms": 0, "faults": {}}
    record = {
        "dials": 7,
        "config_ms": 0,
        "format_ms": 0,
        "breaker": breaker,
        "window": {"buckets": {}},
        "ratio": ratio,
    }
    earlier = record | {"pace": {"permille": 700, "lowered_ms": 5}}
    now, before = (
        read_trunks(json.dumps(["5", ["c", json.dumps(told)], ["c", "17 4"], []])).records["c"]
        for told in (record, earlier)
    )
    assert now == before
    assert (now.dials, now.breaker.why, now.pace.next_turn_us) == (7, "row", 17)


@given(text() | binary())
def test_view_that_cannot_be_read_counts_as_none(answer):
    with pytest.raises(BackendUnavailable):
        read_trunks(answer)
