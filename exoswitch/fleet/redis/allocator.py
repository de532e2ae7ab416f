"""Adapter: places for calls, counted in Redis for the whole fleet, and in this process while Redis is away."""

import random
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from attrs import evolve
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable, NoCapacity
from exoswitch.fleet.choice import no_place_on
from exoswitch.fleet.interfaces import INodeAllocator
from exoswitch.fleet.leases import NO_QUOTAS, FleetView, Lease, NodeStatus, PlaceRequest, token_of_channel
from exoswitch.fleet.redis import scripts
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.fleet.redis.codec import (
    limit_words,
    milliseconds,
    read_adoptions,
    read_leases,
    read_ok,
    read_quotas,
    read_view,
    refusal,
)
from exoswitch.fleet.redis.link import Script
from exoswitch.fleet.redis.local import LocalRegistry
from exoswitch.fleet.redis.membership import Membership
from exoswitch.fleet.timings import DEFAULTS, FleetTimings
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.spawn import spawn


@implementer(INodeAllocator)
class RedisNodes(Service):
    """One gateway of a fleet; an Asterisk has no place until `set_health` reports it healthy.

    `hold`, `transfer`, `adopt`, `hand_off`, `reap` and `view` fail with BackendUnavailable while Redis cannot be
    reached; `transfer` then leaves the lease with this gateway. `on_taken` is called with the host and the process of
    another gateway of the fleet that has this gateway's name.
    """

    _log = Logger()

    def __init__(
        self,
        gateway: str,
        capacity: int,
        asterisks: Mapping[str, int],
        new_token: Callable[[], str],
        *,
        address: RedisAddress,
        reactor: Any,
        rng: random.Random,
        metrics: IMetrics,
        timings: FleetTimings = DEFAULTS,
        on_taken: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._gateway = gateway
        self._new_token = new_token
        self._metrics = metrics
        self._timings = timings
        self._unacknowledged: frozenset[str] = frozenset()
        self._local = LocalRegistry(gateway, NodeStatus.of(capacity, asterisks))
        self._membership = Membership(
            self._local,
            new_token(),
            timings,
            address=address,
            reactor=reactor,
            rng=rng,
            metrics=metrics,
            on_taken=on_taken,
        )

    # --- Membership ---------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Connect to Redis and send heartbeats."""
        self._membership.start()

    def stopService(self) -> Deferred[None]:
        """Leave the fleet and disconnect."""
        return Deferred.fromCoroutine(self._membership.stop())

    @property
    def is_shared(self) -> bool:
        """Whether Redis counts our calls now."""
        return self._membership.is_registered

    def await_name(self) -> Deferred[None]:
        """Wait until Redis has registered this process, or has not answered for long."""
        return self._membership.name.wait()

    def renew(self) -> Deferred[None]:
        """Send a heartbeat; read how full the Asterisks are."""
        return self._membership.renew()

    def set_health(self, asterisk: str, healthy: bool) -> None:
        """Open or close an Asterisk for new calls of this gateway."""
        self._membership.set_status(self._local.status.with_health(asterisk, healthy))

    def set_draining(self, asterisk: str | None, draining: bool) -> None:
        """Close an Asterisk, or this gateway, for new calls; or open it again."""
        self._membership.set_status(self._local.status.with_draining(asterisk, draining))

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
        """Take a place; without Redis, one of this gateway's pairs, by the local registry."""
        request = PlaceRequest(token=self._new_token(), call_sid=call_sid, asterisk=asterisk, quotas=quotas)
        try:
            match await self._ask(scripts.ALLOCATE, request, "any" if any_gateway else "own"):
                case ["taken", gateway, place]:
                    return self._local.enter(request.lease(gateway, place))
                case ["full"]:
                    raise NoCapacity(self._local.refusal(asterisk))
                case answer:
                    raise refusal(answer, quotas)
        except BackendUnavailable:
            return self._allocate_locally(request)
        except CancelledError:
            spawn(self._membership.release(request.token), self._log, "releasing the place of a cancelled request")
            raise

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
        """Choose the gateway for a waiting call; without Redis it is this one."""
        token = token_of_channel(asterisk, channel_id)
        request = PlaceRequest(token=token, call_sid=call_sid, asterisk=asterisk, quotas=quotas)
        try:
            answer = await self._ask(scripts.RECEIVE, request, excluding or "")
        except BackendUnavailable:
            return self._allocate_locally(request)
        match answer:
            case ["taken", gateway, known_as, its]:
                lease = evolve(request.lease(gateway, asterisk), call_sid=known_as, quotas=read_quotas(its))
                return self._local.enter(lease) if gateway == self._gateway else lease
            case ["full"]:
                raise NoCapacity(no_place_on(asterisk))
        raise refusal(answer, quotas)

    async def _ask(self, script: Script, request: PlaceRequest, detail: str) -> list[str]:
        asterisk = request.asterisk or ""
        words = limit_words(request.quotas)
        return await self._membership.ask(script, request.token, request.call_sid, asterisk, detail, *words)

    def _allocate_locally(self, request: PlaceRequest) -> Lease:
        if self._membership.name.is_refused:
            raise NoCapacity(f"another gateway of this fleet is called {self._gateway}, too")
        lease = self._local.allocate(request)
        self._metrics.add("places_taken_without_redis_total")
        return lease

    @deferred
    async def hold(self, lease: Lease) -> bool:
        """Hold a lease that another gateway took for this one."""
        match await self._membership.ask(scripts.HOLD, lease.token):
            case ["held", its]:
                self._local.enter(evolve(lease, quotas=read_quotas(its)))
                return True
            case ["gone"]:
                return False
            case answer:
                raise refusal(answer, NO_QUOTAS)

    @deferred
    async def transfer(self, lease: Lease) -> None:
        """Give a lease to the gateway that it is a place on."""
        if lease.gateway != self._gateway:
            await self._membership.ask(scripts.TRANSFER, lease.token)
            self._local.release(lease.token)

    @deferred
    async def release(self, lease: Lease) -> None:
        """Release a place: locally at once, in Redis when it can be reached."""
        self._local.release(lease.token)
        await self._membership.release(lease.token)

    # --- Adoption -----------------------------------------------------------------------------------------------

    @deferred
    async def adopt(self) -> tuple[Lease, ...]:
        """Fetch the adoptions of this gateway; the dead are looked for only once the fleet has settled.

        Redis repeats an adoption until it is acknowledged; this returns it once.
        """
        scope = "all" if self._membership.is_settled else "own"
        words = await self._membership.ask(scripts.ADOPT, scope, milliseconds(self._timings.retry_s))
        leases = read_adoptions(words, self._gateway)
        new = tuple(self._local.enter(lease) for lease in leases if lease.token not in self._unacknowledged)
        self._unacknowledged = frozenset(lease.token for lease in leases)
        if leases:
            spawn(self._acknowledge(), self._log, "acknowledging adopted calls")
        return new

    async def _acknowledge(self) -> None:
        with suppress(BackendUnavailable):  # the next `adopt` repeats it
            await self._membership.ask(scripts.ACKNOWLEDGE, *self._unacknowledged)

    @deferred
    async def hand_off(self, leases: Collection[Lease]) -> frozenset[str]:
        """Reassign calls to other gateways."""
        call_sids = read_ok(await self._membership.ask(scripts.HAND_OFF, *(lease.token for lease in leases)))
        gone = [lease.token for lease in leases if lease.call_sid in call_sids]
        self._local.release(*gone)
        self._unacknowledged -= set(gone)
        return frozenset(call_sids)

    @deferred
    async def reap(self) -> tuple[Lease, ...]:
        """Free the leases of gateways that have been dead for long; none until the fleet has settled."""
        if not self._membership.is_settled:
            return ()
        return read_leases(await self._membership.link.run(scripts.REAP, milliseconds(self._timings.keep_s)))

    @deferred
    async def view(self) -> FleetView:
        """Show the fleet as Redis counts it."""
        return read_view(await self._membership.link.run(scripts.VIEW))
