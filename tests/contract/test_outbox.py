"""The contract of IOutbox: who delivers which callback, and when again."""

import pytest
from attrs import evolve
from zope.interface.verify import verifyObject

from exoswitch.call.passthru import Passthru
from exoswitch.call.session import StreamStatus
from exoswitch.outbox.interfaces import FARTHEST_DUE_S, KEEP_DELIVERED_S, KEEP_FAILED_S, LEASE_S, IOutbox
from tests.harness.callbacks_due import ENDED, LATER, events, lease, settle, to
from tests.harness.outboxes import WORLDS, world_of
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION


@pytest.fixture(params=WORLDS)
def world(request, tmp_path):
    return world_of(request, tmp_path)


def test_it_is_an_outbox(world):
    async def scenario(world):
        verifyObject(IOutbox, world.one)
        assert await lease(world.one) == []

    world.run(scenario)


# --- Leases ---------------------------------------------------------------------------------------------------------


def test_callback_that_is_leased_is_not_leased_again_before_the_end_of_the_lease(world):
    async def scenario(world):
        await world.note(to("h", "c1"))
        world.now = LATER
        assert len(await lease(world.one)) == 1
        assert await lease(world.other) == []
        world.wait(LEASE_S + 1)
        (leased,) = await lease(world.other)
        assert leased.age_s == pytest.approx(LEASE_S + 1)

    world.run(scenario)


def test_later_callback_of_a_call_waits_while_another_gateway_delivers_the_earlier_one(world):
    async def scenario(world):
        await world.note(ENDED)
        world.now = LATER
        answered = await lease(world.one)
        assert await lease(world.other) == []
        await settle(world.one, answered)
        world.wait(1.0)
        assert await events(world.other) == ["terminal"]

    world.run(scenario)


def test_later_callback_of_a_call_waits_for_the_retry_of_the_earlier_one(world):
    async def scenario(world):
        await world.note(ENDED)
        world.now = LATER
        await settle(world.one, await lease(world.one), "waiting", pause_s=300.0, why="503")
        for _ in range(3):
            world.wait(90.0)
            assert await lease(world.one) == []
        world.wait(31.0)
        (again,) = await lease(world.one)
        assert (again.event, again.attempts) == ("answered", 1)
        assert await lease(world.one) == []
        await settle(world.one, [again])
        world.wait(1.0)
        assert await events(world.one) == ["terminal"]

    world.run(scenario)


def test_callback_that_was_given_up_does_not_hold_the_later_ones(world):
    async def scenario(world):
        await world.note(ENDED)
        world.now = LATER
        await settle(world.one, await lease(world.one), "failed", why="404")
        world.wait(1.0)
        assert await events(world.one) == ["terminal"]

    world.run(scenario)


def test_process_that_lost_its_lease_can_report_a_delivery_and_nothing_else(world):
    async def scenario(world):
        await world.note(to("h", "c1"), to("h", "c2"))
        world.now = LATER
        ours = await lease(world.one)
        world.wait(LEASE_S + 1)
        assert len(await lease(world.other)) == 2
        await settle(world.one, ours[:1], "failed", why="too late")
        await settle(world.one, ours[1:], "delivered")
        world.wait(LEASE_S + 1)
        assert [one.call_sid for one in await lease(world.other)] == [ours[0].call_sid]

    world.run(scenario)


def test_next_process_of_a_gateway_ends_the_leases_of_the_one_before(world):
    async def scenario(world):
        await world.note(to("h", "c1"), to("h", "c2"))
        world.now = LATER
        assert len(await lease(world.one, limit=1)) == 1
        assert len(await lease(world.other, limit=1)) == 1
        next_process = await world.outbox("gw1 c")
        await next_process.release()
        assert len(await lease(next_process)) == 1

    world.run(scenario)


# --- Receivers ------------------------------------------------------------------------------------------------------


def test_receiver_with_many_callbacks_leaves_room_for_the_others(world):
    async def scenario(world):
        for number in range(10):
            await world.note(to("a.example", f"a{number}"))
        await world.note(to("b.example", "b1"), to("c.example", "c1"))
        world.now = LATER
        leased = await lease(world.one, each=2, rooms={"acme1 c.example:443": 0})
        assert sorted(one.receiver for one in leased) == 2 * ["acme1 a.example:443"] + ["acme1 b.example:443"]
        assert len(await lease(world.one, limit=3, each=100)) == 3

    world.run(scenario)


def test_oldest_callback_of_a_receiver_comes_first(world):
    async def scenario(world):
        for number in (3, 1, 2):
            await world.note(to("h", f"c{number}", updated_at=MOMENT + 10 + number))
        world.now = LATER
        assert [one.call_sid for one in await lease(world.one, each=2)] == ["c1", "c2"]

    world.run(scenario)


def test_account_that_has_enough_under_way_gets_no_more(world):
    async def scenario(world):
        await world.note(to("h", "c1"), to("h", "c2", account="acme2"))
        world.now = LATER
        assert [one.call_sid for one in await lease(world.one, full_accounts=["acme1"])] == ["c2"]

    world.run(scenario)


# --- Failed callbacks, and old ones ---------------------------------------------------------------------------------


def test_failed_callback_is_kept_and_sent_again_as_if_never_tried(world):
    async def scenario(world):
        await world.note(to("h", "c1"), to("h", "c2"))
        world.now = LATER
        await settle(world.one, await lease(world.one), "failed", why="it answered with status 500")
        assert await lease(world.one) == []
        kept = await world.one.kept(["failed"], 10)
        assert sorted(one.call_sid for one in kept) == ["c1", "c2"]
        assert {(one.state, one.attempts, one.why, one.since) for one in kept} == {
            ("failed", 1, "it answered with status 500", LATER)
        }
        assert await world.one.resend(["c2", "none"]) == 1
        assert await world.one.resend(None) == 1
        leased = await lease(world.one)
        assert [(one.attempts, one.age_s) for one in leased] == [(0, 0.0), (0, 0.0)]
        assert await world.one.kept(["failed"], 10) == []

    world.run(scenario)


def test_failed_callback_is_not_sent_again_after_a_later_one_of_its_call(world):
    async def scenario(world):
        await world.note(ENDED)
        world.now = LATER
        await settle(world.one, await lease(world.one), "failed", why="404")
        world.wait(1.0)
        await settle(world.one, await lease(world.one), "delivered")
        assert await world.one.resend(None) == 0

    world.run(scenario)


def test_passthru_is_told_last_and_an_earlier_callback_can_still_be_sent_again(world):
    async def scenario(world):
        how = evolve(HUNG_UP, stream_status=StreamStatus.CANCELLED)
        bot = evolve(SESSION.bot, passthru=Passthru(url="https://crm.example.org/next"))
        await world.note(evolve(to("h", "c1", bot=bot), ending=how))
        world.now = LATER
        leased = await lease(world.one)
        assert [one.event for one in leased] == ["terminal"]
        await settle(world.one, leased, "failed", why="404")
        world.wait(1.0)
        leased = await lease(world.one)
        assert [(one.event, one.receiver) for one in leased] == [("passthru", "acme1 crm.example.org:443")]
        await settle(world.one, leased)
        assert await world.one.resend(None) == 1
        assert await events(world.one) == ["terminal"]

    world.run(scenario)


def test_backlog_counts_what_waits_and_how_long(world):
    async def scenario(world):
        assert (await world.one.backlog()).waiting == 0
        await world.note(to("h", "c1"), to("h", "c2"), to("h", "c3"))
        world.now = LATER
        leased = await lease(world.one)
        await settle(world.one, leased[:1])
        await settle(world.one, leased[1:], "waiting", pause_s=300.0)
        world.wait(100.0)
        backlog = await world.one.backlog()
        assert (backlog.waiting, backlog.oldest_s) == (2, pytest.approx(100.0))

    world.run(scenario)


def test_backlog_is_as_old_as_the_callback_that_waits_the_longest_now(world):
    async def scenario(world):
        await world.note(*(to("h", f"c{number}", updated_at=MOMENT + number) for number in range(3)))
        begun = MOMENT + 10
        ages = []

        async def look():
            backlog = await world.one.backlog()
            ages.append((backlog.waiting, backlog.oldest_s))

        world.now = begun
        (first,) = await lease(world.one, limit=1)
        world.wait(5.0)
        (second,) = await lease(world.one, limit=1)
        await settle(world.one, [second], "waiting", pause_s=60.0)
        await look()
        await settle(world.one, [first], "failed", why="404")
        await look()
        (third,) = await lease(world.one)
        await settle(world.one, [third])
        world.wait(5.0)
        await look()
        await world.one.resend(None)
        world.wait(5.0)
        await look()
        assert ages == [(3, 13.0), (2, 13.0), (1, 5.0), (2, 10.0)]

    world.run(scenario)


def test_old_callbacks_are_deleted_and_those_that_wait_are_not(world):
    async def scenario(world):
        await world.note(to("h", "c1"), to("h", "c2"), to("h", "c3"))
        world.now = LATER
        first, second, third = sorted(await lease(world.one), key=lambda one: one.call_sid)
        await settle(world.one, [first])
        await settle(world.one, [second], "failed", why="500")
        await settle(world.one, [third], "waiting", pause_s=60.0)
        world.wait(KEEP_DELIVERED_S + 1)
        await world.one.tidy()
        states = ["waiting", "delivered", "failed"]
        assert {one.call_sid for one in await world.one.kept(states, 10)} == {"c2", "c3"}
        world.wait(KEEP_FAILED_S)
        await world.one.tidy()
        assert [one.call_sid for one in await world.one.kept(states, 10)] == ["c3"]

    world.run(scenario)


def test_callback_that_waits_for_a_time_of_a_clock_that_was_days_ahead_is_due_again_after_tidying(world):
    async def scenario(world):
        await world.note(to("h", "c1"), to("h", "c2"))
        world.now = LATER
        right, wrong = await lease(world.one)
        await settle(world.one, [right], "waiting", pause_s=FARTHEST_DUE_S)
        world.wait(3 * FARTHEST_DUE_S)
        await settle(world.one, [wrong], "waiting", pause_s=300.0)
        world.now = LATER
        await world.one.tidy()
        assert [one.call_sid for one in await lease(world.one)] == [wrong.call_sid]

    world.run(scenario)
