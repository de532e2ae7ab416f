"""Runs a coroutine on a reactor of its own: for programs, and for suites that also run in memory."""

import time

from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.python.failure import Failure


def run(scenario, *, patience_s=60):
    """Run a scenario, which gets the reactor; give what it returns."""
    reactor = EPollReactor()
    reactor.seconds = time.monotonic
    outcome = []

    def begin():
        living = Deferred.fromCoroutine(scenario(reactor)).addTimeout(patience_s, reactor)
        living.addBoth(outcome.append)
        living.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run(installSignalHandlers=False)
    (result,) = outcome
    if isinstance(result, Failure):
        result.raiseException()
    return result
