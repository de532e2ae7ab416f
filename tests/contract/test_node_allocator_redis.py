"""The allocator in Redis: the contract of INodeAllocator, with a real server."""

import pytest
from hypothesis import settings

from tests.contract.node_allocator_sequences import AnySequence
from tests.contract.node_allocator_suite import KEEP_S, SILENT_S, NodeAllocatorContract
from tests.contract.node_quotas_suite import NodeQuotasContract
from tests.harness.redis_server import RedisServer, needs_redis
from tests.harness.redis_world import RedisWorld

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("patient_links"), needs_redis()]

SERVER = RedisServer()


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory):
    SERVER.start(tmp_path_factory.mktemp("redis"))
    yield
    SERVER.stop()


def make_world():
    return RedisWorld(SERVER, silent_s=SILENT_S, keep_s=KEEP_S)


class TestRedisNodes(NodeAllocatorContract, NodeQuotasContract):
    @pytest.fixture
    def world(self):
        world = make_world()
        yield world
        world.close()


class AnySequenceInRedis(AnySequence):
    make_world = staticmethod(make_world)


TestAnySequence = AnySequenceInRedis.TestCase
TestAnySequence.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
