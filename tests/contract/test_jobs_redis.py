"""Jobs through Redis: the contract of IJobs, with a real server."""

import pytest

from tests.contract.jobs_suite import JobsContract
from tests.harness.jobs_redis_world import RedisJobsWorld
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("patient_links"), needs_redis()]


class TestRedisJobs(JobsContract):
    @pytest.fixture
    def world(self, server):
        world = RedisJobsWorld(server)
        yield world
        world.close()
