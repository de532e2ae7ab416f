"""Scenarios on real sockets of 127.0.0.1, each on a reactor of its own that is not the global one."""

import time

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.epollreactor import EPollReactor


def run(scenario, *services_of, patience_s=20):
    """Start a service from each factory, given the reactor; run the scenario with them; stop them all again."""
    reactor = EPollReactor()
    reactor.seconds = time.monotonic
    outcome = []

    async def live():
        services = [make(reactor) for make in services_of]
        for service in services:
            service.startService()
        try:
            await Deferred.fromCoroutine(scenario(reactor, *services))
        finally:
            for service in services:
                await maybeDeferred(service.stopService)

    def begin():
        living = Deferred.fromCoroutine(live()).addTimeout(patience_s, reactor)
        living.addBoth(outcome.append)
        living.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run(installSignalHandlers=False)
    if outcome[0] is not None:
        outcome[0].raiseException()
    left = [call for call in reactor.getDelayedCalls() if "exoswitch" in repr(call)]
    assert left == []
