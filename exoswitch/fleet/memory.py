"""Adapter: places for calls, counted in this process; the specification of every other allocator."""

import math
from collections.abc import Callable, Collection, Mapping

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from exoswitch.errors import NoCapacity
from exoswitch.fleet.interfaces import INodeAllocator
from exoswitch.fleet.leases import NO_QUOTAS, FleetView, Lease, NodeStatus, token_of_channel
from exoswitch.fleet.registry import Registry, UnknownGateway


@implementer(INodeAllocator)
@define
class MemoryNodes:
    """One gateway and its Asterisks; an Asterisk has no place until it is said to be healthy.

    `new_token` makes a lease's token, unique for ever. Gateways that share a `registry` must live in one process; one
    that is alone is never given up for dead, and needs no heartbeats.
    """

    is_shared: bool
    _gateway: str
    _status: NodeStatus
    _new_token: Callable[[], str]
    _registry: Registry
    _now: Callable[[], float]
    _held: dict[str, Lease] = field(factory=dict, init=False)

    @classmethod
    def of(
        cls,
        gateway: str,
        capacity: int,
        asterisks: Mapping[str, int],
        new_token: Callable[[], str],
        *,
        registry: Registry | None = None,
        now: Callable[[], float] = lambda: 0.0,
    ) -> "MemoryNodes":
        """Make an allocator for one gateway of this capacity, and Asterisks by name with theirs."""
        status = NodeStatus.of(capacity, asterisks)
        shared = registry or Registry(silent_s=math.inf, keep_s=math.inf)
        return cls(registry is not None, gateway, status, new_token, shared, now)

    def __attrs_post_init__(self) -> None:
        """Register with the fleet."""
        self._register()

    def start(self) -> None:
        """There is nothing to reach."""

    def stop(self) -> Deferred[None]:
        """Leave those that share this fleet."""
        self._held.clear()
        self._registry.leave(self._gateway, self._now())
        return succeed(None)

    # --- Places -------------------------------------------------------------------------------------------------

    def allocate(
        self,
        call_sid: str,
        *,
        asterisk: str | None = None,
        any_gateway: bool = False,
        quotas: Mapping[str, int] = NO_QUOTAS,
    ) -> Deferred[Lease]:
        """Take a place on the relatively least loaded pair of this gateway, or of any."""
        try:
            lease = self._registered().allocate(
                self._gateway,
                self._new_token(),
                call_sid,
                asterisk=asterisk,
                any_gateway=any_gateway,
                quotas=quotas,
                now=self._now(),
            )
        except NoCapacity as problem:
            return fail(problem)
        self._held[lease.token] = lease
        return succeed(lease)

    def receive(
        self,
        asterisk: str,
        channel_id: str,
        call_sid: str,
        *,
        excluding: str | None = None,
        quotas: Mapping[str, int] = NO_QUOTAS,
    ) -> Deferred[Lease]:
        """Choose among all that share this fleet."""
        token = token_of_channel(asterisk, channel_id)
        try:
            lease = self._registered().receive(
                self._gateway,
                token,
                call_sid,
                asterisk=asterisk,
                excluding=excluding,
                quotas=quotas,
                now=self._now(),
            )
        except NoCapacity as problem:
            return fail(problem)
        if lease.gateway == self._gateway:
            self._held[lease.token] = lease
        return succeed(lease)

    def hold(self, lease: Lease) -> Deferred[bool]:
        """Keep a lease alive that another gateway took for this one."""
        known = self._registered().hold(self._gateway, lease.token)
        if known:
            self._held[known.token] = known
        return succeed(known is not None)

    def transfer(self, lease: Lease) -> Deferred[None]:
        """Leave a lease to the gateway that it is on."""
        if lease.gateway != self._gateway:
            self._registered().transfer(self._gateway, lease.token)
            self._held.pop(lease.token, None)
        return succeed(None)

    def release(self, lease: Lease) -> Deferred[None]:
        """Give a place back; the second time does nothing."""
        self._held.pop(lease.token, None)
        self._registry.release(self._gateway, lease.token)
        return succeed(None)

    def adopt(self) -> Deferred[tuple[Lease, ...]]:
        """Take over what fell to this gateway."""
        leases = self._registered().adopt(self._gateway, self._now())
        self._held.update((lease.token, lease) for lease in leases)
        return succeed(leases)

    def hand_off(self, leases: Collection[Lease]) -> Deferred[frozenset[str]]:
        """Let calls fall to others that share this fleet."""
        fallen = self._registered().hand_off(self._gateway, [lease.token for lease in leases], self._now())
        for lease in leases:
            if lease.call_sid in fallen:
                self._held.pop(lease.token, None)
        return succeed(fallen)

    # --- The fleet ----------------------------------------------------------------------------------------------

    def renew(self) -> Deferred[None]:
        """Give a sign of life."""
        try:
            self._registry.renew(self._gateway, self._status, self._now())
        except UnknownGateway:
            self._register()
        return succeed(None)

    def reap(self) -> Deferred[tuple[Lease, ...]]:
        """Free what the dead held."""
        return succeed(self._registry.reap(self._now()))

    def set_health(self, asterisk: str, healthy: bool) -> None:
        """Open or close an Asterisk for new calls."""
        self._status = self._status.with_health(asterisk, healthy)
        self.renew()

    def set_draining(self, asterisk: str | None, draining: bool) -> None:
        """Give no new calls to an Asterisk, or to this gateway at all; or do so again."""
        self._status = self._status.with_draining(asterisk, draining)
        self.renew()

    def view(self) -> Deferred[FleetView]:
        """Show all that shares this fleet."""
        return succeed(self._registry.view(self._now()))

    def in_use(self) -> int:
        """Count the places that this gateway holds."""
        return len(self._held)

    def _registered(self) -> Registry:
        if self._gateway not in self._registry:
            self._register()
        return self._registry

    def _register(self) -> None:
        self._registry.register(self._gateway, self._status, self._held.values(), self._now())
