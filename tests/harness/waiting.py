"""Waiting for Deferreds on a reactor that the test itself turns, so that tests stay plain functions."""

import time

from twisted.internet.epollreactor import EPollReactor
from twisted.python.failure import Failure

PATIENCE_S = 10.0
LONGEST_TURN_S = 0.005


class TurnedReactor:
    """A reactor of real sockets that runs only while it is waited for."""

    def __init__(self):
        self.reactor = EPollReactor()
        self.reactor.seconds = time.monotonic

    def wait(self, deferred):
        """Turn the reactor until this has fired; give its result, or raise its failure."""
        outcome = []
        deferred.addBoth(outcome.append)
        self.until(lambda: outcome)
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        return outcome[0]

    def until(self, is_so):
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline, "waited in vain"
            self._turn()

    def turn(self, seconds):
        """Let things happen for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._turn()

    def _turn(self):
        self.reactor.runUntilCurrent()
        until_next = self.reactor.timeout()
        self.reactor.doIteration(LONGEST_TURN_S if until_next is None else min(until_next, LONGEST_TURN_S))

    def close(self):
        """Run the calls that are due, then close the reactor's own sockets."""
        self._turn()
        self.reactor.removeAll()
        self.reactor.waker.connectionLost(None)
        self.reactor._poller.close()
