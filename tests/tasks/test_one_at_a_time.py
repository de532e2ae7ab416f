"""Work that is done once at a time for each name."""

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, succeed

from exoswitch.tasks.one_at_a_time import OneAtATime


@define(eq=False)
class Works:
    turns: OneAtATime = field(factory=OneAtATime)
    begun: list = field(factory=list)

    def ask(self, name):
        """Ask for work; give the Deferred of its result."""

        def work():
            self.begun.append((name, Deferred()))
            return self.begun[-1][1]

        return Deferred.fromCoroutine(self.turns.run(name, work))

    @property
    def names(self):
        return [name for name, _ in self.begun]


@pytest.fixture
def works():
    return Works()


def given_up(waiting):
    waiting.addErrback(lambda _: None)
    waiting.cancel()


def test_same_names_wait_for_each_other_and_others_do_not(works):
    results = []
    for name in ("a", "a", "b"):
        works.ask(name).addBoth(results.append)
    assert works.names == ["a", "b"]
    works.begun[0][1].callback("first")
    assert (results, works.names) == (["first"], ["a", "b", "a"])


def test_who_gives_up_waiting_for_a_turn_has_none(works):
    works.ask("a")
    given_up(works.ask("a"))
    works.begun[0][1].callback(None)
    assert works.names == ["a"]


def test_work_goes_on_and_keeps_its_turn_when_who_asked_for_it_gives_up(works):
    given_up(works.ask("a"))
    works.ask("a")
    assert works.names == ["a"]
    works.begun[0][1].callback(None)
    assert works.names == ["a", "a"]


def test_work_that_fails_lets_the_next_begin(works):
    results = []
    works.ask("a").addErrback(lambda failure: results.append(failure.value))
    works.ask("a")
    works.begun[0][1].errback(ValueError("no"))
    assert (str(results[0]), works.names) == ("no", ["a", "a"])


def test_work_that_cannot_begin_lets_the_next_begin(works):
    for _ in range(2):
        failed = Deferred.fromCoroutine(works.turns.run("a", lambda: 1 / 0))
        failed.addErrback(lambda failure: failure.trap(ZeroDivisionError))
    works.ask("a")
    assert works.names == ["a"]


def test_a_thousand_turns_that_end_at_once_are_a_loop(works):
    results = []
    works.ask("a")
    for number in range(1000):
        turn = works.turns.run("a", lambda number=number: succeed(number))
        Deferred.fromCoroutine(turn).addBoth(results.append)
    works.begun[0][1].callback(None)
    assert results == [*range(1000)]
