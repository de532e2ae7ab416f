"""Jobs as entries of a stream; a foreign entry does not break the reading."""

import json

from attrs import evolve
from hypothesis import given, settings
from hypothesis.strategies import binary, builds, lists, sampled_from, text, tuples

from exoswitch.fleet.leases import Lease
from exoswitch.fleet.redis.jobs_entries import (
    Entry,
    Portion,
    job_fields,
    read_portion,
    stream_part,
)

WORD = text(min_size=1, max_size=20)
LEASE = Lease(token="t1", call_sid="sid1", gateway="gw1", asterisk="pbx1", quotas=("account/acme1",))


def told(*entries, delivered="5-0"):
    return json.dumps([delivered, entries or {}])


@settings(deadline=None, max_examples=50)
@given(builds(Lease, token=WORD, call_sid=WORD, gateway=WORD, asterisk=WORD, quotas=tuples(WORD, WORD) | tuples()))
def test_lease_comes_back_as_it_was_written(lease):
    assert read_portion(told(["1-0", job_fields(lease)])) == Portion("5-0", (Entry("1-0", lease),))


def test_empty_list_is_a_table_in_luas_json():
    assert read_portion(told(delivered="")) == Portion("", ())


def test_field_of_a_later_release_is_ignored():
    assert read_portion(told(["1-0", [*job_fields(LEASE), "why", "x"]])).entries == (Entry("1-0", LEASE),)


def test_job_of_an_earlier_release_has_no_quotas():
    fields = job_fields(LEASE)
    place = fields.index("quotas")
    entry = Entry("1-0", evolve(LEASE, quotas=()))
    assert read_portion(told(["1-0", [*fields[:place], *fields[place + 2 :]]])).entries == (entry,)


def test_trimmed_entry_has_no_lease():
    assert read_portion(told(["1-0", False])).entries == (Entry("1-0", None),)


@settings(deadline=None, max_examples=50)
@given(lists(sampled_from(["token", "call_sid", "gateway", ""]), max_size=6))
def test_entry_without_a_required_field_has_no_lease(fields):
    fields = fields[: len(fields) // 2 * 2]
    assert read_portion(told(["1-0", fields])).entries == (Entry("1-0", None),)


@settings(deadline=None, max_examples=50)
@given(binary(max_size=20).filter(lambda raw: not set(raw) & set(b'"\\') and min(raw, default=32) >= ord(" ")))
def test_entry_that_is_not_utf8_does_not_hide_the_next(raw):
    answer = b'["5-0",[["1-0",["%s","x"]],%s]]' % (raw, json.dumps(["2-0", job_fields(LEASE)]).encode())
    assert read_portion(answer).entries == (Entry("1-0", None), Entry("2-0", LEASE))


def test_stream_name_of_a_gateway_is_percent_encoded():
    assert stream_part("gw-1.a_b") == "gw-1.a_b"
    assert stream_part("gw 1:{x}*") == "gw%201%3A%7Bx%7D%2A"
