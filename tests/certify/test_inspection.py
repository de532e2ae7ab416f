from json import dumps

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.certify.expect_messages import are_understood
from exoswitch.certify.inspection import Inspection
from exoswitch.certify.verdict import Verdict
from tests.harness.certify_seen import OTHER_SID, SID, TERMS, TONE, mark, media, tape


@pytest.fixture
def said():
    return Inspection(SID)


def test_messages_are_counted_by_kind(said):
    for message in (media(TONE[0]), media(TONE[0] * 3), mark("a"), b'{"event":"clear"}'):
        said.text(message)
    assert (said.messages, said.media, said.marks, said.clears) == (4, 2, 1, 1)
    assert (said.faults, said.uneven_chunks) == ({}, 0)


def test_a_message_that_exotel_cannot_read_is_a_fault_with_an_example(said):
    assert said.text(b'{"event":"media"}') is None
    said.text(b'{"event":"media","media":1}')
    said.text(b"\xff\x00" * 100)
    assert said.faults.total() == 3
    assert said.faults["a media message without the text media.payload"] == 2
    assert said.examples["a media message without the text media.payload"] == '{"event":"media"}'
    assert max(map(len, said.examples.values())) < 60


def test_uneven_and_large_chunks_are_measured(said):
    said.text(media(b"\0" * 333))
    said.text(media(b"\0" * 320_000))
    assert (said.uneven_chunks, said.uneven_bytes, said.largest_bytes) == (1, 333, 320_000)


def test_other_spellings_and_values_of_stream_sid_are_counted(said):
    said.text(media(TONE[0], stream_sid=SID))
    said.text(media(TONE[0], stream_sid=""))
    said.text(media(TONE[0], streamSid=SID))
    said.text(media(TONE[0], stream_sid=OTHER_SID))
    assert (said.camel_case_sids, said.other_sids) == (1, {OTHER_SID})


def test_ignored_events_are_counted_up_to_a_limit(said):
    for number in range(100):
        said.text(dumps({"event": f"made up {number}"}).encode())
    assert len(said.ignored) == 20
    assert not said.faults


@settings(deadline=None, max_examples=50)
@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda x: dumps(x).encode())
)
def test_no_message_raises_an_error(data):
    Inspection(SID).text(data)


def verdicts(findings):
    return [finding.verdict for finding in findings]


def test_good_messages_are_counted_in_the_finding():
    one = tape()
    one.hung_up_at = None
    one.received(media(TONE[0]), 1.0)
    one.received(mark("a"), 1.0)
    (finding,) = are_understood([one], TERMS)
    assert (finding.verdict, finding.seen) == (Verdict.PASS, "2 messages: 1 media, 1 mark")


def test_each_kind_of_fault_is_a_failure():
    one = tape()
    one.received(b"garbage", 1.0)
    one.said.binary_message()
    findings = are_understood([one], TERMS)
    assert verdicts(findings) == [Verdict.FAIL, Verdict.FAIL]
    assert findings[0].seen == "1 of 2: a message that is not JSON: garbage"


def test_legal_but_unwise_messages_are_notes():
    one = tape()
    one.received(media(b"\0" * 100_001, streamSid=OTHER_SID), 1.0)
    one.received(b'{"event":"stop"}', 1.0)
    one.longest_queue_ms = 61_000
    findings = are_understood([one], TERMS)
    assert verdicts(findings) == [Verdict.PASS] + [Verdict.NOTE] * 6


def test_a_bot_without_messages_passes():
    (finding,) = are_understood([tape()], TERMS)
    assert (finding.verdict, finding.seen) == (Verdict.PASS, "the bot sent no message")
