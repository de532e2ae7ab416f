"""Jobs through Redis: what all jobs promise, with a real server."""

import pytest

from tests.backends.jobs_redis_world import RedisJobsWorld
from tests.backends.redis_server import needs_redis
from tests.contract.jobs_suite import JobsContract

pytestmark = [pytest.mark.loopback, needs_redis()]


class TestRedisJobs(JobsContract):
    @pytest.fixture
    def world(self, server):
        world = RedisJobsWorld(server)
        yield world
        world.close()
