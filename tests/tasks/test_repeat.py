"""Work that is done every few seconds."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import Logger

from exoswitch.errors import BackendUnavailable
from exoswitch.tasks.repeat import repeat

LOG = Logger(namespace="test")


class Chore:
    """Work that counts, and fails as it is told."""

    def __init__(self, failure=None):
        self.done = 0
        self.failure = failure

    async def do(self):
        self.done += 1
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def clock():
    return Clock()


@pytest.mark.parametrize(("now", "done"), [(False, 2), (True, 3)])
def test_work_is_done_every_few_seconds_until_it_is_stopped(clock, now, done):
    chore = Chore()
    loop = repeat(chore.do, 5, clock, LOG, now=now)
    clock.pump([5, 5])
    loop.stop()
    clock.advance(5)
    assert chore.done == done
    assert clock.getDelayedCalls() == []


def test_work_that_takes_long_is_not_begun_twice(clock):
    begun = []

    async def wait():
        begun.append(Deferred())
        await begun[-1]

    loop = repeat(wait, 5, clock, LOG)
    clock.pump([5, 5, 5])
    assert len(begun) == 1
    begun[0].callback(None)
    clock.advance(5)
    assert len(begun) == 2
    begun[1].callback(None)
    loop.stop()


def test_server_that_is_away_is_not_logged_here(clock, logged_failures):
    chore = Chore(BackendUnavailable("Redis is away"))
    loop = repeat(chore.do, 5, clock, LOG)
    clock.pump([5, 5])
    loop.stop()
    assert chore.done == 2
    assert logged_failures == []


def test_failure_is_logged_and_the_work_goes_on(clock, logged_failures):
    chore = Chore(ValueError("broken"))
    loop = repeat(chore.do, 5, clock, LOG)
    clock.pump([5, 5])
    loop.stop()
    assert chore.done == len(logged_failures) == 2
    logged_failures.clear()
