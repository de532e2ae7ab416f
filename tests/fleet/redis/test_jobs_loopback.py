"""Jobs in Redis: the keys that they leave, and foreign or trimmed entries."""

import pytest
from twisted.logger import capturedLogs

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet import jobs_under_way
from exoswitch.fleet.redis.jobs import KEPT_S
from tests.contract.jobs_suite import Prompt, Slow, lease, leases
from tests.harness.jobs_redis_world import RedisJobsWorld
from tests.harness.redis_server import needs_redis

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("patient_links"), needs_redis()]

STREAM = "exoswitch:jobs:gw1"


@pytest.fixture
def world(server):
    world = RedisJobsWorld(server)
    yield world
    world.close()


def send(world, jobs, sent):
    for one in sent:
        world.wait(jobs.send(one))


def number(answer):
    return int(answer.removeprefix(b":"))


def test_finished_jobs_leave_only_a_stream_that_expires(world):
    listener = Prompt()
    jobs = world.start("gw1", listener)
    send(world, jobs, leases(3))
    world.until(lambda: len(listener.arrived) == 3)
    world.settle()
    assert number(world.server.call("XLEN", STREAM)) == 0
    assert world.server.call("XPENDING", STREAM, "gateway").startswith(b"*4\r\n:0\r\n")
    assert KEPT_S - 10 < number(world.server.call("TTL", STREAM)) <= KEPT_S
    assert world.metrics.counts == {"jobs_sent_total": 3, "jobs_taken_total": 3}


def test_gateway_that_only_polls_leaves_nothing(world):
    world.start("gw1", Prompt())
    world.settle()
    assert number(world.server.call("DBSIZE")) == 0


@pytest.mark.parametrize("rubbish", ["token t1", "token \\xff\\xfe call_sid \\x00", "a b"])
def test_entry_that_is_no_job_is_counted_logged_and_removed(world, rubbish):
    listener = Prompt()
    jobs = world.start("gw1", listener)
    send(world, jobs, [lease(0)])
    fields = " ".join(f'"{word}"' for word in rubbish.split())
    with capturedLogs() as events:
        world.server.call("XADD", STREAM, "*", fields)
        send(world, jobs, [lease(1)])
        world.until(lambda: len(listener.arrived) == 2)
        world.settle()
    assert listener.arrived == leases(2)
    assert world.metrics.counts["jobs_malformed_total"] == 1
    assert [event["part"] for event in events if "is not a job" in str(event.get("log_format"))] == ["gw1"]
    assert number(world.server.call("XLEN", STREAM)) == 0


@pytest.mark.parametrize(
    "spoil",
    [("SET", STREAM, "text"), ("SADD", STREAM, "member"), ("XGROUP", "CREATE", STREAM, "other", "0", "MKSTREAM")],
)
def test_stream_that_is_no_stream_of_ours_costs_no_link_and_no_later_job(world, spoil):
    listener = Prompt()
    jobs = world.start("gw1", listener)
    assert not world.server.call(*spoil).startswith(b"-")
    with capturedLogs() as events:
        world.settle()
        send(world, jobs, leases(2))
        world.until(lambda: len(listener.arrived) == 2)
    assert jobs._link.is_up
    assert [event for event in events if "is down" in event["log_format"]] == []


def test_trimmed_jobs_do_not_hold_up_the_others(world):
    first = world.start("gw1", Slow())
    send(world, first, leases(3))
    world.until(lambda: len(first.listener.arrived) == 3)
    world.die(first)
    world.server.call("XTRIM", STREAM, "MAXLEN", 1)
    listener = Prompt()
    world.start("gw1", listener)
    world.until(lambda: listener.arrived == [lease(2)])
    world.settle()
    assert world.metrics.counts["jobs_malformed_total"] == 2
    assert world.server.call("XPENDING", STREAM, "gateway").startswith(b"*4\r\n:0\r\n")


def test_expired_stream_starts_anew(world):
    listener = Prompt()
    jobs = world.start("gw1", listener)
    for one in leases(2):
        send(world, jobs, [one])
        world.until(lambda: one in listener.arrived)  # noqa: B023 - called here
        world.server.call("DEL", STREAM)
        world.settle()
    assert listener.arrived == leases(2)


def test_no_job_can_be_sent_before_redis_is_connected(world):
    jobs = world.begin("gw1", Prompt())
    with pytest.raises(BackendUnavailable):
        world.wait(jobs.send(lease(1)))
    assert world.metrics.counts == {}


def test_job_that_ends_after_the_stop_is_offered_again(world, monkeypatch):
    monkeypatch.setattr(jobs_under_way, "STOP_WAIT_S", 0.1)
    jobs = world.start("gw1", Slow())
    send(world, jobs, [lease(1)])
    world.until(lambda: jobs.listener.arrived)
    with capturedLogs() as events:
        world.stop(jobs)
    assert [event["count"] for event in events if "not waited for" in str(event.get("log_format"))] == [1]
    jobs.listener.finish_all()
    listener = Prompt()
    world.start("gw1", listener)
    world.until(lambda: listener.arrived == [lease(1)])
