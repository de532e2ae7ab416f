from attrs import evolve

from exoswitch.outbox.delivery import Result
from exoswitch.outbox.queue import Queue
from tests.outbox.test_delivery import leased

ONE, OTHER = leased(), evolve(leased(), receiver="acme1 other:80")


def test_receiver_has_a_share_of_the_places():
    queue = Queue(at_once=10, each_receiver=4)
    for _ in range(3):
        queue.begin(ONE)
    assert (len(queue), queue.room, queue.rooms()) == (3, 7, {ONE.receiver: 1})
    queue.end(ONE, Result.DELIVERED)
    assert queue.rooms() == {ONE.receiver: 2}


def test_receiver_that_is_down_gets_one_at_a_time_until_it_works_again():
    queue = Queue(each_receiver=4)
    queue.begin(ONE)
    queue.end(ONE, Result.FAILED)
    assert queue.rooms() == {ONE.receiver: 1}
    queue.begin(ONE)
    assert queue.rooms() == {ONE.receiver: 0}
    queue.end(ONE, None)
    assert queue.rooms() == {ONE.receiver: 1}
    queue.begin(ONE)
    queue.end(ONE, Result.REFUSED)
    assert queue.rooms() == {}


def test_all_receivers_of_an_account_share_its_part():
    queue = Queue(each_account=2)
    for each in (ONE, OTHER):
        queue.begin(each)
    assert queue.full_accounts() == {"acme1"}
    queue.end(OTHER, Result.DELIVERED)
    assert queue.full_accounts() == frozenset()


def test_receivers_that_are_down_are_forgotten_beyond_a_number(monkeypatch):
    monkeypatch.setattr("exoswitch.outbox.queue._DOWN_MAX", 2)
    queue = Queue()
    for number in range(5):
        one = evolve(ONE, receiver=f"acme1 h{number}:80")
        queue.begin(one)
        queue.end(one, Result.FORBIDDEN)
    assert set(queue.rooms()) == {"acme1 h3:80", "acme1 h4:80"}


def test_a_look_reads_a_thousand_receivers_that_are_down_at_most():
    queue = Queue()
    for number in range(3000):
        one = evolve(ONE, receiver=f"acme1 h{number}:80")
        queue.begin(one)
        queue.end(one, Result.FAILED)
    assert len(queue.rooms()) == 1000
