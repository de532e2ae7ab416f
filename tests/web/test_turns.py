"""The share of the reactor's time that HTTP may take."""

from attrs import define, field
from twisted.internet.task import Clock

from exoswitch.web.turns import PERIOD_S, SLICE_S, Turns

COST_S = 0.001


@define
class Work:
    """Work that takes a millisecond each time."""

    clock: Clock = field(factory=Clock)
    done: list = field(factory=list)
    turns: Turns = field(init=False)

    def __attrs_post_init__(self):
        self.turns = Turns(self.clock)

    def ask(self, name):
        def work():
            self.clock.rightNow += COST_S
            self.done.append(name)

        self.turns.ask(work)


def test_work_is_done_at_once_while_the_slice_lasts():
    work = Work()
    work.ask("a")
    assert work.done == ["a"]


def test_work_beyond_a_slice_waits_for_the_next_one_in_its_order():
    work = Work()
    in_a_slice = round(SLICE_S / COST_S)
    for number in range(3 * in_a_slice):
        work.ask(number)
    assert work.done == list(range(in_a_slice))
    work.clock.advance(PERIOD_S)
    assert work.done == list(range(2 * in_a_slice))
    work.clock.advance(PERIOD_S)
    assert work.done == list(range(3 * in_a_slice))
    assert work.clock.getDelayedCalls() == []


def test_work_that_asks_for_more_work_does_not_extend_the_slice():
    work = Work()

    def again():
        work.ask("again")
        work.turns.ask(again)

    work.turns.ask(again)
    assert len(work.done) == round(SLICE_S / COST_S)


def test_work_that_takes_longer_than_a_slice_is_followed_by_a_longer_rest():
    work = Work()
    work.turns.ask(lambda: work.clock.advance(10 * SLICE_S))
    work.ask("later")
    work.clock.advance(10 * SLICE_S)
    assert work.done == []
    work.clock.advance(10 * SLICE_S)
    assert work.done == ["later"]


def test_a_new_slice_begins_after_a_pause():
    work = Work()
    for _ in range(2):
        work.ask("early")
    work.clock.advance(PERIOD_S)
    work.ask("late")
    assert work.done[-1] == "late"
