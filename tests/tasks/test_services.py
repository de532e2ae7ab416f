"""Services start in their order, and stop in the reverse order, whatever becomes of each."""

import pytest
from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.tasks.services import OrderedServices

result = SynchronousTestCase()


@define(eq=False)
class Part(Service):
    """A service that tells what it was asked, and stops as the test says."""

    told: list
    name: str
    stopped: Deferred = field(factory=lambda: succeed(None))

    def startService(self):
        self.told.append(f"start {self.name}")

    def stopService(self):
        self.told.append(f"stop {self.name}")
        return self.stopped


class Raises(Part):
    def stopService(self):
        super().stopService()
        raise ValueError("broken")


@pytest.fixture
def clock():
    return Clock()


def tree(clock, *parts):
    services = OrderedServices(clock)
    for part in parts:
        services.add(part.name, part, stop_s=5.0)
    services.startService()
    return services


def test_services_start_in_order_and_stop_in_the_reverse_order(clock):
    told = []
    services = tree(clock, Part(told, "store"), Part(told, "calls"), Part(told, "web"))
    result.successResultOf(services.stopService())
    assert told == ["start store", "start calls", "start web", "stop web", "stop calls", "stop store"]


def test_no_service_starts_before_the_others_when_twistd_starts_those_with_privileges(clock):
    told = []
    services = OrderedServices(clock)
    server = Part(told, "server")
    server.privilegedStartService = server.startService
    services.add("store", Part(told, "store"))
    services.add("server", server)
    services.privilegedStartService()
    assert told == []


def test_service_is_stopped_only_when_the_one_before_has_stopped(clock):
    told, slow = [], Deferred()
    services = tree(clock, Part(told, "store"), Part(told, "calls", slow))
    stopping = services.stopService()
    result.assertNoResult(stopping)
    assert "stop store" not in told
    slow.callback(None)
    result.successResultOf(stopping)
    assert told[-1] == "stop store"


@pytest.mark.parametrize(
    "broken", [lambda told: Part(told, "calls", fail(ValueError("broken"))), lambda told: Raises(told, "calls")]
)
def test_service_that_fails_to_stop_is_logged_and_the_others_are_stopped(clock, broken, logged_failures):
    told = []
    services = tree(clock, Part(told, "store"), broken(told), Part(told, "web"))
    result.successResultOf(services.stopService())
    assert told[-3:] == ["stop web", "stop calls", "stop store"]
    assert [event["name"] for event in logged_failures] == ["calls"]
    logged_failures.clear()


def test_service_that_never_stops_is_left_behind_after_its_time(clock, logged_failures):
    told = []
    services = tree(clock, Part(told, "store"), Part(told, "calls", Deferred()))
    stopping = services.stopService()
    clock.advance(5.0)
    result.successResultOf(stopping)
    assert told[-1] == "stop store"
    assert "calls did not answer within 5 s" in logged_failures[0]["log_failure"].getErrorMessage()
    logged_failures.clear()
