"""A batch of notes goes to PostgreSQL in one transaction, of which each turn of the reactor makes a part."""

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.call.session import CallStatus
from exoswitch.call.status_callback import EVENTS, StatusCallback
from exoswitch.sessions.notes import EVENT_COLUMNS, Note
from exoswitch.sessions.postgres import NOTES_IN_A_TURN, PostgresDatabase
from exoswitch.store.months import month_of
from exoswitch.store.postgres import PostgresConnection
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

TOLD = evolve(SESSION, callback=StatusCallback(url="https://crm.example.org/told", events=EVENTS))
result = SynchronousTestCase()


class Writer:
    """A double of the connection: it records the statements, with their parameters."""

    def __init__(self):
        self.asked = []

    def run(self, work, **_limits):
        return Deferred.fromCoroutine(work(self._ask))

    def _ask(self, statement, *parameters):
        self.asked.append((statement, parameters))
        return succeed([])


def written(notes):
    """Write notes; give the statements in their order: a word, or the SIDs and sequences of the notes of one."""
    database = PostgresDatabase("postgresql://127.0.0.1/none", Clock())
    database._writer = writer = Writer()
    database._months = {month_of(note.session.created_at) for note in notes}
    result.successResultOf(database.write(notes))
    events = len(EVENT_COLUMNS)
    return [
        [*zip(*parameters[:events][:2], strict=True)] if parameters else statement
        for statement, parameters in writer.asked
    ]


def ends(count):
    """Give the ends of calls, the last call first."""
    sids = [f"c{number:03d}" for number in range(count)][::-1]
    sessions = [evolve(TOLD, call_sid=sid).progressed(CallStatus.IN_PROGRESS, MOMENT + 1) for sid in sids]
    return [Note(number, session.ended(HUNG_UP, MOMENT + 9)) for number, session in enumerate(sessions, 1)]


def test_no_turn_makes_the_rows_of_many_notes_and_the_batch_is_one_transaction():
    notes = ends(50)
    begin, *parts, commit = written(notes)
    assert (begin, commit) == ("BEGIN", "COMMIT")
    assert max(map(len, parts)) == NOTES_IN_A_TURN
    expected = sorted((note.session.call_sid, note.sequence) for note in notes)
    assert [key for part in parts for key in part] == expected  # one order for all gateways: no deadlock


def test_small_batch_is_one_statement():
    (statement,) = written(ends(NOTES_IN_A_TURN))
    assert len(statement) == NOTES_IN_A_TURN


def test_notes_of_one_call_are_written_in_their_order():
    steps = [Note(number, TOLD.progressed(CallStatus.IN_PROGRESS, MOMENT + number)) for number in range(1, 20)]
    _, *parts, _ = written(steps[::-1])
    assert [sequence for part in parts for _, sequence in part] == [*range(1, 20)]


@pytest.mark.loopback
async def test_error_of_ours_leaves_no_transaction_open(postgres, reactor):
    address = postgres.new_database()
    connection = PostgresConnection(address, "calls", reactor, answer_s=5.0)

    async def broken(ask):
        await ask("BEGIN")
        await ask("CREATE TABLE half_done (id integer)")
        raise KeyError("an error in exoswitch")

    with pytest.raises(KeyError):
        await connection.run(broken)
    await connection.run(lambda ask: ask("CREATE TABLE half_done (id integer)"))
    connection.close()
    assert postgres.query(address.rpartition("/")[2], "SELECT count(*) FROM half_done") == [(0,)]
