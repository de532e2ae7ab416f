"""A reactor that the test itself runs while it waits for a Deferred, so that tests are plain functions."""

import time

from twisted.internet.epollreactor import EPollReactor
from twisted.python.failure import Failure

WAIT_MAX_S = 30.0
LONGEST_TURN_S = 0.005


class TurnedReactor:
    """A reactor with real sockets that runs only while the test waits.

    `turned_s` is the time that it has run, without that in which the machine let it stand still.
    """

    def __init__(self):
        self.reactor = EPollReactor()
        self.reactor.seconds = time.monotonic
        self.turned_s = 0.0

    def wait(self, deferred):
        """Run the reactor until this has fired; return its result or raise its failure."""
        outcome = []
        deferred.addBoth(outcome.append)
        self.until(lambda: outcome)
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        return outcome[0]

    def until(self, is_so):
        deadline = time.monotonic() + WAIT_MAX_S
        while not is_so():
            assert time.monotonic() < deadline, "the condition did not become true"
            self._turn()

    def turn(self, seconds):
        """Run the reactor for this long; where it stood still, for longer."""
        end_s = self.turned_s + seconds
        while self.turned_s < end_s:
            self._turn()

    def _turn(self):
        began = time.monotonic()
        self.reactor.runUntilCurrent()
        until_next = self.reactor.timeout()
        self.reactor.doIteration(LONGEST_TURN_S if until_next is None else min(until_next, LONGEST_TURN_S))
        self.turned_s += min(time.monotonic() - began, 2 * LONGEST_TURN_S)

    def close(self):
        """Run the calls that are due, then close the reactor's own sockets."""
        self._turn()
        self.reactor.removeAll()
        self.reactor.waker.connectionLost(None)
        self.reactor._poller.close()
