"""The fleet: three gateways, two Asterisks, a Redis, a PostgreSQL. A test may leave dead gateways behind."""

from collections.abc import Iterator

import pytest

from tests.harness.fleet.far_side import FarSide
from tests.harness.fleet.fleet import Fleet
from tests.harness.postgres_server import PostgresServer
from tests.harness.redis_server import RedisServer

CALLS = 20


@pytest.fixture(scope="session")
def any_fleet(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Fleet]:
    """Give the fleet in the state that the last test left."""
    with Fleet(tmp_path_factory.mktemp("fleet"), RedisServer(), postgres, FarSide()) as running:
        yield running


@pytest.fixture
def fleet(any_fleet: Fleet) -> Fleet:
    """Give the fleet without calls; all its gateways run."""
    any_fleet.clear()
    any_fleet.start(*(gateway for gateway in any_fleet.gateways if not gateway.is_running))
    return any_fleet


@pytest.fixture
def calls(fleet: Fleet) -> list[str]:
    """Give calls in progress."""
    return fleet.place(CALLS)
