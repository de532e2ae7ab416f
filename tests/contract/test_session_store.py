"""The contract of ISessionStore; `one` and `other` are the stores of two gateways."""

import pytest
from attrs import evolve
from twisted.internet.defer import gatherResults
from zope.interface.verify import verifyObject

from exoswitch.call.session import CallStatus, Ending
from exoswitch.errors import CallNotFound
from exoswitch.sessions.interfaces import UNDIALLED_MAX, ISessionStore
from exoswitch.sessions.memory import MemorySessions
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION, sids
from tests.harness.stores import InMemory, InPostgres, InSqlite, result

OURS = evolve(SESSION, gateway="gw1")


@pytest.fixture(params=[InMemory, InSqlite, pytest.param(InPostgres, marks=pytest.mark.loopback)])
def pair(request, tmp_path):
    if request.param is InPostgres:
        return InPostgres(tmp_path, request.getfixturevalue("postgres").new_database())
    return request.param(tmp_path)


def call(call_sid, **changes):
    return evolve(OURS, call_sid=call_sid, **changes)


def test_it_is_a_store(pair):
    async def scenario(one, _other):
        verifyObject(ISessionStore, one.store)

    pair.run(scenario)


# --- One call -------------------------------------------------------------------------------------------------------


def test_saved_session_is_loaded_unchanged(pair):
    async def scenario(one, other):
        await one.save(SESSION)
        assert await one.store.load("acme1", "c1") == SESSION
        assert await other.store.load("acme1", "c1") == SESSION

    pair.run(scenario)


def test_noted_session_is_loaded_at_once(pair):
    async def scenario(one, _other):
        await one.save(SESSION)
        one.store.note(SESSION.progressed(CallStatus.RINGING, MOMENT + 1))
        assert (await one.store.load("acme1", "c1")).status is CallStatus.RINGING

    pair.run(scenario)


def test_session_that_was_never_saved_may_be_noted(pair):
    async def scenario(one, _other):
        one.store.note(SESSION)
        assert await one.store.load("acme1", "c1") == SESSION

    pair.run(scenario)


def test_noted_session_is_loaded_after_its_write(pair):
    async def scenario(one, other):
        one.store.note(SESSION)
        await one.notes_written()
        assert await one.store.load("acme1", "c1") == SESSION
        assert await other.store.load("acme1", "c1") == SESSION

    pair.run(scenario)


def test_newer_save_replaces_an_older_one(pair):
    ended = SESSION.progressed(CallStatus.IN_PROGRESS, MOMENT + 5).ended(HUNG_UP, MOMENT + 22)

    async def scenario(one, _other):
        for session in (SESSION, ended):
            await one.save(session)
        loaded = await one.store.load("acme1", "c1")
        assert (loaded.status, loaded.duration_s) == (CallStatus.COMPLETED, 17.0)

    pair.run(scenario)


def test_other_accounts_do_not_see_a_session(pair):
    async def scenario(one, _other):
        await one.save(SESSION)
        for account, call_sid in (("somebody", "c1"), ("acme1", "c2")):
            with pytest.raises(CallNotFound):
                await one.store.load(account, call_sid)

    pair.run(scenario)


# --- Many calls -----------------------------------------------------------------------------------------------------


def test_calls_of_any_account_are_recalled_and_unknown_ones_are_left_out(pair):
    theirs = call("c2", account="somebody", gateway="gw2", channel_id="c2-1", ring_s=20.0, max_duration_s=60.0)

    async def scenario(one, other):
        await one.save(OURS)
        await other.save(theirs)
        assert set(await one.store.recall({"c1", "c2", "c3"})) == {OURS, theirs}
        assert await other.store.recall(["c3"]) == ()
        assert await other.store.recall([]) == ()

    pair.run(scenario)


def test_call_is_recalled_once_and_as_last_noted(pair):
    ringing = OURS.progressed(CallStatus.RINGING, MOMENT + 1)

    async def scenario(one, _other):
        await one.save(OURS)
        one.store.note(ringing)
        one.store.note(call("c2"))
        assert await one.store.recall(["c1", "c1"]) == (ringing,)
        assert await one.store.recall(["c2"]) == (call("c2"),)

    pair.run(scenario)


def test_many_calls_are_recalled_at_once(pair):
    many = [f"c{number}" for number in range(1050)]

    async def scenario(one, other):
        await one.save(*map(call, many))
        assert sorted(sids(await other.store.recall(many))) == sorted(many)

    pair.run(scenario)


def test_unfinished_calls_are_the_ones_of_one_gateway_that_have_not_ended_oldest_first(pair):
    sessions = [
        call("young", created_at=MOMENT + 9),
        call("ended").ended(HUNG_UP, MOMENT + 9),
        call("theirs", gateway="gw2"),
        call("nobody's", gateway=None),
        call("old", created_at=MOMENT - 60 * 86_400),
        call("middle").progressed(CallStatus.IN_PROGRESS, MOMENT + 1),
    ]

    async def scenario(one, other):
        await one.save(*sessions)
        assert sids(await one.store.unfinished("gw1")) == ["old", "middle", "young"]
        assert await other.store.unfinished("gw2") == (sessions[2],)
        assert await other.store.unfinished("gw3") == ()

    pair.run(scenario)


def test_undialled_calls_are_those_of_all_gateways_that_are_queued_since_before_a_time(pair):
    sessions = [
        call("young", created_at=MOMENT + 9),
        call("ended").ended(HUNG_UP, MOMENT + 9),
        call("theirs", gateway="gw2"),
        call("nobody's", gateway=None, created_at=MOMENT - 40 * 86_400),
        call("rings").progressed(CallStatus.RINGING, MOMENT + 1),
    ]

    async def scenario(one, other):
        await one.save(*sessions)
        assert sorted(sids(await other.store.undialled(MOMENT + 5))) == ["nobody's", "theirs"]
        assert await one.store.undialled(MOMENT - 50 * 86_400) == ()
        await one.save(*(call(f"many {number}") for number in range(UNDIALLED_MAX)))
        assert len(await one.store.undialled(MOMENT + 5)) == UNDIALLED_MAX

    pair.run(scenario)


def test_unfinished_calls_are_given_as_last_noted(pair):
    ringing = call("c2").progressed(CallStatus.RINGING, MOMENT + 1)

    async def scenario(one, _other):
        await one.save(OURS, call("c2"))
        for session in (OURS.ended(HUNG_UP, MOMENT + 1), ringing, call("c3", created_at=MOMENT + 2)):
            one.store.note(session)
        assert await one.store.unfinished("gw1") == (ringing, call("c3", created_at=MOMENT + 2))

    pair.run(scenario)


def test_call_that_another_gateway_takes_over_is_unfinished_only_there(pair):
    async def scenario(one, other):
        await one.save(OURS)
        (found,) = await other.store.recall(["c1"])
        taken = evolve(found, gateway="gw2")
        other.store.note(taken)
        await other.notes_written()
        assert await one.store.unfinished("gw1") == ()
        assert await one.store.unfinished("gw2") == (taken,)
        assert await one.store.load("acme1", "c1") == taken

    pair.run(scenario)


# --- Claims ---------------------------------------------------------------------------------------------------------


def test_first_token_that_claims_a_call_has_it_and_may_claim_again(pair):
    async def scenario(one, other):
        await one.save(OURS)
        assert await other.store.claim("c1", "t1") is True
        assert await one.store.claim("c1", "t2") is False
        assert await one.store.claim("c1", "t1") is True
        assert await other.store.claim("c1", "t2") is False

    pair.run(scenario)


def test_claim_stays_when_the_call_is_noted(pair):
    async def scenario(one, other):
        await one.save(OURS)
        assert await one.store.claim("c1", "t1")
        other.store.note(OURS.ended(HUNG_UP, MOMENT + 9))
        await other.notes_written()
        assert not await other.store.claim("c1", "t2")

    pair.run(scenario)


def test_exactly_one_of_two_gateways_that_claim_at_once_gets_a_call(pair):
    calls = [f"c{number}" for number in range(50)]

    async def scenario(one, other):
        claims = [gateway.store.claim(sid, token) for sid in calls for gateway, token in ((one, "t1"), (other, "t2"))]
        won = await gatherResults(claims)
        assert [sum(both) for both in zip(won[::2], won[1::2], strict=True)] == len(calls) * [1]

    pair.run(scenario)


def test_exactly_one_of_many_tokens_at_one_gateway_gets_a_call(pair):
    calls = [f"c{number}" for number in range(50)]

    async def scenario(one, _other):
        won = await gatherResults([one.store.claim(sid, token) for sid in calls for token in ("t1", "t2", "t3")])
        assert [sum(won[start : start + 3]) for start in range(0, len(won), 3)] == len(calls) * [1]
        assert all(await gatherResults([one.store.claim(sid, "t1") for sid in calls if won[3 * calls.index(sid)]]))

    pair.run(scenario)


# --- Only in memory -------------------------------------------------------------------------------------------------


def test_memory_store_forgets_the_oldest_ended_session_first_and_its_claim():
    store = MemorySessions(limit=2)
    ended = SESSION.ended(Ending(status=CallStatus.BUSY, reason="busy"), MOMENT + 9)
    for sid, session in (("live", SESSION), ("old", ended)):
        result.successResultOf(store.save(evolve(session, call_sid=sid)))
        result.successResultOf(store.claim(sid, "t1"))
    result.successResultOf(store.save(evolve(ended, call_sid="new")))
    result.failureResultOf(store.load("acme1", "old"), CallNotFound)
    assert [result.successResultOf(store.claim(sid, "t2")) for sid in ("live", "old")] == [False, True]
    for sid in ("live", "new"):
        result.successResultOf(store.load("acme1", sid))
