"""The carrier's counts: calls a second in a sliding window, phones that rang twice, dials told from repetitions."""

from hypothesis import given
from hypothesis import strategies as st

from tests.harness.carrier.message import Message
from tests.harness.carrier.records import Records, Ring, most_in_a_second

TIMES = st.lists(st.integers(0, 400).map(lambda ticks: ticks / 64), max_size=40)


@given(TIMES)
def test_busiest_second_is_what_a_look_at_every_second_finds(times):
    most = max((sum(at - 1 < other <= at for other in times) for at in times), default=0)
    assert most_in_a_second(times) == most


def test_times_a_second_apart_are_not_in_the_same_second():
    assert most_in_a_second([1.0, 2.0, 3.0]) == 1


def invite(call_id, branch, *, tag=""):
    headers = [("Via", f"SIP/2.0/UDP a;branch={branch}"), ("Call-ID", call_id), ("To", f"<sip:1@a>{tag}")]
    return Message("INVITE sip:1@a SIP/2.0", [*headers, ("CSeq", "1 INVITE")])


def test_dial_counts_once_with_its_repetitions_its_credentials_and_its_reinvites():
    records = Records()
    for message in (
        invite("1", "a"),
        invite("1", "a"),
        invite("1", "b"),
        invite("1", "c", tag=";tag=x"),
        invite("2", "d"),
    ):
        records.add("lab", "udp", message, is_incoming=True)
    assert [seen.message.call_id for seen in records.dials()] == ["1", "2"]
    assert len(records.requests("INVITE")) == 4
    assert records.dials(trunk="other") == []


def test_number_that_rings_in_two_calls_is_found():
    rings = [Ring(0.0, "9812345678", "1"), Ring(0.0, "9812345679", "2"), Ring(1.0, "9812345678", "3")]
    assert Records(rings=rings).rung_twice() == {"9812345678"}
