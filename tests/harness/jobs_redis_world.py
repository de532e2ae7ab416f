"""Gateway processes that send jobs through a real Redis, on a reactor that the test runs."""

import random

from exoswitch.fleet.redis.jobs import POLL_S, RedisJobs
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.waiting import TurnedReactor


class RedisJobsWorld:
    """Starts and ends processes, each with a link of its own."""

    def __init__(self, server):
        server.call("FLUSHALL")
        self.server = server
        self.turned = TurnedReactor()
        self.wait, self.until, self.turn = self.turned.wait, self.turned.until, self.turned.turn
        self.metrics = MemoryMetrics()
        self.alive = []

    def begin(self, gateway, listener):
        """Start a process without waiting for Redis."""
        jobs = RedisJobs(
            gateway,
            address=self.server.address,
            reactor=self.turned.reactor,
            rng=random.Random(1),
            metrics=self.metrics,
        )
        jobs.listener = listener
        jobs.startService()
        self.alive.append(jobs)
        return jobs

    def start(self, gateway, listener):
        jobs = self.begin(gateway, listener)
        self.until(lambda: jobs._link.is_up)
        return jobs

    def settle(self):
        self.turn(2.5 * POLL_S)

    def die(self, jobs):
        """End a process as a crash would: it only loses its connection."""
        self.alive.remove(jobs)
        if jobs._polls.running:
            jobs._polls.stop()
        self.wait(jobs._link.stopService())

    def stop(self, jobs):
        self.alive.remove(jobs)
        self.wait(jobs.stopService())

    def close(self):
        for jobs in list(self.alive):
            self.die(jobs)
        self.turned.close()
