"""What every ISessionStore promises, wherever it keeps its sessions."""

import pytest
from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from exoswitch.backends.sessions_memory import MemorySessions
from exoswitch.errors import CallNotFound
from exoswitch.interfaces import ISessionStore
from exoswitch.session import BotTarget, CallStatus, Direction, Ending, Session

SESSION = Session(
    call_sid="c1",
    stream_sid="s1",
    account="acme1",
    direction=Direction.OUTBOUND,
    caller="+919812345610",
    callee="08047491899",
    exophone="08047491899",
    bot=BotTarget(url="ws://bot.example.org/ws"),
    created_at=1_700_000_000.0,
    updated_at=1_700_000_000.0,
)

result = SynchronousTestCase()


@pytest.fixture(params=[MemorySessions])
def store(request):
    made = request.param()
    result.successResultOf(made.start())
    yield made
    result.successResultOf(made.stop())


def test_it_is_a_store(store):
    verifyObject(ISessionStore, store)


def test_saved_session_is_loaded_as_it_was(store):
    result.successResultOf(store.save(SESSION))
    assert result.successResultOf(store.load("acme1", "c1")) == SESSION


def test_noted_session_is_loaded_at_once(store):
    result.successResultOf(store.save(SESSION))
    store.note(SESSION.progressed(CallStatus.RINGING, 1_700_000_001.0))
    assert result.successResultOf(store.load("acme1", "c1")).status is CallStatus.RINGING


def test_session_that_was_never_saved_may_be_noted(store):
    store.note(SESSION)
    assert result.successResultOf(store.load("acme1", "c1")) == SESSION


def test_newer_save_replaces_the_older(store):
    ended = SESSION.progressed(CallStatus.IN_PROGRESS, 1_700_000_005.0).ended(
        Ending(status=CallStatus.COMPLETED, reason="the caller hung up", cause=16), 1_700_000_022.0
    )
    for session in (SESSION, ended):
        result.successResultOf(store.save(session))
    loaded = result.successResultOf(store.load("acme1", "c1"))
    assert (loaded.status, loaded.duration_s) == (CallStatus.COMPLETED, 17.0)


def test_other_accounts_do_not_see_a_session(store):
    result.successResultOf(store.save(SESSION))
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
