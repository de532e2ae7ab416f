"""The attempts of a call: the channel and the turn of a trunk, and the call that ends while they are asked for."""

from types import SimpleNamespace

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.errors import TrunksFull
from exoswitch.gateway.attempts import CallAttempts

FULL = "every trunk is full"
result = SynchronousTestCase()


@define
class Choice:
    """A choice that answers when it is told to."""

    route: object = field(factory=lambda: SimpleNamespace(chosen="lab"))
    asked: list = field(factory=list)

    def choose(self, _session, token, _tried, *_limits):
        return self._ask("choose", token)

    def turn_again(self, token):
        return self._ask("turn again", token)

    def _ask(self, question, token):
        answer = Deferred()
        self.asked.append((question, token, answer))
        return answer


@pytest.fixture
def choice():
    return Choice()


@pytest.fixture
def released():
    return []


@pytest.fixture
def attempts(choice, released):
    return CallAttempts(SimpleNamespace(trunks=SimpleNamespace(release=released.append)), choice, 15.0, None)


@pytest.fixture
def session():
    return SimpleNamespace(attempts=(), parent_call_sid=None, channel_of=lambda number: f"call-{number}")


def test_channel_that_is_granted_after_the_end_is_given_back_once(attempts, choice, session, released):
    Deferred.fromCoroutine(attempts.choose(session))
    attempts.release()
    assert released == []
    choice.asked[0][2].callback(choice.route)
    attempts.release()
    assert released == ["call-1"]


def test_trunk_is_chosen_anew_if_it_has_no_other_turn(attempts, choice, session):
    choosing = Deferred.fromCoroutine(attempts.choose(session))
    choice.asked[0][2].callback(choice.route)
    result.successResultOf(choosing)
    Deferred.fromCoroutine(attempts.turn_again(session))
    choice.asked[1][2].errback(TrunksFull(FULL))
    assert [question for question, *_ in choice.asked] == ["choose", "turn again", "choose"]


def test_call_that_has_ended_takes_no_other_trunk(attempts, choice, session):
    choosing = Deferred.fromCoroutine(attempts.choose(session))
    choice.asked[0][2].callback(choice.route)
    result.successResultOf(choosing)
    again = Deferred.fromCoroutine(attempts.turn_again(session))
    attempts.release()
    choice.asked[1][2].errback(TrunksFull(FULL))
    result.failureResultOf(again, TrunksFull)
    assert [question for question, *_ in choice.asked] == ["choose", "turn again"]
