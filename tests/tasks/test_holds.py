from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.tasks.holds import HELD_S, Holds

result = SynchronousTestCase()


def wait(holds, name):
    return Deferred.fromCoroutine(holds.wait(name))


def test_wait_ends_with_the_hold_and_at_once_without_one():
    holds = Holds(Clock())
    holds.hold("c1")
    waiting = [wait(holds, "c1"), wait(holds, "c1")]
    result.successResultOf(wait(holds, "c2"))
    result.assertNoResult(waiting[0])
    holds.release("c1")
    for each in waiting:
        result.successResultOf(each)
    holds.release("c1")


def test_hold_ends_by_itself():
    clock = Clock()
    holds = Holds(clock)
    holds.hold("c1")
    holds.hold("c1")
    waiting = wait(holds, "c1")
    clock.advance(HELD_S)
    result.successResultOf(waiting)
    assert clock.getDelayedCalls() == []


def test_stop_ends_all_holds():
    clock = Clock()
    holds = Holds(clock)
    holds.hold("c1")
    holds.stop()
    result.successResultOf(wait(holds, "c1"))
    assert clock.getDelayedCalls() == []
