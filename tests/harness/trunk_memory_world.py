"""Pools of trunks in one process, on a clock of the test."""

from exoswitch.fleet.trunks.memory import MemoryTrunks
from exoswitch.fleet.trunks.registry import TrunkRegistry
from tests.contract.trunk_pool_suite import KEEP_S, LIMITS

STARTED_US = 1_700_000_000_000_000


class TrunkMemoryWorld:
    """Starts and ends pools; they send heartbeats only when they are told to."""

    def __init__(self):
        self.now_us = STARTED_US
        self.registry = TrunkRegistry(keep_us=KEEP_S * 1e6)

    def gateway(self, name):
        pool = MemoryTrunks(name, lambda: self.now_us / 1e6, self.registry)
        pool.set_limits(LIMITS)
        pool.startService()
        return pool

    def die(self, pool):
        """Do nothing: it sends no heartbeats by itself."""

    def leave(self, pool):
        self.wait(pool.stopService())

    def advance(self, seconds):
        self.now_us += round(seconds * 1e6)

    def settle(self):
        """Do nothing: everything is done at once."""

    def wait(self, deferred):
        outcome = []
        deferred.addBoth(outcome.append)
        if hasattr(outcome[0], "raiseException"):
            outcome[0].raiseException()
        return outcome[0]

    def close(self):
        """Do nothing: nothing is open."""
