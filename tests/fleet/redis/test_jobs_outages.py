"""Redis is stopped, paused and restarted while jobs are sent: each accepted job arrives once."""

import pytest

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.redis.jobs import POLL_S
from exoswitch.fleet.redis.jobs_entries import job_fields
from tests.contract.jobs_suite import Prompt, Slow, lease, leases
from tests.harness.jobs_redis_world import RedisJobsWorld
from tests.harness.redis_outages import OUTAGES
from tests.harness.redis_server import RedisServer, needs_redis

pytestmark = [pytest.mark.loopback, needs_redis()]

PAUSE_BETWEEN_JOBS_S = 0.003
STREAM = "exoswitch:jobs:gw1"
READ = ("XREADGROUP", "GROUP", "gateway", "gateway", "STREAMS", STREAM, ">")


@pytest.fixture
def server(tmp_path):
    """Every write is on disk before its answer."""
    server = RedisServer(keeps=True, options=("--appendfsync", "always"))
    server.start(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def world(server):
    world = RedisJobsWorld(server)
    yield world
    world.close()


class Traffic:
    """Jobs from gw2 to gw1, one after the other, accepted or not."""

    def __init__(self, world):
        self.world = world
        self.listener = Prompt()
        self.receiver = world.start("gw1", self.listener)
        self.sender = world.start("gw2", Prompt())
        self.accepted, self.unknown, self.asked = [], [], 0

    def run(self, count):
        for _ in range(count):
            one = lease(self.asked)
            self.asked += 1
            self.sender.send(one).addCallbacks(
                lambda _, one=one: self.accepted.append(one), lambda failure, one=one: self.refused(failure, one)
            )
            self.world.turn(PAUSE_BETWEEN_JOBS_S)

    def refused(self, failure, one):
        failure.trap(BackendUnavailable)
        self.unknown.append(one)

    def settle(self):
        self.world.until(lambda: len(self.accepted) + len(self.unknown) == self.asked)
        self.world.until(lambda: set(self.accepted) <= set(self.listener.arrived))
        self.world.settle()


@pytest.mark.parametrize("outage", OUTAGES)
def test_each_accepted_job_arrives_once(server, world, outage):
    traffic = Traffic(world)
    for _ in range(2):
        traffic.run(50)
        outage(server, lambda: traffic.run(100), lambda: traffic.run(300))
        world.until(lambda: traffic.sender._link.is_up and traffic.receiver._link.is_up)
    traffic.run(50)
    traffic.settle()
    assert len(traffic.accepted) >= 50
    assert len(set(traffic.listener.arrived)) == len(traffic.listener.arrived)
    assert set(traffic.listener.arrived) <= {*traffic.accepted, *traffic.unknown}


def test_job_that_ends_while_redis_is_away_is_not_offered_again(server, world):
    listener = Slow()
    jobs = world.start("gw1", listener)
    for one in leases(3):
        world.wait(jobs.send(one))
    world.until(lambda: len(listener.arrived) == 3)
    server.stop()
    listener.finish(lease(0))
    world.settle()
    listener.finish(lease(1))
    server.start()
    world.until(lambda: jobs._link.is_up)
    world.settle()
    assert listener.arrived == leases(3)
    assert jobs._progress.finished == ()
    world.die(jobs)
    listener = Prompt()
    world.start("gw1", listener)
    world.settle()
    assert listener.arrived == [lease(2)]


def test_job_that_was_read_by_a_request_carried_out_late_arrives(server, world):
    """A paused Redis carries out the requests of a connection that was dropped meanwhile."""
    listener = Prompt()
    jobs = world.start("gw1", listener)
    world.wait(jobs.send(lease(0)))
    world.until(lambda: listener.arrived)
    world.settle()
    jobs._polls.stop()
    world.wait(jobs.send(lease(1)))
    assert b"sid1" in server.call(*READ)
    world.wait(jobs.send(lease(2)))
    jobs._polls.start(POLL_S)
    world.until(lambda: listener.arrived == leases(3))


def test_flushed_redis_is_used_again(server, world):
    listener = Prompt()
    jobs = world.start("gw1", listener)
    for one in leases(3):
        world.wait(jobs.send(one))
        world.until(lambda: one in listener.arrived)  # noqa: B023 - called here
        server.call("FLUSHALL")
        server.call("SCRIPT", "FLUSH")
    assert listener.arrived == leases(3)


def test_redis_that_lost_its_last_writes_gets_them_again(server, world):
    """A replica that takes over may lack the last writes."""
    listener = Prompt()
    jobs = world.start("gw1", listener)
    world.wait(jobs.send(lease(0)))
    world.until(lambda: listener.arrived)
    world.settle()
    last, _ = jobs._progress.next_read
    server.call("DEL", STREAM)
    server.call("XGROUP", "CREATE", STREAM, "gateway", 0, "MKSTREAM")
    server.call("XADD", STREAM, last, *job_fields(lease(0)))
    assert b"sid0" in server.call(*READ)
    server.call("CLIENT", "KILL", "TYPE", "normal")
    world.until(lambda: server.call("XLEN", STREAM) == b":0\r\n")
    assert listener.arrived == [lease(0)]
