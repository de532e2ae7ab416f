"""The check that every test runs afterwards finds a delayed call and a socket that were left behind."""

import socket

from twisted.internet.epollreactor import EPollReactor

from tests.harness import leftovers
from tests.harness.waiting import TurnedReactor


def test_delayed_call_is_found_on_a_reactor_that_the_test_made():
    before = leftovers.begin()
    reactor = EPollReactor()
    call = reactor.callLater(60, print)
    [left] = leftovers.since(before)
    assert "print()" in left
    call.cancel()
    assert leftovers.since(before) == []


def test_open_socket_is_found():
    before = leftovers.begin()
    with socket.socket():
        [left] = leftovers.since(before)
    assert left.startswith("socket:[")
    assert leftovers.since(before) == []


def test_reactor_that_is_closed_leaves_nothing():
    before = leftovers.begin()
    TurnedReactor().close()
    assert leftovers.since(before) == []
