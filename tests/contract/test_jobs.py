"""Jobs in one process: the contract of IJobs, and a single gateway."""

import pytest
from twisted.internet.task import Clock

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.jobs_memory import KEPT_MAX, JobQueues, MemoryJobs
from tests.contract.jobs_suite import JobsContract, Prompt, lease, leases


class MemoryWorld:
    """Gateways that share queues, and a clock."""

    def __init__(self, queues=None):
        self.clock, self.queues = Clock(), queues

    def start(self, gateway, listener):
        jobs = MemoryJobs(gateway, clock=self.clock, queues=self.queues)
        jobs.listener = listener
        jobs.startService()
        return jobs

    def die(self, jobs):
        """Do nothing: the next process takes its place."""

    def until(self, is_so):
        for _ in range(100):
            self.clock.advance(0.1)
            if is_so():
                return
        pytest.fail("the condition did not become true")

    def settle(self):
        self.clock.advance(0)
        self.clock.advance(0)

    def wait(self, deferred):
        outcome = []
        deferred.addBoth(outcome.append)
        self.until(lambda: outcome)
        if hasattr(outcome[0], "raiseException"):
            outcome[0].raiseException()


class TestMemoryJobs(JobsContract):
    @pytest.fixture
    def world(self):
        return MemoryWorld(JobQueues())


def test_single_gateway_sends_jobs_to_itself_only():
    world, listener = MemoryWorld(), Prompt()
    jobs = world.start("gw1", listener)
    world.wait(jobs.send(lease(1)))
    with pytest.raises(BackendUnavailable, match="there is no gateway gw2"):
        world.wait(jobs.send(lease(2, "gw2")))
    assert listener.arrived == [lease(1)]


def test_queue_that_nobody_reads_is_bounded():
    queues = JobQueues()
    for one in leases(KEPT_MAX + 5):
        queues.append(one)
    assert list(queues.queue("gw1").values()) == leases(KEPT_MAX + 5)[5:]
