"""The timing of a database's answers."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from exoswitch.call.search import CallSearch
from exoswitch.errors import BackendUnavailable
from exoswitch.sessions.database import ISessionDatabase
from exoswitch.sessions.measured import MeasuredDatabase
from exoswitch.telemetry.catalogue import METRICS
from exoswitch.telemetry.memory import MemoryMetrics

result = SynchronousTestCase()

QUESTIONS = {
    "open": (),
    "write": ([],),
    "recall": (["c1"],),
    "newest_call_at": (),
    "unfinished": ("gw1",),
    "undialled": (1.0, 100),
    "claim": (["c1"], "token", 1.0),
    "tidy": (2.0, 1.0),
    "search": (CallSearch(account="acme1"), ["c1"]),
    "live_bots": ("acme1", ["c1"]),
    "costs": ("acme1", 1.0),
}


class Database:
    """A database that remembers what it is asked, and answers when the test does."""

    name = "the file calls.db"

    def __init__(self):
        self.asked, self.is_closed = [], False

    def __getattr__(self, question):
        def ask(*arguments):
            self.asked.append((question, arguments))
            self.answer = Deferred()
            return self.answer

        return ask

    def close(self):
        self.is_closed = True


def test_each_question_is_passed_on_and_its_answer_timed():
    clock, metrics, inner = Clock(), MemoryMetrics(), Database()
    database = MeasuredDatabase(inner, clock, metrics)
    for question, arguments in QUESTIONS.items():
        answer = getattr(database, question)(*arguments)
        clock.advance(0.5)
        inner.answer.callback("found")
        assert result.successResultOf(answer) == "found"
        assert list(metrics.observed[f'store_seconds{{op="{question}"}}']) == [0.5]
    assert inner.asked == list(QUESTIONS.items())
    (op,) = METRICS["store_seconds"].labels
    assert op.values == tuple(QUESTIONS)


def test_a_failure_is_timed_too():
    clock, metrics, inner = Clock(), MemoryMetrics(), Database()
    answer = MeasuredDatabase(inner, clock, metrics).recall(["c1"])
    clock.advance(5)
    inner.answer.errback(BackendUnavailable("away"))
    result.failureResultOf(answer, BackendUnavailable)
    assert list(metrics.observed['store_seconds{op="recall"}']) == [5]


def test_it_is_the_database_that_it_measures():
    inner = Database()
    database = MeasuredDatabase(inner, Clock(), MemoryMetrics())
    assert verifyObject(ISessionDatabase, database)
    assert database.name == inner.name
    database.close()
    assert inner.is_closed
