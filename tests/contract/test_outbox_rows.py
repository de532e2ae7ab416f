"""The contract of IOutbox: which callbacks the notes of the session stores add to it."""

import time

import pytest
from attrs import evolve

from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import CallStatus, Ending
from exoswitch.call.status_callback import StatusCallback
from exoswitch.outbox.callbacks import LATEST_DUE_S, SECOND_ENDS_S
from exoswitch.outbox.interfaces import LEASE_S
from exoswitch.sessions.document import from_text
from tests.harness.callbacks_due import ANSWERED, ASKED, ENDED, LATER, RINGING, deliver_all, lease, settle, to
from tests.harness.outboxes import WORLDS, InPostgres, world_of
from tests.harness.sessions import HUNG_UP, MOMENT

DAY_S = 86_400.0
FAILED = Ending(status=CallStatus.FAILED, reason="its gateway was lost")


@pytest.fixture(params=WORLDS)
def world(request, tmp_path):
    return world_of(request, tmp_path)


def test_end_of_a_call_is_due_with_the_session_as_it_was(world):
    async def scenario(world):
        await world.note(evolve(ENDED, callback=StatusCallback(url="http://crm.example.org:8080/told")))
        world.now = LATER
        (leased,) = await lease(world.one)
        assert (leased.event, leased.leg, leased.attempts, leased.age_s) == ("terminal", 1, 0, 0.0)
        assert (leased.account, leased.receiver) == ("acme1", "acme1 crm.example.org:8080")
        assert from_text(leased.document).ending == HUNG_UP
        assert leased.key == "c1-terminal-1"

    world.run(scenario)


def test_call_without_a_callback_asks_for_nothing(world):
    async def scenario(world):
        await world.note(evolve(ENDED, callback=None))
        world.now = LATER
        assert await lease(world.one) == []

    world.run(scenario)


def test_events_are_told_one_after_the_other_and_each_once_however_often_notes_are_written(world):
    async def scenario(world):
        for session in (ASKED, RINGING, ANSWERED, ANSWERED, ENDED, ENDED):
            await world.note(session)
        world.now = LATER
        assert await deliver_all(world.one, world) == ["ringing", "answered", "terminal"]
        await world.note(ENDED)
        assert await deliver_all(world.one, world) == []

    world.run(scenario)


def test_note_of_an_end_tells_also_of_an_answer_whose_note_was_lost(world):
    async def scenario(world):
        await world.note(ENDED)
        world.now = LATER
        (answered,) = await lease(world.one)
        then = from_text(answered.document)
        assert (answered.event, then.status, then.ended_at) == ("answered", CallStatus.IN_PROGRESS, None)

    world.run(scenario)


def test_answer_is_told_for_each_of_two_phones(world):
    second = SecondLeg(number="+919812345611", call_sid="c2", status=CallStatus.IN_PROGRESS, answered_at=MOMENT + 5)

    async def scenario(world):
        await world.note(evolve(ANSWERED, second=second))
        world.now = LATER
        (first,) = await lease(world.one)
        await settle(world.one, [first])
        world.wait(1.0)
        (other,) = await lease(world.one)
        assert [(one.event, one.leg) for one in (first, other)] == [("answered", 1), ("answered", 2)]
        assert from_text(first.document).second.status is None
        assert from_text(other.document).second.status is CallStatus.IN_PROGRESS

    world.run(scenario)


def test_nothing_is_due_in_the_first_second_of_a_call(world):
    async def scenario(world):
        await world.note(ASKED.ended(FAILED, MOMENT + 0.2))
        world.now = MOMENT + 0.9
        assert await lease(world.one) == []
        world.now = MOMENT + 1.1
        assert len(await lease(world.one)) == 1

    world.run(scenario)


def test_end_is_told_although_the_clock_was_days_ahead_when_an_earlier_note_was_numbered(world):
    async def scenario(world):
        world.sequence = int((MOMENT + 3 * DAY_S) * 1_000_000)
        await world.note(to("h", "c1"))
        world.now = LATER
        assert await deliver_all(world.one, world) == ["terminal"]

    world.run(scenario)


def test_end_is_told_soon_although_the_clock_was_set_back_during_the_call(world):
    async def scenario(world):
        await world.note(evolve(ENDED, created_at=MOMENT + 3600, answered_at=MOMENT + 3601))
        world.now = MOMENT + 9 + LATEST_DUE_S
        assert await deliver_all(world.one, world) == ["answered", "terminal"]

    world.run(scenario)


def test_end_that_was_told_is_not_replaced_by_another_end_or_by_an_earlier_state(world):
    async def scenario(world):
        busy = RINGING.ended(Ending(status=CallStatus.BUSY, reason="busy"), MOMENT + 3)
        await world.note(busy)
        await world.note(evolve(busy.ended(FAILED, MOMENT + 8), takeovers=1))
        await world.note(evolve(ANSWERED, takeovers=2))
        world.now = LATER
        leased = await lease(world.one)
        assert [(one.event, from_text(one.document).status) for one in leased] == [("terminal", CallStatus.BUSY)]
        await settle(world.one, leased)
        assert await deliver_all(world.one, world) == []

    world.run(scenario)


def test_late_note_of_a_call_that_goes_on_elsewhere_tells_nothing(world):
    async def scenario(world):
        taken_over = evolve(ANSWERED, takeovers=1, callback=StatusCallback(url="http://h/"))
        world.sequence = 10**16
        await world.note(taken_over)
        world.sequence = 0
        await world.note(evolve(ENDED, callback=taken_over.callback))
        world.now = LATER
        assert await lease(world.one) == []

    world.run(scenario)


def test_facts_that_come_after_the_end_do_not_tell_it_again(world):
    async def scenario(world):
        await world.note(to("h", "c1"))
        world.now = LATER
        await settle(world.one, await lease(world.one))
        await world.note(evolve(to("h", "c1"), updated_at=LATER, custom_field="later"))
        assert await lease(world.one) == []

    world.run(scenario)


def test_end_of_a_call_between_two_phones_waits_a_little_for_the_facts_of_the_second_one(world):
    second = SecondLeg(number="+919812345611", call_sid="c2", status=CallStatus.IN_PROGRESS, answered_at=MOMENT + 5)
    first_ended = evolve(to("h", "c1"), second=second)
    both_ended = evolve(
        first_ended, second=evolve(second, status=CallStatus.COMPLETED, talked_s=4.0), updated_at=MOMENT + 9.5
    )

    async def scenario(world):
        await world.note(first_ended)
        world.now = MOMENT + 10
        assert await lease(world.one) == []
        await world.note(both_ended)
        world.wait(SECOND_ENDS_S)
        (leased,) = await lease(world.one)
        assert from_text(leased.document).second.talked_s == 4.0
        await world.note(evolve(both_ended, custom_field="too late"))
        world.wait(LEASE_S)
        (leased,) = await lease(world.other)
        assert from_text(leased.document).custom_field is None

    world.run(scenario)


@pytest.mark.loopback
def test_gateway_whose_clock_is_ahead_of_that_of_postgresql_tells_as_soon_as_the_others(postgres):
    async def scenario(world):
        ahead = time.time() + 3600
        await world.note(evolve(to("h", "c1"), created_at=ahead, updated_at=ahead + 9, ended_at=ahead + 9))
        world.now = time.time() + LATEST_DUE_S
        assert await deliver_all(world.one, world) == ["terminal"]

    InPostgres(address=postgres.new_database()).run(scenario)
