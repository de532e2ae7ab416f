"""The name of a gateway: who may use it, and when."""

import pytest
from twisted.internet.task import Clock

from exoswitch.fleet.redis.name import KILLED_S, UNANSWERED_S, Name

TAKEN = ["taken", "token@some%20host/17"]


class Redis:
    def __init__(self):
        self.is_up, self.taken, self.clock = True, [], Clock()
        self.name = Name(self.clock, lambda: self.is_up, self.taken.append)

    def waits(self):
        """Wait for the name; the list is no longer empty once it may be used."""
        fired = []
        self.name.wait().addCallback(fired.append)
        return fired


@pytest.fixture
def redis():
    redis = Redis()
    yield redis
    redis.name.stop()
    assert not redis.clock.getDelayedCalls()


def test_name_may_be_used_once_redis_has_registered_the_process(redis):
    fired = redis.waits()
    assert not fired
    redis.name.registered(["ok"])
    assert fired == [None]
    assert redis.waits() == [None]


def test_name_may_be_used_if_redis_does_not_answer(redis):
    fired, redis.is_up = redis.waits(), False
    redis.clock.advance(UNANSWERED_S)
    assert fired == [None]
    assert redis.waits() == [None]
    assert not redis.name.is_ours


def test_name_of_another_process_is_never_used(redis):
    fired = redis.waits()
    redis.name.registered(TAKEN)
    redis.clock.pump([UNANSWERED_S] * 10)
    assert not fired
    redis.name.registered(TAKEN)
    assert redis.taken == ["process 17 on some host"]


def test_name_may_be_used_if_redis_goes_away_after_a_refusal(redis):
    fired = redis.waits()
    redis.name.registered(TAKEN)
    redis.clock.advance(UNANSWERED_S)
    redis.is_up = False
    redis.clock.advance(UNANSWERED_S)
    assert fired == [None]


def test_last_heartbeat_of_a_killed_process_is_waited_for(redis):
    fired = redis.waits()
    redis.name.registered(TAKEN)
    redis.clock.advance(KILLED_S / 2)
    redis.name.registered(TAKEN)
    redis.name.registered(["ok"])
    assert (fired, redis.taken, redis.name.is_refused) == ([None], [], False)


def test_process_that_lost_its_name_is_told_at_once_and_only_once(redis):
    redis.name.registered(["ok"])
    for _ in range(3):
        redis.name.registered(TAKEN)
    assert redis.taken == ["process 17 on some host"]
    assert (redis.name.is_ours, redis.name.is_refused) == (False, True)


def test_waiting_can_be_given_up(redis):
    waiter = redis.name.wait()
    waiter.addErrback(lambda _: None)
    waiter.cancel()
    redis.name.registered(["ok"])
