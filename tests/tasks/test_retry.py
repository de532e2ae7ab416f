"""A question that is asked until it is answered."""

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock

from exoswitch.errors import BackendUnavailable
from exoswitch.tasks.retry import PAUSE_S, Retry


class Server:
    """Gives the answers that it has, in their order; the last one again and again."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    def ask(self):
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer()


def away():
    return fail(BackendUnavailable("Redis is away"))


def outcome(retry, server):
    results = []
    asking = Deferred.fromCoroutine(retry.ask(server.ask, "Redis"))
    asking.addCallbacks(results.append, lambda failure: results.append(failure.value))
    return results


@pytest.fixture
def clock():
    return Clock()


def test_answer_is_given_at_once(clock):
    assert outcome(Retry(clock, 5.0), Server(lambda: succeed("yes"))) == ["yes"]


def test_server_that_is_away_is_asked_again_after_a_pause(clock):
    server = Server(away, lambda: succeed("yes"))
    results = outcome(Retry(clock, 5.0), server)
    assert (results, server.asked) == ([], 1)
    clock.advance(PAUSE_S)
    assert (results, server.asked) == (["yes"], 2)


def test_server_that_does_not_answer_is_asked_again(clock):
    server = Server(Deferred, lambda: succeed("yes"))
    results = outcome(Retry(clock, 5.0), server)
    clock.advance(5)
    clock.advance(PAUSE_S)
    assert results == ["yes"]


def test_it_gives_up_at_its_limit(clock):
    server = Server(away)
    results = outcome(Retry(clock, 5.0, 2.0), server)
    clock.pump([PAUSE_S] * 4)
    assert str(results[0]) == "Redis is away"
    assert server.asked == 5
    assert clock.getDelayedCalls() == []


def test_other_failures_are_not_tried_again(clock):
    results = outcome(Retry(clock, 5.0), Server(lambda: fail(ValueError("broken"))))
    assert isinstance(results[0], ValueError)


def test_stop_ends_the_pause_and_asks_no_further_question(clock):
    server = Server(away)
    retry = Retry(clock, 5.0)
    results = outcome(retry, server)
    retry.stop()
    assert isinstance(results[0], CancelledError)
    assert isinstance(outcome(retry, server)[0], BackendUnavailable)
    assert clock.getDelayedCalls() == []
