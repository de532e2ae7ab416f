"""Notes that the database refuses, and records that cannot be read, are set aside; all others go on."""

import json

import pytest
from attrs import evolve
from twisted.logger import capturedLogs

from exoswitch.call.session import CallStatus
from exoswitch.errors import BackendUnavailable
from exoswitch.sessions.journal_lines import read_line
from exoswitch.sessions.set_aside import SetAside
from tests.harness.keeper import Keeper, result
from tests.harness.sessions import MOMENT, SESSION, sids

REFUSED = evolve(SESSION, call_sid="odd", gateway="gw1", takeovers=10**6)  # a sequence of more than 64 bits


def set_aside(keeper):
    return SetAside(keeper.folder / "journal")


def test_refused_note_is_set_aside_and_all_others_of_its_batch_are_written(keeper):
    keeper.note("a", "b")
    keeper.store.note(REFUSED)
    keeper.note("c", "d")
    keeper.pass_time()
    assert [sid for sid, _ in keeper.written()] == ["a", "b", "c", "d"]
    assert keeper.store.ready
    ((at, reason),) = set_aside(keeper).reasons()
    assert at.startswith("2023-11-14T")
    assert "too large" in reason
    counts = keeper.metrics.counts
    assert (counts["session_notes_set_aside_total"], counts["session_outages_total"]) == (1, 0)


def test_note_that_is_set_aside_can_be_read_back_from_the_file(keeper):
    keeper.store.note(REFUSED)
    keeper.pass_time()
    text = json.loads(set_aside(keeper).path.read_text())["note"]
    assert '"call_sid":"odd"' in text
    assert set_aside(keeper).path.stat().st_mode & 0o077 == 0


def test_call_whose_note_was_refused_is_still_found_in_memory(keeper):
    keeper.store.note(REFUSED)
    keeper.pass_time()
    assert result.successResultOf(keeper.load("odd")) == REFUSED


def test_refused_save_fails_and_the_saves_beside_it_do_not(keeper):
    saves = [keeper.store.save(session) for session in (SESSION, REFUSED, evolve(SESSION, call_sid="c2"))]
    keeper.clock.advance(0)
    told = result.failureResultOf(saves[1], BackendUnavailable).getErrorMessage()
    assert told == "the session store does not accept this call: see the gateway's log"
    for saved in saves[::2]:
        result.successResultOf(saved)
    assert [sid for sid, _ in keeper.written()] == ["c1", "c2"]


def test_refused_note_of_an_outage_does_not_stop_the_replay(keeper):
    keeper.database.is_away = True
    keeper.note("a")
    keeper.store.note(REFUSED)
    keeper.note("b")
    keeper.pass_time()
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert [sid for sid, _ in keeper.written()] == ["a", "b"]
    assert [file.name for file in keeper.journal_files()] == ["set-aside.jsonl"]
    assert keeper.metrics.counts["session_outages_total"] == 1


def test_error_in_the_program_about_one_note_is_an_outage_once_and_no_longer(keeper, logged_failures):
    keeper.database.stumbles_over = "odd"
    keeper.note("a", "odd", "b")
    keeper.pass_time(3)
    assert [sid for sid, _ in keeper.written()] == ["a", "b"]
    assert keeper.metrics.counts["session_outages_total"] == 1
    assert keeper.store.ready
    logged_failures.clear()


def test_damaged_line_of_the_journal_is_set_aside(keeper):
    keeper.database.is_away = True
    keeper.note("a", "b")
    keeper.pass_time()
    (file,) = keeper.journal_files()
    file.write_bytes(file.read_bytes().replace(b'"a"', b'"X"'))
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert [sid for sid, _ in keeper.written()] == ["b"]
    assert [reason for _, reason in set_aside(keeper).reasons()] == ["a line of the journal is damaged"]
    kept = json.loads(set_aside(keeper).path.read_text())["note"]
    assert read_line(kept.replace('"X"', '"a"').encode()).session.call_sid == "a"


def test_file_of_the_journal_that_cannot_be_read_does_not_stop_the_other_files(keeper):
    keeper.database.is_away = True
    keeper.note("a")
    keeper.pass_time()
    (keeper.folder / "journal" / "00000000.notes").mkdir()
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert keeper.written() == [("a", "ringing")]
    keeper.note("b")
    keeper.pass_time()
    assert keeper.metrics.counts["session_outages_total"] == 1


def test_full_file_takes_no_more_and_the_loss_is_counted(tmp_path):
    aside = SetAside(tmp_path, max_bytes=250)
    assert aside.add([(b"x" * 50, "why")] * 4, MOMENT) == 2
    assert aside.add([(b"x" * 50, "why")], MOMENT) == 1
    assert len(aside.reasons()) == 2
    assert aside.path.stat().st_size <= 250


def test_line_of_the_file_that_cannot_be_read_counts_too(tmp_path):
    aside = SetAside(tmp_path)
    assert aside.reasons() == []
    aside.path.write_bytes(b"\xff\n[]\n")
    assert aside.reasons() == [("", "this line cannot be read")] * 2


BAD_DOCUMENTS = {
    "status of a later version": b'"status":"ringing"|"status":"parked"',
    "not UTF-8": b'"acme1"|"\xff"',
    "no JSON": b"{|",
    "infinite time": b'"created_at":1700000000.0|"created_at":1e999',
    "takeovers without bound": b'"takeovers":0|"takeovers":' + b"9" * 40,
    "document of another call": b'"call_sid":"bad"|"call_sid":"c1"',
}


@pytest.mark.parametrize("change", BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS)
def test_record_that_cannot_be_read_is_left_out_logged_once_and_counted(keeper, change):
    keeper.note("c1", "c2", "c3", "bad")
    keeper.pass_time()
    old, new = change.split(b"|")

    def damage(cursor):
        ((text,),) = cursor.execute("SELECT document FROM sessions WHERE call_sid = 'bad'").fetchall()
        assert old in text.encode()
        cursor.execute(
            "UPDATE sessions SET document = CAST(? AS TEXT) WHERE call_sid = 'bad'",
            (text.encode().replace(old, new),),
        )

    result.successResultOf(keeper.database.database._file.run(damage))
    with capturedLogs() as events:
        for _ in range(2):
            found = sids(result.successResultOf(keeper.store.unfinished("gw1")))
            # A text that is not UTF-8 is read with replacement characters.
            assert [sid for sid in found if sid != "bad"] == ["c1", "c2", "c3"]
    if new != b'"\xff"':
        assert found == ["c1", "c2", "c3"]
        assert len([event for event in events if "treated as unknown" in event["log_format"]]) == 1
        assert keeper.metrics.counts["session_records_corrupt_total"] == 2


def test_clock_that_is_ahead_at_the_start_deletes_no_call(tmp_path):
    before = Keeper(tmp_path).start()
    before.note("a", status=CallStatus.COMPLETED)
    before.pass_time()
    before.stop()
    again = Keeper(tmp_path)
    again.store._wall_clock = lambda: MOMENT + 400 * 86_400.0
    with capturedLogs() as events:
        again.start()
    assert again.written() == [("a", "completed")]
    assert any("clock is more than a week ahead" in event["log_format"] for event in events)
    again.stop()
