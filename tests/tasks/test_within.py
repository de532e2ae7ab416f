"""An answer that is waited for, but not too long."""

import pytest
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock

from exoswitch.errors import BackendUnavailable
from exoswitch.tasks.within import within


def outcome(work):
    """Give a list that will hold the result or the exception of a Deferred."""
    results = []
    work.addCallbacks(results.append, lambda failure: results.append(failure.value))
    return results


@pytest.fixture
def clock():
    return Clock()


def test_answer_in_time_is_given_and_leaves_no_timer(clock):
    assert outcome(within(5, clock, succeed("yes"), "Redis")) == ["yes"]
    assert clock.getDelayedCalls() == []


def test_no_answer_in_time_names_the_server_and_the_seconds(clock):
    results = outcome(within(2.5, clock, Deferred(), "Redis"))
    clock.advance(2.5)
    assert isinstance(results[0], BackendUnavailable)
    assert str(results[0]) == "Redis did not answer within 2.5 s"


def test_question_without_an_answer_is_named(clock):
    results = outcome(within(5, clock, Deferred(), "Redis", "PING"))
    clock.advance(5)
    assert str(results[0]) == "Redis did not answer PING within 5 s"


def test_coroutine_that_takes_too_long_is_cancelled(clock):
    cancelled = []

    async def ask():
        try:
            await Deferred()
        except CancelledError:
            cancelled.append(True)
            raise

    results = outcome(within(5, clock, ask(), "Redis"))
    clock.advance(5)
    assert cancelled == [True]
    assert isinstance(results[0], BackendUnavailable)


def test_failure_in_time_stays_what_it_is(clock):
    work: Deferred[None] = Deferred()
    results = outcome(within(5, clock, work, "Redis"))
    work.errback(ValueError("broken"))
    assert isinstance(results[0], ValueError)
    assert clock.getDelayedCalls() == []


def test_cancellation_by_the_caller_is_no_time_out(clock):
    waiting = within(5, clock, Deferred(), "Redis")
    results = outcome(waiting)
    waiting.cancel()
    assert isinstance(results[0], CancelledError)
    assert clock.getDelayedCalls() == []
