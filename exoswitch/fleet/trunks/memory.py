"""Adapter: the trunks of one gateway, or of several in one process; the specification of every other pool."""

import math
from collections.abc import Callable, Mapping, Sequence

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from exoswitch.errors import NoCapacity
from exoswitch.fleet.trunks.calls import TrunkCalls
from exoswitch.fleet.trunks.log import log_events
from exoswitch.fleet.trunks.pace import microseconds
from exoswitch.fleet.trunks.pool import LONGEST_WAIT_S, ITrunkPool
from exoswitch.fleet.trunks.registry import NO_TRUNK, TrunkRegistry, candidates_of
from exoswitch.fleet.trunks.status import DialResult, TrunkGrant, TrunkLimits, TrunkStatus
from exoswitch.tasks.deferred import deferred


@implementer(ITrunkPool)
class MemoryTrunks(Service):
    """The pool of one gateway; gateways that share a `registry` live in one process.

    `now` gives seconds. A single gateway needs no heartbeats.
    """

    def __init__(self, gateway: str, now: Callable[[], float], registry: TrunkRegistry | None = None) -> None:
        self.is_shared = registry is not None
        self._gateway = gateway
        self._now = now
        self._shared = registry or TrunkRegistry(keep_us=math.inf)
        self._limits: Mapping[str, TrunkLimits] = {}
        self._calls = TrunkCalls()

    @property
    def _now_us(self) -> int:
        return microseconds(self._now())

    @property
    def _registry(self) -> TrunkRegistry:
        """The registry, which knows this gateway and its calls."""
        if not self._shared.knows(self._gateway, self._now_us):
            self._shared.register(self._gateway, self._calls.counts(), {}, self._now_us)
        return self._shared

    def startService(self) -> None:
        """Register; an earlier process of this gateway holds nothing."""
        self._shared.register(self._gateway, self._calls.counts(), {}, self._now_us)

    def stopService(self) -> Deferred[None]:
        """Leave the registry."""
        self._calls.clear()
        self._shared.leave(self._gateway)
        return succeed(None)

    @deferred
    async def renew(self) -> None:
        """Send a heartbeat."""
        self._registry.renew(self._gateway, self._now_us)

    def set_limits(self, limits: Mapping[str, TrunkLimits]) -> None:
        """Set the limits of all trunks."""
        self._limits = dict(limits)

    @deferred
    async def take(
        self, token: str, candidates: Sequence[str], *, longest_wait_s: float = LONGEST_WAIT_S
    ) -> TrunkGrant:
        """Take a channel and a turn."""
        self.release(token)
        asked = candidates_of(candidates, self._limits)
        taken = self._registry.take(self._gateway, asked, microseconds(longest_wait_s), self._now_us)
        if taken is None:
            raise NoCapacity(NO_TRUNK)
        self._calls.add(token, taken.trunk, taken.dial)
        return TrunkGrant(trunk=taken.trunk, wait_s=taken.wait_us / 1e6, is_probe=taken.is_probe)

    @deferred
    async def missed(self, token: str) -> TrunkGrant:
        """Take another turn."""
        call = self._calls.get(token)
        asked = candidates_of([call.trunk], self._limits) if call else []
        for one in asked:
            wait = self._shared.turn(one.trunk, one.spacing_us, microseconds(LONGEST_WAIT_S), 0, self._now_us)
            if wait is not None:
                return TrunkGrant(trunk=one.trunk, wait_s=wait / 1e6)
        raise NoCapacity(NO_TRUNK)

    def hold(self, token: str, trunk: str) -> None:
        """Count a call that is there already."""
        self.release(token)
        self._registry.count(self._gateway, trunk, 1, self._now_us)
        self._calls.add(token, trunk)

    def release(self, token: str) -> None:
        """Give a channel back; the second time does nothing."""
        registry = self._registry
        trunk = self._calls.remove(token)
        if trunk is not None:
            registry.count(self._gateway, trunk, -1, self._now_us)

    def report(self, trunk: str, result: DialResult, *, token: str = "") -> None:
        """Take the result of an attempt."""
        dial = self._calls.dial_of(token)
        log_events(trunk, self._shared.report(trunk, result, dial, self._now_us), result.sip_status)

    def statuses(self) -> Mapping[str, TrunkStatus]:
        """Show every trunk that has limits."""
        return self._shared.statuses(self._gateway, self._limits, self._now_us)

    @deferred
    async def view(self) -> Mapping[str, TrunkStatus]:
        """Show the same as `statuses`."""
        return self.statuses()
