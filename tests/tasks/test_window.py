from twisted.internet.defer import Deferred
from twisted.logger import Logger

from exoswitch.tasks.window import Window


def window_of(size):
    return Window(size, Logger(), "a piece of work")


def test_work_begins_in_its_order_and_not_all_at_once():
    window, begun = window_of(2), []

    def work(number):
        done = Deferred()
        begun.append((number, done))
        return done

    for number in range(5):
        window.add(lambda number=number: work(number))
    assert [number for number, _ in begun] == [0, 1]
    begun[1][1].callback(None)
    assert [number for number, _ in begun] == [0, 1, 2]
    window.clear()
    for _, done in begun:
        if not done.called:
            done.callback(None)
    assert (len(begun), len(window)) == (3, 0)


def test_work_that_is_done_at_once_does_not_pile_up(logged_failures):
    window, done = window_of(1), []

    async def work(number):
        done.append(number)
        if number % 1000 == 0:
            raise ZeroDivisionError

    blocked = Deferred()
    window.add(lambda: blocked)
    for number in range(5000):
        window.add(lambda number=number: work(number))
    blocked.callback(None)
    assert done == list(range(5000))
    assert len(logged_failures) == 5
    logged_failures.clear()
