"""The store over a database: batches, and notes while the database is away: none is lost, and none doubled."""

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call.session import CallStatus
from exoswitch.errors import BackendUnavailable, CallNotFound
from exoswitch.sessions.durable import BATCH_NOTES, NOTE_WAIT_S, DurableSessions
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.notes import Note
from exoswitch.telemetry.counters import MemoryMetrics
from tests.harness.databases import sqlite_in_test
from tests.harness.sessions import MOMENT, SESSION

result = SynchronousTestCase()


@define(eq=False)
class ShakyDatabase:
    """A database that can be sent away; `writes_then_breaks` lets it do what it is asked, and not say so."""

    database: object
    is_away: bool = False
    writes_then_breaks: bool = False
    refuses_writes: bool = False
    slow: Deferred | None = None
    slow_answer: Deferred | None = None
    slow_open: Deferred | None = None
    closed: int = 0
    batches: list = field(factory=list)
    name: str = "shaky"

    def write(self, notes):
        if self.slow is not None:
            return self.slow
        if self.refuses_writes:
            return self._gone()
        if not self.is_away or self.writes_then_breaks:
            result.successResultOf(self.database.write(notes))
            self.batches.append(len(notes))
        return self._answer()

    def open(self):
        if self.slow_open is not None:
            return self.slow_open
        return self._gone() if self.is_away else self.database.open()

    def recall(self, call_sids):
        if self.is_away:
            return self._gone()
        answer = self.database.recall(call_sids)
        return answer if self.slow_answer is None else self.slow_answer.addCallback(lambda _: answer)

    def unfinished(self, gateway):
        return self._gone() if self.is_away else self.database.unfinished(gateway)

    def claim(self, call_sids, token, now):
        return self._gone() if self.is_away else self.database.claim(call_sids, token, now)

    def tidy(self, now, keep_from):
        return self.database.tidy(now, keep_from)

    def close(self):
        self.closed += 1
        return self.database.close()

    def _answer(self):
        return self._gone() if self.is_away else maybeDeferred(lambda: None)

    def _gone(self):
        return fail(BackendUnavailable("it is away"))


@define(eq=False)
class Keeper:
    """A store with its database and journal, and a clock that stands still."""

    folder: object
    journal_bytes: int = 1_000_000
    clock: Clock = field(factory=Clock)
    metrics: MemoryMetrics = field(factory=MemoryMetrics)
    database: ShakyDatabase = field(init=False)
    store: DurableSessions = field(init=False)

    def __attrs_post_init__(self):
        self.database = ShakyDatabase(sqlite_in_test(self.folder / "calls.db", self.clock))
        self.store = DurableSessions(
            self.database,
            Journal(self.folder / "journal", self.journal_bytes),
            keep_s=30 * 86_400.0,
            clock=self.clock,
            wall_clock=lambda: MOMENT + self.clock.seconds(),
            in_thread=maybeDeferred,
            metrics=self.metrics,
        )

    def start(self):
        result.successResultOf(self.store.start())
        return self

    def stop(self):
        result.successResultOf(self.store.stop())
        assert self.clock.getDelayedCalls() == []

    def note(self, *sids, status=CallStatus.RINGING):
        for sid in sids:
            session = evolve(SESSION, call_sid=sid, gateway="gw1")
            self.store.note(session.progressed(status, MOMENT + self.clock.seconds()))

    def pass_time(self, seconds=1.0):
        self.clock.pump([0.1] * int(10 * seconds))

    def written(self):
        return result.successResultOf(
            self.database.database._file.run(
                lambda cursor: cursor.execute("SELECT call_sid, status FROM events ORDER BY sequence").fetchall()
            )
        )

    def load(self, sid):
        return self.store.load("acme1", sid)

    def journal_files(self):
        return list((self.folder / "journal").glob("*"))


def sids(sessions):
    return [session.call_sid for session in sessions]


@pytest.fixture
def keeper(tmp_path):
    made = Keeper(tmp_path).start()
    yield made
    made.stop()


def test_notes_of_a_moment_are_one_transaction(keeper):
    keeper.note("a", "b", "c")
    assert keeper.database.batches == []
    keeper.clock.advance(NOTE_WAIT_S)
    assert keeper.database.batches == [3]
    assert keeper.metrics.counts["session_batches_total"] == 1


def test_many_notes_are_written_in_batches_of_bounded_size(keeper):
    keeper.note(*(f"c{number}" for number in range(2 * BATCH_NOTES + 1)))
    keeper.pass_time()
    assert keeper.database.batches == [BATCH_NOTES, BATCH_NOTES, 1]


def test_save_does_not_wait_and_takes_along_what_waits(keeper):
    keeper.note("a")
    saved = keeper.store.save(SESSION)
    keeper.clock.advance(0)
    result.successResultOf(saved)
    assert keeper.database.batches == [2]


def test_save_fires_only_when_it_is_written(keeper):
    keeper.database.slow = Deferred()
    saved = keeper.store.save(SESSION)
    keeper.clock.advance(0)
    result.assertNoResult(saved)
    slow, keeper.database.slow = keeper.database.slow, None
    slow.callback(None)
    result.successResultOf(saved)


def test_thousands_that_come_while_a_write_hangs_are_written_after_it(keeper):
    slow = keeper.database.slow = Deferred()
    saved = []
    for number in range(2000):
        saved.append(keeper.store.save(evolve(SESSION, call_sid=f"c{number}")))
        keeper.clock.advance(0.01)
    keeper.database.slow = None
    slow.callback(None)
    for answer in saved:
        result.successResultOf(answer)
    assert len(keeper.written()) == 2000 - 1  # The fake has not written what hung.


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
    assert keeper.metrics.counts["session_notes_dropped_total"] == 0


def test_write_that_was_done_and_not_confirmed_is_not_doubled(keeper):
    keeper.database.is_away = keeper.database.writes_then_breaks = True
    keeper.note("a", "b")
    keeper.pass_time()
    keeper.database.is_away = False
    keeper.pass_time(3)
    assert keeper.written() == [("a", "ringing"), ("b", "ringing")]
    assert keeper.metrics.counts["session_notes_replayed_total"] == 2


def test_older_note_from_the_journal_does_not_undo_a_newer_one(keeper):
    keeper.database.is_away = True
    keeper.note("a", status=CallStatus.RINGING)
    keeper.pass_time(0.2)
    keeper.database.is_away = False
    keeper.pass_time(0.2)
    keeper.note("a", status=CallStatus.IN_PROGRESS)
    keeper.pass_time(3)
    assert result.successResultOf(keeper.load("a")).status is CallStatus.IN_PROGRESS
    assert keeper.written() == [("a", "ringing"), ("a", "in-progress")]


def test_mistake_in_the_program_loses_no_notes_either(keeper, logged_failures):
    keeper.database.slow = fail(ZeroDivisionError())
    keeper.note("a")
    keeper.clock.advance(NOTE_WAIT_S)
    keeper.database.slow = None
    keeper.pass_time()
    assert keeper.written() == [("a", "ringing")]
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_database_that_opens_and_takes_nothing_is_tried_less_and_less(keeper):
    keeper.database.refuses_writes = True
    for number in range(600):
        keeper.note(f"c{number}")
        keeper.pass_time(0.1)
    assert keeper.metrics.counts["session_outages_total"] < 12
    keeper.database.refuses_writes = False
    keeper.pass_time(11)
    assert len(keeper.written()) == 600


def test_save_during_an_outage_is_refused_at_once_and_leaves_nothing(keeper):
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


def test_save_that_meets_the_outage_is_refused(keeper):
    keeper.database.is_away = True
    saved = keeper.store.save(SESSION)
    keeper.clock.advance(0)
    result.failureResultOf(saved, BackendUnavailable)
    assert keeper.journal_files() == []


def test_calls_of_an_outage_are_found_and_others_are_unavailable(keeper):
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
def test_what_only_the_database_knows_is_unavailable_while_it_is_away(keeper, ask):
    keeper.note("a")
    keeper.pass_time()
    keeper.database.is_away = True
    for _ in range(2):  # The question finds the outage out; the next one meets one that is known.
        told = result.failureResultOf(ask(keeper.store), BackendUnavailable).getErrorMessage()
        assert "see the gateway's log" in told
        keeper.note("b")
        keeper.pass_time()
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert result.successResultOf(ask(keeper.store))
    assert sids(result.successResultOf(keeper.store.unfinished("gw1"))) == ["a", "b"]


def test_session_that_another_gateway_has_moved_on_since_is_not_covered_by_an_older_note(keeper):
    keeper.database.is_away = True
    keeper.note("a")
    keeper.pass_time(0.2)
    taken = evolve(SESSION, call_sid="a", gateway="gw2")
    result.successResultOf(keeper.database.database.write([Note(int(2e6 * MOMENT), taken)]))
    keeper.database.is_away, keeper.database.slow = False, Deferred()
    keeper.pass_time(2)  # It is back, and the journal is not in it yet.
    assert result.successResultOf(keeper.store.recall(["a"])) == (taken,)
    assert result.successResultOf(keeper.store.unfinished("gw1")) == ()
    assert result.successResultOf(keeper.store.unfinished("gw2")) == (taken,)
    slow, keeper.database.slow = keeper.database.slow, None
    slow.callback(None)


def test_what_is_written_while_a_question_is_under_way_is_not_missed(keeper):
    keeper.note("a")
    keeper.database.slow_answer = Deferred()
    recalled = keeper.store.recall(["a"])
    keeper.pass_time()
    assert keeper.written() == [("a", "ringing")]
    slow, keeper.database.slow_answer = keeper.database.slow_answer, None
    slow.callback(None)
    assert sids(result.successResultOf(recalled)) == ["a"]


def test_store_that_has_stopped_gives_nobody_a_call(tmp_path):
    keeper = Keeper(tmp_path).start()
    keeper.stop()
    result.failureResultOf(keeper.store.claim("a", "t1"), BackendUnavailable)


def test_journal_of_a_process_that_ended_in_an_outage_is_replayed_by_the_next(tmp_path):
    first = Keeper(tmp_path).start()
    first.database.is_away = True
    first.note("a", "b")
    first.stop()
    second = Keeper(tmp_path).start()
    second.pass_time()
    assert second.written() == [("a", "ringing"), ("b", "ringing")]
    assert second.journal_files() == []
    second.stop()


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


def test_mistake_in_the_program_does_not_end_the_attempts_to_open(keeper, logged_failures):
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


def test_database_that_opens_after_the_stop_is_closed_again(tmp_path):
    keeper = Keeper(tmp_path)
    opening = keeper.database.slow_open = Deferred()
    started = keeper.store.start()
    keeper.stop()
    opening.callback(None)
    result.successResultOf(started)
    assert keeper.database.closed == 2
    assert not keeper.store.ready


def test_second_stop_is_harmless(keeper):
    keeper.stop()
    keeper.stop()


def test_database_that_goes_away_in_the_middle_of_a_replay_gets_the_rest_later(keeper):
    keeper.database.is_away = True
    keeper.note(*(f"c{number}" for number in range(700)))
    keeper.pass_time()
    keeper.database.is_away, keeper.database.slow = False, Deferred()
    keeper.pass_time(11)  # It is back, and the first part of the replay hangs.
    slow, keeper.database.slow = keeper.database.slow, None
    keeper.database.is_away = True
    slow.errback(BackendUnavailable("gone again"))
    keeper.pass_time(3)
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert len(keeper.written()) == len(set(keeper.written())) == 700
    assert keeper.journal_files() == []


def test_full_journal_is_counted_and_keeps_what_it_has(tmp_path):
    keeper = Keeper(tmp_path, journal_bytes=3000).start()
    keeper.database.is_away = True
    for number in range(10):
        keeper.note(f"c{number}")
        keeper.pass_time(0.2)
    counts = keeper.metrics.counts
    assert counts["session_notes_dropped_total"] > 0
    assert counts["session_notes_journalled_total"] + counts["session_notes_dropped_total"] == 10
    keeper.database.is_away = False
    keeper.pass_time(11)
    assert len(keeper.written()) == counts["session_notes_journalled_total"]
    keeper.stop()


def test_disk_that_fails_in_an_outage_is_counted(keeper):
    (keeper.folder / "journal").write_text("not a folder")
    keeper.database.is_away = True
    keeper.note("a")
    keeper.pass_time()
    assert keeper.metrics.counts["session_notes_dropped_total"] == 1
    (keeper.folder / "journal").unlink()


def test_nothing_is_taken_after_the_end(tmp_path):
    keeper = Keeper(tmp_path).start()
    keeper.stop()
    keeper.note("a")
    assert keeper.metrics.counts["session_notes_dropped_total"] == 1
    result.failureResultOf(keeper.store.save(SESSION), BackendUnavailable)


def test_old_calls_are_forgotten_in_the_course_of_time(keeper):
    keeper.note("a")
    keeper.pass_time()
    keeper.clock.pump([6 * 3600.0] * (4 * 31))
    result.failureResultOf(keeper.load("a"), CallNotFound)
