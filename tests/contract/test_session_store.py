"""What every ISessionStore promises, wherever it keeps its sessions."""

import pytest
from attrs import evolve
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from exoswitch.backends.journal import Journal
from exoswitch.backends.metrics_memory import MemoryMetrics
from exoswitch.backends.sessions_durable import DurableSessions
from exoswitch.backends.sessions_memory import MemorySessions
from exoswitch.errors import CallNotFound
from exoswitch.interfaces_fleet import ISessionStore
from exoswitch.session import CallStatus, Ending
from tests.databases import sqlite_in_test
from tests.sessions import SESSION

result = SynchronousTestCase()


def memory(clock, folder):
    del clock, folder
    return MemorySessions()


def sqlite(clock, folder):
    return DurableSessions(
        sqlite_in_test(folder / "calls.db", clock),
        Journal(folder / "journal", 1_000_000),
        keep_s=1e9,
        clock=clock,
        wall_clock=lambda: 1_700_000_000.0 + clock.seconds(),
        in_thread=maybeDeferred,
        metrics=MemoryMetrics(),
    )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=[memory, sqlite])
def store(request, clock, tmp_path):
    made = request.param(clock, tmp_path)
    result.successResultOf(made.start())
    yield made
    result.successResultOf(made.stop())
    assert clock.getDelayedCalls() == []


@pytest.fixture
def save(store, clock):
    def until_saved(session):
        saved = store.save(session)
        clock.advance(0)
        result.successResultOf(saved)

    return until_saved


def test_it_is_a_store(store):
    verifyObject(ISessionStore, store)


def test_saved_session_is_loaded_as_it_was(store, save):
    save(SESSION)
    assert result.successResultOf(store.load("acme1", "c1")) == SESSION


def test_noted_session_is_loaded_at_once(store, save):
    save(SESSION)
    store.note(SESSION.progressed(CallStatus.RINGING, 1_700_000_001.0))
    assert result.successResultOf(store.load("acme1", "c1")).status is CallStatus.RINGING


def test_session_that_was_never_saved_may_be_noted(store):
    store.note(SESSION)
    assert result.successResultOf(store.load("acme1", "c1")) == SESSION


def test_noted_session_is_loaded_after_it_has_been_written(store, clock):
    store.note(SESSION)
    clock.advance(1)
    assert result.successResultOf(store.load("acme1", "c1")) == SESSION


def test_newer_save_replaces_the_older(store, save):
    ended = SESSION.progressed(CallStatus.IN_PROGRESS, 1_700_000_005.0).ended(
        Ending(status=CallStatus.COMPLETED, reason="the caller hung up", cause=16), 1_700_000_022.0
    )
    for session in (SESSION, ended):
        save(session)
    loaded = result.successResultOf(store.load("acme1", "c1"))
    assert (loaded.status, loaded.duration_s) == (CallStatus.COMPLETED, 17.0)


def test_other_accounts_do_not_see_a_session(store, save):
    save(SESSION)
    result.failureResultOf(store.load("somebody", "c1"), CallNotFound)
    result.failureResultOf(store.load("acme1", "c2"), CallNotFound)


def test_memory_store_forgets_the_oldest_ended_session_first():
    store = MemorySessions(limit=2)
    ended = SESSION.ended(Ending(status=CallStatus.BUSY, reason="busy"), 1_700_000_009.0)
    for sid, session in (("live", SESSION), ("old", ended), ("new", ended)):
        result.successResultOf(store.save(evolve(session, call_sid=sid)))
    result.failureResultOf(store.load("acme1", "old"), CallNotFound)
    for sid in ("live", "new"):
        result.successResultOf(store.load("acme1", sid))
