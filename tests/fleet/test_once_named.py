"""A service that waits for the name of its gateway."""

import pytest
from twisted.application.service import Service
from twisted.internet.defer import Deferred

from exoswitch.fleet.once_named import OnceNamed


class Nodes:
    def __init__(self):
        self.named = Deferred()

    def await_name(self):
        return self.named


class Part(Service):
    def __init__(self):
        self.seen = []

    def startService(self):
        self.seen.append("started")

    def stopService(self):
        self.seen.append("stopped")


@pytest.fixture
def nodes():
    return Nodes()


@pytest.fixture
def part():
    return Part()


def test_service_starts_once_the_name_may_be_used_and_stops(nodes, part):
    service = OnceNamed(nodes, part)
    service.startService()
    assert part.seen == []
    nodes.named.callback(None)
    service.stopService()
    assert part.seen == ["started", "stopped"]


def test_service_that_is_stopped_before_never_starts(nodes, part):
    service = OnceNamed(nodes, part)
    service.startService()
    service.stopService()
    assert nodes.named.called
    assert part.seen == []


def test_service_that_was_never_started_can_be_stopped(nodes, part):
    OnceNamed(nodes, part).stopService()
    assert part.seen == []
