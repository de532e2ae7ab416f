"""A session store on a clock that the test advances, over a database that fails on demand."""

from attrs import define, evolve, field
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call.session import CallStatus
from exoswitch.errors import BackendUnavailable
from exoswitch.sessions.durable import DurableSessions
from exoswitch.sessions.journal import Journal
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.databases import sqlite_in_test
from tests.harness.sessions import MOMENT, SESSION
from tests.harness.stores import durable

result = SynchronousTestCase()


@define(eq=False)
class ShakyDatabase:
    """A database that fails on demand; with `writes_then_breaks` it writes, and then fails.

    `slow`, `slow_answer` and `slow_open` are answers that a test gives later.
    """

    database: object
    is_away: bool = False
    writes_then_breaks: bool = False
    refuses_writes: bool = False
    stumbles_over: str = ""  # the SID of a call for which the program has an error
    slow: Deferred | None = None
    slow_answer: Deferred | None = None
    slow_open: Deferred | None = None
    closed: int = 0
    batches: list = field(factory=list)
    name: str = "shaky"

    def write(self, notes):
        if self.slow is not None:
            return self.slow
        if any(note.session.call_sid == self.stumbles_over for note in notes):
            return fail(ZeroDivisionError())
        if self.refuses_writes:
            return self._gone()
        if not self.is_away or self.writes_then_breaks:
            written = self.database.write(notes)
            self.batches.append(len(notes))
            return written if not self.is_away else written.addCallback(lambda _: self._gone())
        return self._answer()

    def open(self):
        if self.slow_open is not None:
            return self.slow_open
        return self._gone() if self.is_away else self.database.open()

    def search(self, search, leaving_out):
        return self._gone() if self.is_away else self.database.search(search, leaving_out)

    def recall(self, call_sids):
        if self.is_away:
            return self._gone()
        answer = self.database.recall(call_sids)
        return answer if self.slow_answer is None else self.slow_answer.addCallback(lambda _: answer)

    def newest_call_at(self):
        return self.database.newest_call_at()

    def unfinished(self, gateway):
        return self._gone() if self.is_away else self.database.unfinished(gateway)

    def undialled(self, accepted_before, limit):
        return self._gone() if self.is_away else self.database.undialled(accepted_before, limit)

    def claim(self, call_sids, token, now):
        return self._gone() if self.is_away else self.database.claim(call_sids, token, now)

    def tidy(self, now, keep_from):
        return self.database.tidy(now, keep_from)

    def close(self):
        self.closed += 1
        self.database.close()

    def _answer(self):
        return self._gone() if self.is_away else maybeDeferred(lambda: None)

    def _gone(self):
        return fail(BackendUnavailable("it is away"))


@define(eq=False)
class Keeper:
    """A store with its database and journal, on a clock that the test advances."""

    folder: object
    journal_bytes: int = 1_000_000
    clock: Clock = field(factory=Clock)
    metrics: MemoryMetrics = field(factory=MemoryMetrics)
    database: ShakyDatabase = field(init=False)
    store: DurableSessions = field(init=False)

    def __attrs_post_init__(self):
        self.database = ShakyDatabase(sqlite_in_test(self.folder / "calls.db", self.clock))
        self.store = durable(
            self.database,
            Journal(self.folder / "journal", self.journal_bytes),
            self.clock,
            keep_s=30 * 86_400.0,
            metrics=self.metrics,
        )

    def start(self):
        result.successResultOf(self.store.startService())
        return self

    def stop(self):
        result.successResultOf(self.store.stopService())
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
