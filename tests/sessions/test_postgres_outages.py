"""The store over a real PostgreSQL that is stopped, killed, paused and started again under traffic.

No note is lost or doubled, and no confirmed save is lost.
"""

import signal

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import DeferredList
from twisted.internet.task import LoopingCall, deferLater

from exoswitch.call.session import CallStatus
from exoswitch.errors import BackendUnavailable
from exoswitch.sessions.durable import DurableSessions
from exoswitch.sessions.postgres import PostgresDatabase
from exoswitch.store.schema_versions import read_schema
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.sessions import MOMENT, SESSION
from tests.harness.stores import durable, in_thread_of

pytestmark = pytest.mark.loopback

ANSWER_S = 1.0
OUTAGE_S = 1.5
PATIENCE_S = 30.0


@define(eq=False)
class Traffic:
    """Calls that are saved and noted, fifty a second, and the answers."""

    store: DurableSessions
    reactor: object
    noted: set = field(factory=set)
    accepted: set = field(factory=set)
    refused: int = 0
    _loop: LoopingCall = field(init=False)

    def __attrs_post_init__(self):
        self._loop = LoopingCall(self._call)
        self._loop.clock = self.reactor

    def start(self):
        self._loop.start(0.02)

    def stop(self):
        self._loop.stop()

    def _call(self):
        sid = f"c{len(self.noted):05d}"
        session = evolve(SESSION, call_sid=sid)
        self.noted.add(sid)
        saved = self.store.save(evolve(session, call_sid=f"{sid}-saved"))
        saved.addCallbacks(lambda _: self.accepted.add(f"{sid}-saved"), self._refuse)
        self.store.note(session.progressed(CallStatus.RINGING, MOMENT + 1))
        self.store.note(session.progressed(CallStatus.IN_PROGRESS, MOMENT + 2))

    def _refuse(self, failure):
        failure.trap(BackendUnavailable)
        self.refused += 1


def make_store(reactor, address, folder, metrics=None):
    database = PostgresDatabase(address, reactor, answer_s=ANSWER_S)
    return durable(database, folder / "journal", reactor, in_thread=in_thread_of(reactor), metrics=metrics)


def wait(reactor, seconds):
    return deferLater(reactor, seconds)


async def until(reactor, is_true, what):
    deadline = reactor.seconds() + PATIENCE_S
    while not is_true():
        assert reactor.seconds() < deadline, what
        await wait(reactor, 0.05)


def outage(postgres, how):
    """Give two functions: one stops the server, the other starts it again."""
    if how == "pause":
        return postgres.pause, postgres.resume
    return (lambda: postgres.stop(how)), postgres.start


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, "pause"], ids=["stopped", "killed", "paused"])
async def test_outage_loses_nothing_and_doubles_nothing(postgres, tmp_path, how, reactor):
    address = postgres.new_database()
    name = address.rpartition("/")[2]
    metrics = MemoryMetrics()
    leave, come_back = outage(postgres, how)
    store = make_store(reactor, address, tmp_path, metrics)
    await store.startService()
    traffic = Traffic(store, reactor)
    traffic.start()
    await wait(reactor, 0.5)
    leave()
    try:
        await wait(reactor, ANSWER_S + OUTAGE_S)
        accepted_before = len(traffic.accepted)
    finally:
        come_back()
    await until(reactor, lambda: len(traffic.accepted) > accepted_before, "no call is accepted again")
    traffic.stop()
    await until(reactor, lambda: not list((tmp_path / "journal").iterdir()), "the journal stays")
    await store.stopService()
    events = postgres.query(name, "SELECT call_sid, sequence FROM events WHERE call_sid NOT LIKE '%-saved'")
    assert len(events) == len(set(events)) == 2 * len(traffic.noted)
    assert {call_sid for call_sid, _ in events} == traffic.noted
    rows = dict(postgres.query(name, "SELECT call_sid, status FROM sessions"))
    assert {status for sid, status in rows.items() if sid in traffic.noted} == {"in-progress"}
    assert traffic.accepted <= rows.keys()
    assert traffic.refused > 0
    assert metrics.counts["session_outages_total"] >= 1
    assert metrics.counts["journal_lost_total"] == 0


async def test_server_that_restarts_between_calls_costs_no_call(postgres, tmp_path, reactor):
    address = postgres.new_database()
    store = make_store(reactor, address, tmp_path)
    await store.startService()
    await store.save(SESSION)
    postgres.stop()
    postgres.start()
    await wait(reactor, 0.2)
    await store.save(evolve(SESSION, call_sid="c2"))
    assert await store.load("acme1", "c2") == evolve(SESSION, call_sid="c2")
    await store.stopService()


async def test_gateway_that_starts_before_its_database_connects_later(postgres, tmp_path, reactor):
    address = postgres.new_database()
    postgres.stop()
    journal = tmp_path / "journal"  # its folder is made with the first file
    try:
        store = make_store(reactor, address, tmp_path)
        await store.startService()
        store.note(SESSION)
        await until(reactor, lambda: list(journal.glob("*")), "the journal is empty")
        postgres.start()
        await until(reactor, lambda: not list(journal.glob("*")), "the journal stays")
        await store.stopService()
    finally:
        if not postgres.is_running:
            postgres.start()
    assert postgres.query(address.rpartition("/")[2], "SELECT call_sid, status FROM events") == [("c1", "queued")]


MANY = 500  # nested calls of this depth would overflow Python's stack


async def test_all_questions_to_a_hanging_server_fail_in_time(postgres, tmp_path, reactor):
    address = postgres.new_database()
    database = PostgresDatabase(address, reactor, answer_s=ANSWER_S)
    questions = (
        lambda: database.recall(["c1"]),
        lambda: database.unfinished("gw1"),
        lambda: database.claim(["c1"], "t2", MOMENT),
    )
    await database.open()
    assert await database.claim(["c1"], "t1", MOMENT)
    postgres.pause()
    began = reactor.seconds()
    try:
        asked = [ask() for _ in range(MANY) for ask in questions]
        answers = await DeferredList(asked, consumeErrors=True)
    finally:
        postgres.resume()
    assert [answer.value.__class__ for _, answer in answers] == 3 * MANY * [BackendUnavailable]
    assert reactor.seconds() - began < MANY * ANSWER_S / 20, "they wait beside each other"
    assert await database.recall(["c1"]) == []
    assert await database.claim(["c1"], "t1", MOMENT)
    assert not await database.claim(["c1"], "t2", MOMENT)
    database.close()


async def test_error_about_an_unreachable_address_contains_no_password(tmp_path, reactor):
    database = PostgresDatabase("postgresql://exo:hunter2@127.0.0.1:1/exo", reactor, answer_s=ANSWER_S)
    with pytest.raises(BackendUnavailable, match="PostgreSQL database exo at 127") as caught:
        await database.open()
    assert "hunter2" not in str(caught.value)
    database.close()


async def test_error_about_a_password_with_an_at_sign_contains_no_part_of_it(tmp_path, reactor):
    database = PostgresDatabase("postgresql://exo:hunter@two@127.0.0.1:1/exo", reactor, answer_s=ANSWER_S)
    with pytest.raises(BackendUnavailable) as caught:
        await database.open()
    assert "hunter" not in str(caught.value)
    assert "two@" not in str(caught.value)
    database.close()


async def test_two_gateways_that_start_at_once_make_one_schema(postgres, tmp_path, reactor):
    address = postgres.new_database()
    stores = [make_store(reactor, address, tmp_path / name) for name in "abc"]
    for starting in [store.startService() for store in stores]:
        await starting
    for number, store in enumerate(stores):
        await store.save(evolve(SESSION, call_sid=f"c{number}"))
    for store in stores:
        await store.stopService()
    name = address.rpartition("/")[2]
    known = [(version.number,) for version in read_schema("postgres")]
    assert postgres.query(name, "SELECT version FROM schema_versions") == known
    assert postgres.query(name, "SELECT count(*) FROM sessions") == [(3,)]
