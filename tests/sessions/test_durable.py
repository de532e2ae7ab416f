"""The store over a database: it writes notes in batches, answers questions, and stops in order."""

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from exoswitch.errors import BackendUnavailable, CallNotFound
from exoswitch.sessions.durable import BATCH_NOTES, NOTE_WAIT_S
from tests.harness.keeper import Keeper, result
from tests.harness.sessions import SESSION, sids


def test_notes_of_a_moment_are_one_transaction(keeper):
    keeper.note("a", "b", "c")
    assert keeper.database.batches == []
    keeper.clock.advance(NOTE_WAIT_S)
    assert keeper.database.batches == [3]
    assert keeper.metrics.counts["session_batches_total"] == 1


def test_many_notes_are_written_in_batches_of_limited_size(keeper):
    keeper.note(*(f"c{number}" for number in range(2 * BATCH_NOTES + 1)))
    keeper.pass_time()
    assert keeper.database.batches == [BATCH_NOTES, BATCH_NOTES, 1]


def test_save_is_written_at_once_with_the_waiting_notes(keeper):
    keeper.note("a")
    saved = keeper.store.save(SESSION)
    keeper.clock.advance(0)
    result.successResultOf(saved)
    assert keeper.database.batches == [2]


def test_save_fires_only_after_its_write(keeper):
    keeper.database.slow = Deferred()
    saved = keeper.store.save(SESSION)
    keeper.clock.advance(0)
    result.assertNoResult(saved)
    slow, keeper.database.slow = keeper.database.slow, None
    slow.callback(None)
    result.successResultOf(saved)


def test_thousands_of_saves_during_a_hanging_write_are_written_after_it(keeper):
    slow = keeper.database.slow = Deferred()
    saved = []
    for number in range(2000):
        saved.append(keeper.store.save(evolve(SESSION, call_sid=f"c{number}")))
        keeper.clock.advance(0.01)
    keeper.database.slow = None
    slow.callback(None)
    for answer in saved:
        result.successResultOf(answer)
    assert len(keeper.written()) == 2000 - 1  # the double has not written the note of the hanging write


def test_note_written_during_a_question_is_in_its_answer(keeper):
    keeper.note("a")
    keeper.database.slow_answer = Deferred()
    recalled = keeper.store.recall(["a"])
    keeper.pass_time()
    assert keeper.written() == [("a", "ringing")]
    slow, keeper.database.slow_answer = keeper.database.slow_answer, None
    slow.callback(None)
    assert sids(result.successResultOf(recalled)) == ["a"]


def test_stopped_store_accepts_no_claim(tmp_path):
    keeper = Keeper(tmp_path).start()
    keeper.stop()
    result.failureResultOf(keeper.store.claim("a", "t1"), BackendUnavailable)


def test_database_that_opens_after_the_stop_is_closed_again(tmp_path):
    keeper = Keeper(tmp_path)
    opening = keeper.database.slow_open = Deferred()
    started = keeper.store.startService()
    keeper.stop()
    opening.callback(None)
    result.successResultOf(started)
    assert keeper.database.closed == 2
    assert not keeper.store.ready


def test_record_that_cannot_be_read_is_logged_and_hides_no_other_call(keeper):
    keeper.note("a", "b")
    keeper.pass_time()
    result.successResultOf(
        keeper.database.database._file.run(
            lambda cursor: cursor.execute("UPDATE sessions SET document = '{}' WHERE call_sid = 'a'")
        )
    )
    with capturedLogs() as events:
        (found,) = result.successResultOf(keeper.store.unfinished("gw1"))
    assert found.call_sid == "b"
    assert [str(event["problem"])[:7] for event in events] == ["call a:"]
    assert keeper.metrics.counts["session_records_corrupt_total"] == 1
    result.failureResultOf(keeper.load("a"), CallNotFound)


def test_second_stop_is_harmless(keeper):
    keeper.stop()
    keeper.stop()


def test_stopped_store_takes_no_note_and_no_save(tmp_path):
    keeper = Keeper(tmp_path).start()
    keeper.stop()
    keeper.note("a")
    assert keeper.metrics.counts["journal_lost_total"] == 1
    result.failureResultOf(keeper.store.save(SESSION), BackendUnavailable)


def test_old_calls_are_deleted(keeper):
    keeper.note("a")
    keeper.pass_time()
    keeper.clock.pump([6 * 3600.0] * (4 * 31))
    result.failureResultOf(keeper.load("a"), CallNotFound)
