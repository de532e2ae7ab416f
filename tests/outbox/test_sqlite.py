"""What a look into SQLite's outbox costs; tests/contract/test_outbox.py has what it gives."""

import pytest
from attrs import evolve

from exoswitch.call.status_callback import StatusCallback
from exoswitch.outbox.queue import RECEIVERS_AT_ONCE
from tests.harness.outboxes import InSqlite
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION


@pytest.fixture
def world(tmp_path):
    return InSqlite(folder=tmp_path)


def ended(call_sid, account, host):
    call = evolve(SESSION, call_sid=call_sid, account=account, callback=StatusCallback(url=f"https://{host}/told"))
    return call.ended(HUNG_UP, MOMENT + 9)


def test_a_look_takes_some_of_an_account_with_a_host_for_each_call_and_the_next_look_goes_on(world):
    count = 2 * RECEIVERS_AT_ONCE + 50
    calls = [ended(f"c{number}", "acme1", f"{number}.crm.example.org") for number in range(count)]

    async def scenario(world):
        for call in (*calls, ended("x1", "acme1-x", "crm.example.org"), ended("x2", "other1", "crm.example.org")):
            await world.note(call)
        world.now = MOMENT + 60
        looks = [await world.one.lease(2 * count, 8, {}, ()) for _ in range(4)]
        assert [len(look) for look in looks] == [RECEIVERS_AT_ONCE + 2, RECEIVERS_AT_ONCE, 50, 0]
        assert {one.call_sid for one in looks[0]} > {"x1", "x2"}
        assert len({one.call_sid for look in looks for one in look}) == count + 2

    world.run(scenario)
