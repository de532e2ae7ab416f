"""The store while its database is away: no note is lost, and none is doubled."""

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, fail

from exoswitch.call.session import CallStatus
from exoswitch.errors import BackendUnavailable, CallNotFound
from exoswitch.sessions.durable import NOTE_WAIT_S
from exoswitch.sessions.notes import Note
from tests.harness.keeper import Keeper, result
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION, sids


def test_outage_loses_nothing_and_doubles_nothing(keeper):
    keeper.note("before")
    keeper.pass_time()
    keeper.database.is_away = True
    for number in range(20):
        keeper.note(f"c{number}")
        keeper.pass_time(0.5)
    assert keeper.written() == [("before", "ringing")]
    keeper.database.is_away = False
    keeper.note("after")
    keeper.pass_time(11)
    assert sorted(keeper.written()) == sorted(
        (sid, "ringing") for sid in ("before", *(f"c{number}" for number in range(20)), "after")
    )
    assert keeper.journal_files() == []
    assert keeper.metrics.counts["session_notes_replayed_total"] == 21
    assert keeper.metrics.counts["journal_lost_total"] == 0


def test_write_without_a_confirmation_is_not_doubled(keeper):
    keeper.database.is_away = keeper.database.writes_then_breaks = True
    keeper.note("a", "b")
    keeper.pass_time()
    keeper.database.is_away = False
    keeper.pass_time(3)
    assert keeper.written() == [("a", "ringing"), ("b", "ringing")]
    assert keeper.metrics.counts["session_notes_replayed_total"] == 2


def test_older_note_from_the_journal_does_not_replace_a_newer_one(keeper):
    keeper.database.is_away = True
    keeper.note("a", status=CallStatus.RINGING)
    keeper.pass_time(0.2)
    keeper.database.is_away = False
    keeper.pass_time(0.2)
    keeper.note("a", status=CallStatus.IN_PROGRESS)
    keeper.pass_time(3)
    assert result.successResultOf(keeper.load("a")).status is CallStatus.IN_PROGRESS
    assert keeper.written() == [("a", "ringing"), ("a", "in-progress")]


def test_error_in_the_program_loses_no_notes(keeper, logged_failures):
    keeper.database.slow = fail(ZeroDivisionError())
    keeper.note("a")
    keeper.clock.advance(NOTE_WAIT_S)
    keeper.database.slow = None
    keeper.pass_time()
    assert keeper.written() == [("a", "ringing")]
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_database_that_opens_but_refuses_writes_is_tried_ever_less_often(keeper):
    keeper.database.refuses_writes = True
    for number in range(600):
        keeper.note(f"c{number}")
        keeper.pass_time(0.1)
    assert keeper.metrics.counts["session_outages_total"] < 12
    keeper.database.refuses_writes = False
    keeper.pass_time(11)
    assert len(keeper.written()) == 600


def test_save_during_an_outage_is_refused_at_once_and_not_kept(keeper):
    keeper.database.is_away = True
    keeper.note("a")
    keeper.pass_time()
    assert not keeper.store.ready
    refused = keeper.store.save(SESSION)
    told = result.failureResultOf(refused, BackendUnavailable).getErrorMessage()
    assert "see the gateway's log" in told
    assert "it is away" not in told
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert keeper.store.ready
    assert keeper.written() == [("a", "ringing")]


def test_save_that_discovers_the_outage_is_refused(keeper):
    keeper.database.is_away = True
    saved = keeper.store.save(SESSION)
    keeper.clock.advance(0)
    result.failureResultOf(saved, BackendUnavailable)
    assert keeper.journal_files() == []


def test_calls_noted_in_an_outage_are_found_and_others_are_unavailable(keeper):
    keeper.database.is_away = True
    keeper.note("a")
    keeper.pass_time()
    assert result.successResultOf(keeper.load("a")).status is CallStatus.RINGING
    result.failureResultOf(keeper.store.load("somebody", "a"), CallNotFound)
    result.failureResultOf(keeper.load("b"), BackendUnavailable)


QUESTIONS = [
    lambda store: store.recall(["a"]),
    lambda store: store.unfinished("gw1"),
    lambda store: store.claim("a", "t1"),
]


@pytest.mark.parametrize("ask", QUESTIONS, ids=["recall", "unfinished", "claim"])
def test_questions_that_need_the_database_fail_while_it_is_away(keeper, ask):
    keeper.note("a")
    keeper.pass_time()
    keeper.database.is_away = True
    for _ in range(2):  # the first question discovers the outage; the second one finds it known
        told = result.failureResultOf(ask(keeper.store), BackendUnavailable).getErrorMessage()
        assert "see the gateway's log" in told
        keeper.note("b")
        keeper.pass_time()
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert result.successResultOf(ask(keeper.store))
    assert sids(result.successResultOf(keeper.store.unfinished("gw1"))) == ["a", "b"]


def test_older_note_in_memory_does_not_hide_a_newer_session_of_another_gateway(keeper):
    keeper.database.is_away = True
    keeper.note("a")
    keeper.pass_time(0.2)
    taken = evolve(SESSION, call_sid="a", gateway="gw2")
    result.successResultOf(keeper.database.database.write([Note(int(2e6 * MOMENT), taken)]))
    keeper.database.is_away, keeper.database.slow = False, Deferred()
    keeper.pass_time(2)  # the database is back; the journal is not in it yet
    assert result.successResultOf(keeper.store.recall(["a"])) == (taken,)
    assert result.successResultOf(keeper.store.unfinished("gw1")) == ()
    assert result.successResultOf(keeper.store.unfinished("gw2")) == (taken,)
    slow, keeper.database.slow = keeper.database.slow, None
    slow.callback(None)


def test_next_process_replays_the_journal_of_one_that_ended_in_an_outage(tmp_path):
    first = Keeper(tmp_path).start()
    first.database.is_away = True
    first.note("a", "b")
    first.stop()
    second = Keeper(tmp_path).start()
    second.pass_time()
    assert second.written() == [("a", "ringing"), ("b", "ringing")]
    assert second.journal_files() == []
    second.stop()


def test_call_whose_end_is_in_the_journal_is_not_taken_for_unfinished(tmp_path):
    before = Keeper(tmp_path).start()
    before.note("a")
    before.pass_time()
    before.database.is_away = True
    before.store.note(evolve(SESSION, call_sid="a", gateway="gw1").ended(HUNG_UP, MOMENT + 5))
    before.pass_time()
    before.stop()
    after = Keeper(tmp_path)
    after.database.slow = Deferred()
    after.start()
    asked = after.store.unfinished("gw1")
    result.assertNoResult(asked)
    written, after.database.slow = after.database.slow, None
    written.errback(BackendUnavailable("not yet"))
    after.pass_time(3)
    result.failureResultOf(asked, BackendUnavailable)
    assert result.successResultOf(after.store.unfinished("gw1")) == ()
    after.stop()


def test_gateway_that_starts_in_an_outage_notes_calls_in_its_journal(tmp_path):
    keeper = Keeper(tmp_path)
    keeper.database.is_away = True
    keeper.start()
    keeper.note("a")
    keeper.pass_time()
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert keeper.written() == [("a", "ringing")]
    keeper.stop()


def test_error_in_the_program_does_not_end_the_attempts_to_open(keeper, logged_failures):
    keeper.database.is_away = True
    keeper.note("a")
    keeper.pass_time(0.2)
    keeper.database.is_away, keeper.database.slow_open = False, fail(ZeroDivisionError())
    keeper.pass_time(0.5)
    keeper.database.slow_open = None
    assert len(logged_failures) == 1
    logged_failures.clear()
    keeper.pass_time()
    assert keeper.written() == [("a", "ringing")]


def test_outage_during_a_replay_delays_the_rest_of_it(keeper):
    keeper.database.is_away = True
    keeper.note(*(f"c{number}" for number in range(700)))
    keeper.pass_time()
    keeper.database.is_away, keeper.database.slow = False, Deferred()
    keeper.pass_time(11)  # the database is back, and the first part of the replay hangs
    slow, keeper.database.slow = keeper.database.slow, None
    keeper.database.is_away = True
    slow.errback(BackendUnavailable("gone again"))
    keeper.pass_time(3)
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert len(keeper.written()) == len(set(keeper.written())) == 700
    assert keeper.journal_files() == []


def test_full_journal_keeps_its_notes_and_drops_are_counted(tmp_path):
    keeper = Keeper(tmp_path, journal_bytes=3000).start()
    keeper.database.is_away = True
    for number in range(10):
        keeper.note(f"c{number}")
        keeper.pass_time(0.2)
    counts = keeper.metrics.counts
    assert counts["journal_lost_total"] > 0
    assert counts["session_notes_journalled_total"] + counts["journal_lost_total"] == 10
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert len(keeper.written()) == counts["session_notes_journalled_total"]
    keeper.stop()


def test_notes_that_the_disk_refuses_in_an_outage_are_counted(keeper):
    (keeper.folder / "journal").write_text("not a folder")
    keeper.database.is_away = True
    keeper.note("a")
    keeper.pass_time()
    assert keeper.metrics.counts["journal_lost_total"] == 1
    (keeper.folder / "journal").unlink()
