"""Adapter: places for calls, counted in this process; the specification of every other allocator."""

import math
from collections.abc import Callable, Collection, Mapping

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from exoswitch.fleet.interfaces import INodeAllocator
from exoswitch.fleet.leases import NO_QUOTAS, FleetView, Lease, NodeStatus, PlaceRequest, token_of_channel
from exoswitch.fleet.registry import Registry, UnknownGateway
from exoswitch.tasks.deferred import deferred


@implementer(INodeAllocator)
class MemoryNodes(Service):
    """One gateway and its Asterisks; an Asterisk has no place until `set_health` reports it healthy.

    `new_token` makes a lease's token, which is never used again. Gateways that share a `registry` live in one
    process. A single gateway needs no heartbeats.
    """

    def __init__(
        self,
        gateway: str,
        capacity: int,
        asterisks: Mapping[str, int],
        new_token: Callable[[], str],
        *,
        registry: Registry | None = None,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.is_shared = registry is not None
        self._gateway = gateway
        self._status = NodeStatus.of(capacity, asterisks)
        self._new_token = new_token
        self._registry = registry or Registry(silent_s=math.inf, keep_s=math.inf)
        self._now = now
        self._held: dict[str, Lease] = {}
        self._register()

    def startService(self) -> None:
        """Do nothing: there is no server to connect to."""

    def stopService(self) -> Deferred[None]:
        """Leave the registry."""
        self._held.clear()
        self._registry.leave(self._gateway, self._now())
        return succeed(None)

    def await_name(self) -> Deferred[None]:
        """Wait for nothing: the name is ours."""
        return succeed(None)

    # --- Places -------------------------------------------------------------------------------------------------

    @deferred
    async def allocate(
        self,
        call_sid: str,
        *,
        asterisk: str | None = None,
        any_gateway: bool = False,
        quotas: Mapping[str, int] = NO_QUOTAS,
    ) -> Lease:
        """Take a place on the pair with the lowest load, of this gateway or of any."""
        request = PlaceRequest(token=self._new_token(), call_sid=call_sid, asterisk=asterisk, quotas=quotas)
        lease = self._registered().allocate(self._gateway, request, self._now(), any_gateway=any_gateway)
        self._held[lease.token] = lease
        return lease

    @deferred
    async def receive(
        self,
        asterisk: str,
        channel_id: str,
        call_sid: str,
        *,
        excluding: str | None = None,
        quotas: Mapping[str, int] = NO_QUOTAS,
    ) -> Lease:
        """Choose among the gateways of the registry."""
        token = token_of_channel(asterisk, channel_id)
        request = PlaceRequest(token=token, call_sid=call_sid, asterisk=asterisk, quotas=quotas)
        lease = self._registered().receive(self._gateway, request, self._now(), excluding=excluding)
        if lease.gateway == self._gateway:
            self._held[lease.token] = lease
        return lease

    @deferred
    async def hold(self, lease: Lease) -> bool:
        """Hold a lease that another gateway took for this one."""
        known = self._registered().hold(self._gateway, lease.token)
        if known:
            self._held[known.token] = known
        return known is not None

    @deferred
    async def transfer(self, lease: Lease) -> None:
        """Give a lease to the gateway that it is a place on."""
        if lease.gateway != self._gateway:
            self._registered().transfer(self._gateway, lease.token)
            self._held.pop(lease.token, None)

    @deferred
    async def release(self, lease: Lease) -> None:
        """Release a place; the second time does nothing."""
        self._held.pop(lease.token, None)
        self._registry.release(self._gateway, lease.token)

    @deferred
    async def adopt(self) -> tuple[Lease, ...]:
        """Fetch the adoptions of this gateway."""
        leases = self._registered().adopt(self._gateway, self._now())
        self._held.update((lease.token, lease) for lease in leases)
        return leases

    @deferred
    async def hand_off(self, leases: Collection[Lease]) -> frozenset[str]:
        """Reassign calls to other gateways of the registry."""
        call_sids = self._registered().hand_off(self._gateway, [lease.token for lease in leases], self._now())
        for lease in leases:
            if lease.call_sid in call_sids:
                self._held.pop(lease.token, None)
        return call_sids

    # --- The fleet ----------------------------------------------------------------------------------------------

    @deferred
    async def renew(self) -> None:
        """Send a heartbeat."""
        try:
            self._registry.renew(self._gateway, self._status, self._now())
        except UnknownGateway:
            self._register()

    @deferred
    async def reap(self) -> tuple[Lease, ...]:
        """Free the leases of gateways that have been dead for long."""
        return self._registry.reap(self._now())

    def set_health(self, asterisk: str, healthy: bool) -> None:
        """Open or close an Asterisk for new calls."""
        self._status = self._status.with_health(asterisk, healthy)
        self.renew()

    def set_draining(self, asterisk: str | None, draining: bool) -> None:
        """Close an Asterisk, or this gateway, for new calls; or open it again."""
        self._status = self._status.with_draining(asterisk, draining)
        self.renew()

    @deferred
    async def view(self) -> FleetView:
        """Show all gateways of the registry."""
        return self._registry.view(self._now())

    def _registered(self) -> Registry:
        if self._gateway not in self._registry:
            self._register()
        return self._registry

    def _register(self) -> None:
        self._registry.register(self._gateway, self._status, self._held.values(), self._now())
