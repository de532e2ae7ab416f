"""Notes are numbered in their order, and become rows that any database accepts."""

from attrs import evolve

from exoswitch.call.session import CallStatus
from exoswitch.sessions.notes import (
    EVENT_COLUMNS,
    SESSION_COLUMNS,
    Note,
    Sequencer,
    Unwritten,
    event_row,
    newest,
    session_row,
)
from tests.harness.sessions import MOMENT, SESSION


def test_sequence_rises_within_a_microsecond_and_when_the_clock_goes_back():
    sequencer = Sequencer()
    numbers = [sequencer.note(SESSION, now).sequence for now in (MOMENT, MOMENT, MOMENT - 60, MOMENT + 1)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == int((MOMENT + 1) * 1_000_000)


def test_sequence_rises_above_the_numbers_of_a_gateway_whose_clock_is_ahead():
    sequencer = Sequencer()
    read = Sequencer().note(SESSION, MOMENT + 60)
    sequencer.follow([read, Note(1, SESSION)])
    assert sequencer.note(SESSION, MOMENT).sequence == read.sequence + 1
    sequencer.follow([])
    assert sequencer.note(SESSION, MOMENT + 90).sequence == int((MOMENT + 90) * 1_000_000)


def test_newest_note_of_each_call_is_found_in_any_order():
    other = evolve(SESSION, call_sid="b")
    notes = [Note(2, SESSION), Note(3, other), Note(1, SESSION)]
    assert newest(notes) == [Note(3, other), Note(2, SESSION)]


def test_unwritten_note_is_forgotten_when_it_or_a_newer_one_is_written():
    unwritten = Unwritten(10)
    unwritten.add(Note(2, SESSION))
    unwritten.settle([Note(1, SESSION), Note(9, evolve(SESSION, call_sid="b"))])
    assert unwritten.get("c1") == Note(2, SESSION)
    unwritten.settle([Note(2, SESSION)])
    assert unwritten.get("c1") is None


def test_unwritten_notes_are_limited_and_the_newest_are_kept():
    unwritten = Unwritten(2)
    for number, sid in enumerate(("a", "b", "a", "c")):
        unwritten.add(Note(number, evolve(SESSION, call_sid=sid, gateway="gw1")))
    assert [note.sequence for note in unwritten.of_gateway("gw1")] == [2, 3]
    assert unwritten.of_gateway("gw2") == []
    assert unwritten.get("b") is None


def test_rows_have_the_values_of_their_columns():
    row = dict(zip(SESSION_COLUMNS, session_row(Note(7, evolve(SESSION, gateway="gw1"))), strict=True))
    assert (row["call_sid"], row["direction"], row["sequence"]) == ("c1", "outbound-api", 7)
    assert (row["gateway"], row["exophone"], row["created_at"]) == ("gw1", "08047491899", MOMENT)
    event = dict(zip(EVENT_COLUMNS, event_row(Note(7, SESSION)), strict=True))
    assert (event["call_sid"], event["sequence"], event["status"]) == ("c1", 7, CallStatus.QUEUED.value)


def test_characters_that_databases_refuse_are_removed_from_columns():
    row = session_row(Note(1, evolve(SESSION, customer="a\0b\ud800")))
    assert row[SESSION_COLUMNS.index("customer")] == "ab?"


def test_note_after_a_takeover_is_newer_than_all_notes_of_the_former_gateway():
    second, late = Sequencer(), Sequencer()
    taken_over = second.note(evolve(SESSION, takeovers=1), 1_700_000_000.0)
    assert late.note(SESSION, 1_900_000_000.0).sequence < taken_over.sequence
    late.follow([taken_over])
    assert late.note(SESSION, 1_700_000_000.0).sequence < taken_over.sequence
    assert second.note(evolve(SESSION, takeovers=900), 1_700_000_000.0).sequence < 2**63
