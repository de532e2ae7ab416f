"""The contract of searches among calls, over every session store; `one` and `other` are stores of two gateways."""

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exoswitch.call.search import CallSearch, Position
from exoswitch.call.session import CallStatus
from tests.harness.listed_calls import calls, charge, expected, searches
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION, sids
from tests.harness.stores import InMemory, InPostgres, InSqlite

CALLS = calls(150)
NUMBERED = [evolve(SESSION, call_sid=f"c{at:03}", created_at=MOMENT + at // 3, gateway="gw1") for at in range(60)]
ALL = CallSearch(account="acme1")


@pytest.fixture(params=[InMemory, InSqlite, pytest.param(InPostgres, marks=pytest.mark.loopback)])
def pair(request, tmp_path):
    if request.param is InPostgres:
        return InPostgres(tmp_path, request.getfixturevalue("postgres").new_database())
    return request.param(tmp_path)


def page(found):
    return sids(found.sessions), found.has_before, found.has_after


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(searches(CALLS), min_size=25, max_size=25), unwritten=st.sets(st.integers(0, 149)))
def test_any_search_has_the_plain_answer_whether_calls_are_written_or_only_noted(pair, wanted, unwritten):
    async def scenario(one, _other):
        older = [evolve(call, status=CallStatus.QUEUED, ended_at=None, charge=None, second=None) for call in CALLS]
        await one.save(*(older[at] if at in unwritten else CALLS[at] for at in range(150)))
        for at in unwritten:
            one.store.note(CALLS[at])
        for search in wanted:
            assert page(await one.search(search)) == expected(CALLS, search)

    pair.run(scenario)


@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_from_first_to_last_and_back_hold_every_call_once(pair, newest_first):
    async def scenario(one, _other):
        await one.save(*NUMBERED)
        search = evolve(ALL, limit=7, newest_first=newest_first)
        there = [await one.search(search)]
        while there[-1].has_after:
            last = Position.of(there[-1].sessions[-1])
            there.append(await one.search(evolve(search, after=last)))
        listed = [call for found in there for call in sids(found.sessions)]
        assert listed == sorted(sids(NUMBERED), reverse=newest_first)
        back = [there[-1]]
        while back[-1].has_before:
            first = Position.of(back[-1].sessions[0])
            back.append(await one.search(evolve(search, before=first)))
        assert [sids(found.sessions) for found in back[::-1]] == [sids(found.sessions) for found in there]

    pair.run(scenario)


def test_calls_that_begin_meanwhile_do_not_move_the_next_page(pair):
    async def scenario(one, _other):
        await one.save(*NUMBERED[:10])
        first = await one.search(evolve(ALL, limit=4))
        await one.save(*NUMBERED[10:20])
        second = await one.search(evolve(ALL, limit=4, after=Position.of(first.sessions[-1])))
        assert sids(second.sessions) == ["c005", "c004", "c003", "c002"]

    pair.run(scenario)


def test_live_call_of_another_gateway_is_shown_as_last_noted_there(pair):
    async def scenario(one, other):
        await other.save(SESSION)
        other.store.note(SESSION.progressed(CallStatus.RINGING, MOMENT + 1))
        await other.notes_written()
        (shown,) = (await one.search(ALL)).sessions
        assert shown.status is CallStatus.RINGING
        found = await one.search(evolve(ALL, statuses=frozenset({CallStatus.QUEUED})))
        assert found.sessions == ()

    pair.run(scenario)


def test_noted_end_of_a_call_is_found_at_once_by_its_new_status_alone(pair):
    ended = evolve(SESSION.progressed(CallStatus.IN_PROGRESS, MOMENT).ended(HUNG_UP, MOMENT + 9), charge=charge(None))

    async def scenario(one, _other):
        await one.save(SESSION)
        one.store.note(ended)
        for status, found in ((CallStatus.COMPLETED, (ended,)), (CallStatus.QUEUED, ())):
            assert (await one.search(evolve(ALL, statuses=frozenset({status})))).sessions == found

    pair.run(scenario)


def test_live_bots_are_the_answered_calls_that_have_one(pair):
    async def scenario(one, other):
        talking = [call.progressed(CallStatus.IN_PROGRESS, MOMENT) for call in NUMBERED[:9]]
        await one.save(*talking[:5], *NUMBERED[9:])
        for call in (*talking[5:], talking[0].ended(HUNG_UP, MOMENT + 9)):
            one.store.note(call)
        assert await one.store.live_bots("acme1") == 8
        assert await one.store.live_bots("acme2") == 0
        await one.notes_written()
        assert await other.store.live_bots("acme1") == 8

    pair.run(scenario)


def test_only_calls_with_a_bot_count_as_live_bots(pair):
    live = [call for call in CALLS if call.status is CallStatus.IN_PROGRESS and call.account == "acme1"]
    bots = [call for call in live if call.bot is not None]

    async def scenario(one, _other):
        await one.save(*CALLS)
        assert await one.store.live_bots("acme1") == len(bots) < len(live)

    pair.run(scenario)


def test_costs_are_those_of_both_phones_and_by_currency(pair):
    ended = SESSION.ended(HUNG_UP, MOMENT + 60)
    two = next(call for call in CALLS if call.second is not None)
    priced = [
        evolve(ended, call_sid="a", charge=charge(Decimal("0.25"))),
        evolve(ended, call_sid="b", charge=evolve(charge(Decimal(2)), currency="USD")),
        evolve(
            ended,
            call_sid="c",
            charge=charge(Decimal("0.5")),
            second=evolve(two.second, charge=charge(Decimal("0.000001"))),
        ),
        evolve(ended, call_sid="d", parent_call_sid="c", charge=charge(Decimal("0.000001"))),
        evolve(ended, call_sid="e", charge=charge(None)),
        evolve(ended, call_sid="f", charge=charge(Decimal(9)), created_at=MOMENT - 1),
        evolve(ended, call_sid="g", charge=charge(Decimal(9)), account="acme2"),
        evolve(SESSION, call_sid="h"),
    ]

    async def scenario(one, other):
        await one.save(*priced)
        assert await other.store.costs("acme1", MOMENT) == {"INR": Decimal("0.750001"), "USD": Decimal(2)}
        assert await one.store.costs("nobody", MOMENT) == {}

    pair.run(scenario)


def test_text_that_databases_refuse_finds_nothing(pair):
    odd = "x\0\ud800"

    async def scenario(one, _other):
        await one.save(SESSION)
        for condition in ({"from_numbers": {odd}}, {"call_sids": {odd}}, {"account": odd}, {"exophones": {odd}}):
            search = evolve(
                ALL, **{key: frozenset(value) if key != "account" else value for key, value in condition.items()}
            )
            assert (await one.search(search)).sessions == ()
        assert await one.store.live_bots(odd) == 0

    pair.run(scenario)
