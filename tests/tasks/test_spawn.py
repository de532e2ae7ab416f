"""Work that nobody waits for."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger

from exoswitch.tasks.spawn import spawn

LOG = Logger(namespace="test")


async def break_down():
    raise ValueError("broken")


def test_failure_of_spawned_work_is_logged_with_its_context(logged_failures):
    spawn(break_down(), LOG, "a chore", call_sid="c1")
    (event,) = logged_failures
    assert (event["what"], event["call_sid"]) == ("a chore", "c1")
    assert event["log_failure"].check(ValueError)
    logged_failures.clear()


def test_failed_deferred_is_logged_too(logged_failures):
    spawn(fail(ValueError("broken")), LOG, "a chore")
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_success_and_cancellation_are_not_logged(logged_failures):
    spawn(succeed(None), LOG, "a chore")
    waiting = Deferred()
    spawn(waiting, LOG, "a chore")
    waiting.cancel()
    assert logged_failures == []
