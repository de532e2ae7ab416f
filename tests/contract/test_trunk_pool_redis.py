"""The trunks in Redis: the contract of ITrunkPool, with a real server; they are the same as those in memory."""

import pytest
from hypothesis import settings

from tests.contract.trunk_pool_sequences import AnyTrunkSequence
from tests.contract.trunk_pool_suite import TrunkPoolContract
from tests.harness.redis_server import RedisServer, needs_redis
from tests.harness.trunk_memory_world import TrunkMemoryWorld
from tests.harness.trunk_redis_world import TrunkRedisWorld

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("patient_links"), needs_redis()]

SERVER = RedisServer()


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory):
    SERVER.start(tmp_path_factory.mktemp("redis"))
    yield
    SERVER.stop()


class TestRedisTrunks(TrunkPoolContract):
    @pytest.fixture
    def world(self):
        world = TrunkRedisWorld(SERVER)
        yield world
        world.close()


class AnySequenceInBoth(AnyTrunkSequence):
    make_worlds = staticmethod(lambda: [TrunkMemoryWorld(), TrunkRedisWorld(SERVER)])


TestAnySequence = AnySequenceInBoth.TestCase
TestAnySequence.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
