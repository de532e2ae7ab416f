"""Jobs through Redis: what all jobs promise, with a real server."""

import pytest

from tests.backends.jobs_redis_world import RedisJobsWorld
from tests.backends.redis_server import RedisServer, needs_redis
from tests.contract.jobs_suite import JobsContract

pytestmark = [pytest.mark.loopback, needs_redis()]

SERVER = RedisServer()


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory):
    SERVER.start(tmp_path_factory.mktemp("redis"))
    yield
    SERVER.stop()


class TestRedisJobs(JobsContract):
    @pytest.fixture
    def world(self):
        world = RedisJobsWorld(SERVER)
        yield world
        world.close()
