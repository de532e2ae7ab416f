"""Gateways claim the same calls in PostgreSQL at once, each in its own order."""

import pytest
from twisted.internet.defer import gatherResults

from exoswitch.sessions.postgres import PostgresDatabase
from tests.harness.sessions import MOMENT

ROUNDS = 20
CALLS = 300


@pytest.mark.loopback
async def test_claims_in_opposite_orders_do_not_deadlock_and_each_call_has_one_owner(postgres, reactor):
    address = postgres.new_database()
    name = address.rpartition("/")[2]
    gateways = [PostgresDatabase(address, reactor, answer_s=5.0) for _ in range(3)]
    for gateway in gateways:
        await gateway.open()
    for number in range(ROUNDS):
        sids = [f"r{number}-{call}" for call in range(CALLS)]
        orders = (sids, sids[::-1], sids[CALLS // 2 :] + sids[: CALLS // 2])
        won = await gatherResults(
            [gateway.claim(order, order[0], MOMENT) for gateway, order in zip(gateways, orders, strict=True)]
        )
        assert sorted(sid for ours in won for sid in ours) == sorted(sids)
    for gateway in gateways:
        gateway.close()
    assert postgres.query(name, "SELECT count(*) FROM claims") == [(ROUNDS * CALLS,)]
    assert postgres.query(name, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
