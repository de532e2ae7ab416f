"""The contract of IJobs, for every implementation. A world has the processes of some gateways.

A world has `start(gateway, listener)`, which starts a process of a gateway, `die(jobs)`, which ends a process as a
crash would, `wait(deferred)`, `until(condition)`, and `settle()`, which waits until nothing more happens.
"""

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer
from zope.interface.verify import verifyObject

from exoswitch.fleet.interfaces import IJobListener, IJobs
from exoswitch.fleet.jobs_under_way import JOBS_MAX
from exoswitch.fleet.leases import Lease


def lease(number, gateway="gw1"):
    return Lease(token=f"t{number}", call_sid=f"sid{number}", gateway=gateway, asterisk="pbx1")


def leases(count, gateway="gw1"):
    return [lease(number, gateway) for number in range(count)]


class RefusalError(Exception):
    """A listener failed on purpose."""


@implementer(IJobListener)
@define
class Prompt:
    """Finishes each job at once."""

    arrived: list = field(factory=list)

    def job_arrived(self, lease):
        self.arrived.append(lease)
        return succeed(None)


@implementer(IJobListener)
@define
class Slow:
    """Finishes a job when the test says so."""

    under_way: dict = field(factory=dict)
    arrived: list = field(factory=list)
    most: int = 0

    def job_arrived(self, lease):
        assert lease not in self.under_way, "twice at the same time"
        self.arrived.append(lease)
        self.under_way[lease] = Deferred()
        self.most = max(self.most, len(self.under_way))
        return self.under_way[lease]

    def finish(self, lease):
        self.under_way.pop(lease).callback(None)

    def fail(self, lease):
        self.under_way.pop(lease).errback(RefusalError(lease.call_sid))

    def finish_all(self):
        for lease in list(self.under_way):
            self.finish(lease)


@implementer(IJobListener)
class Raising:
    """Raises in place of returning a Deferred."""

    def job_arrived(self, lease):
        raise RefusalError(lease.call_sid)


class JobsContract:
    """The promises; a subclass has a fixture `world`."""

    def send(self, world, jobs, sent):
        for one in sent:
            world.wait(jobs.send(one))

    def next_process(self, world):
        """Give the jobs that a new process of gw1 is offered."""
        listener = Prompt()
        world.start("gw1", listener)
        world.settle()
        return listener.arrived

    def test_they_are_jobs(self, world):
        verifyObject(IJobs, world.start("gw1", Prompt()))

    def test_jobs_arrive_once_and_in_order(self, world):
        listener = Prompt()
        world.start("gw1", listener)
        self.send(world, world.start("gw2", Prompt()), leases(20))
        world.until(lambda: len(listener.arrived) >= 20)
        world.settle()
        assert listener.arrived == leases(20)

    def test_job_arrives_at_its_gateway_only(self, world):
        listeners = {name: Prompt() for name in ("gw1", "gw2", "gw3")}
        first, *_ = [world.start(name, listener) for name, listener in listeners.items()]
        self.send(world, first, [lease(number, name) for number, name in enumerate(listeners)])
        world.settle()
        assert {name: listener.arrived for name, listener in listeners.items()} == {
            name: [lease(number, name)] for number, name in enumerate(listeners)
        }

    def test_job_to_the_own_gateway_arrives_after_send_has_returned(self, world):
        listener = Prompt()
        jobs = world.start("gw1", listener)
        sent = jobs.send(lease(1))
        assert listener.arrived == []
        world.wait(sent)
        world.until(lambda: listener.arrived)

    def test_gateway_with_any_name_is_reached(self, world):
        name, listener = "gw 1:ä%{x}*\n", Prompt()
        world.start(name, listener)
        self.send(world, world.start("gw2", Prompt()), [lease(1, name)])
        world.until(lambda: listener.arrived == [lease(1, name)])

    def test_job_for_a_gateway_that_is_not_running_waits_for_it(self, world):
        self.send(world, world.start("gw2", Prompt()), leases(3))
        assert self.next_process(world) == leases(3)

    def test_unfinished_jobs_are_offered_to_the_next_process_before_new_ones(self, world):
        listener = Slow()
        first, other = world.start("gw1", listener), world.start("gw2", Prompt())
        self.send(world, other, leases(5))
        world.until(lambda: len(listener.arrived) == 5)
        listener.finish(lease(1))
        world.settle()
        world.die(first)
        self.send(world, other, [lease(5)])
        assert self.next_process(world) == [lease(number) for number in (0, 2, 3, 4, 5)]
        assert self.next_process(world) == []

    def test_failed_job_is_logged_and_left_to_the_next_process(self, world, logged_failures):
        listener = Slow()
        jobs = world.start("gw1", listener)
        self.send(world, jobs, leases(3))
        world.until(lambda: len(listener.arrived) == 3)
        listener.finish(lease(0))
        listener.fail(lease(1))
        listener.finish(lease(2))
        world.settle()
        assert listener.arrived == leases(3)
        world.wait(jobs.stopService())
        assert self.next_process(world) == [lease(1)]
        (event,) = logged_failures
        assert event["call_sid"] == "sid1"
        logged_failures.clear()

    def test_job_fails_if_its_listener_raises(self, world, logged_failures):
        jobs = world.start("gw1", Raising())
        self.send(world, jobs, [lease(1)])
        world.until(lambda: logged_failures)
        logged_failures.clear()
        world.wait(jobs.stopService())
        assert self.next_process(world) == [lease(1)]

    def test_thousand_jobs_arrive_once_each(self, world):
        listener = Prompt()
        world.start("gw1", listener)
        sender = world.start("gw2", Prompt())
        for sending in [sender.send(one) for one in leases(1000)]:
            world.wait(sending)
        world.until(lambda: len(listener.arrived) >= 1000)
        world.settle()
        assert listener.arrived == leases(1000)

    def test_number_of_jobs_under_way_is_limited(self, world):
        listener, count = Slow(), 2 * JOBS_MAX + 50
        jobs = world.start("gw1", listener)
        self.send(world, jobs, leases(count))
        for arrived in (JOBS_MAX, 2 * JOBS_MAX, count):
            world.until(lambda: len(listener.arrived) == arrived)  # noqa: B023 - called here
            world.settle()
            listener.finish_all()
        assert listener.arrived == leases(count)
        assert listener.most == JOBS_MAX

    def test_stop_waits_for_jobs_under_way_and_takes_no_more(self, world):
        listener = Slow()
        jobs, other = world.start("gw1", listener), world.start("gw2", Prompt())
        self.send(world, other, leases(2))
        world.until(lambda: len(listener.arrived) == 2)
        stopped = jobs.stopService()
        self.send(world, other, [lease(2)])
        world.settle()
        assert not stopped.called
        listener.finish_all()
        world.wait(stopped)
        assert listener.arrived == leases(2)
        assert self.next_process(world) == [lease(2)]

    def test_stop_waits_a_limited_time(self, world):
        listener = Slow()
        jobs = world.start("gw1", listener)
        self.send(world, jobs, leases(2))
        world.until(lambda: len(listener.arrived) == 2)
        world.wait(jobs.stopService())
        assert self.next_process(world) == leases(2)
