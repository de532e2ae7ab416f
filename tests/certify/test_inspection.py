from json import dumps

import pytest
from attrs import evolve
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
    assert (said.faults.total(), said.strays.total()) == (2, 1)
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


def test_kinds_of_faults_are_counted_up_to_a_limit(said):
    for number in range(100):
        said.text(b'{"event":"mark","mark":{"name":"%s"}}' % (b"x" * (300 + number)))
    assert (len(said.faults), said.faults.total(), len(said.examples)) == (21, 100, 21)


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


def received(*messages):
    """A call of a bot that sent these messages."""
    one = tape()
    one.hung_up_at = None
    for message in messages:
        one.received(message, 1.0)
    return one


@pytest.mark.parametrize("lost", [b'{"event":"media","media":{"payload":"%"}}', b'{"event":"mark"}'])
def test_lost_audio_or_a_lost_mark_is_a_failure(lost):
    finding = are_understood([received(lost)], TERMS)[0]
    assert finding.verdict is Verdict.FAIL
    assert finding.seen.startswith("1 of 1: a ")


@pytest.mark.parametrize("stray", [b"garbage", b"[]", b"{}", b"\xff"])
def test_text_that_is_no_message_is_a_note(stray):
    (finding,) = are_understood([received(media(TONE[0]), stray)], TERMS)
    assert finding.verdict is Verdict.NOTE
    assert finding.seen.startswith("1 of 2: a message ")


def test_binary_messages_are_a_failure_only_in_place_of_media():
    one = tape()
    one.said.binary_message()
    (finding,) = are_understood([one], TERMS)
    assert (finding.verdict, finding.seen) == (Verdict.FAIL, "1 of 1: a binary message")
    assert verdicts(are_understood([one], evolve(TERMS, is_silent=True))) == [Verdict.NOTE]
    assert verdicts(are_understood([one, received(media(TONE[0]))], TERMS)) == [Verdict.NOTE]


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
