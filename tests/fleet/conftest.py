"""A fleet for each file of tests: three gateways, two Asterisks, a Redis, a PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.backends.redis_server import RedisServer
from tests.fleet.far_side import FarSide
from tests.fleet.fleet import Fleet
from tests.postgres_server import PostgresServer

CALLS = 20


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Fleet]:
    """Give a fleet that runs."""
    with Fleet(tmp_path_factory.mktemp("fleet"), RedisServer(), postgres, FarSide()) as running:
        yield running


@pytest.fixture
def calls(fleet: Fleet) -> Iterator[list[str]]:
    """Give calls in progress, which are over behind the test, and the fleet empty."""
    yield fleet.place(CALLS)
    fleet.clear()
