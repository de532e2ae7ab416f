"""Adapter: places for calls, counted in Redis for the whole fleet, and in this process while Redis is away.

The local registry, a `Registry` of this gateway alone, has every lease that this gateway holds. On each new
connection, and when Redis does not know this gateway, it registers: its leases in Redis are replaced by those of the
local registry, except leases that other gateways hold. A lease can pass to another gateway unnoticed, so the
two registries are compared periodically. The same round reads the use of each quota, for outages of Redis.

Each registration has an epoch, and each request carries it. A request of an earlier connection that is carried out
late has no effect. So it does not matter whether an unanswered request was carried out.
"""

import json
import math
import random
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable, NoCapacity
from exoswitch.fleet.interfaces import INodeAllocator
from exoswitch.fleet.leases import NO_QUOTAS, FleetView, Lease, NodeStatus, token_of_channel
from exoswitch.fleet.redis import scripts
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.fleet.redis.codec import read_counts, read_fallen, read_leases, read_view, refusal
from exoswitch.fleet.redis.differences import Differences
from exoswitch.fleet.redis.link import RedisLink, Script
from exoswitch.fleet.redis.words import lease_words, limit_words, read_quotas
from exoswitch.fleet.registry import Registry, no_place_on
from exoswitch.fleet.timings import DEFAULTS, FleetTimings
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.tasks.spawn import spawn

ALONE = 0.0  # the time in the local registry, where nothing expires


@implementer(INodeAllocator)
class RedisNodes:
    """One gateway of a fleet; an Asterisk has no place until it is said to be healthy."""

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
    ) -> None:
        self._gateway = gateway
        self._status = NodeStatus.of(capacity, asterisks)
        self._new_token = new_token
        self._clock = reactor
        self._metrics = metrics
        self._timings = timings
        self._instance, self._registrations = new_token(), 0
        self._up_since = self._compared_at = reactor.seconds()
        self._registry = Registry(silent_s=math.inf, keep_s=math.inf)
        self._differences = Differences()
        self._unlearned: frozenset[str] = frozenset()
        self._registry.register(gateway, self._status, (), ALONE)
        self._link = RedisLink(address, scripts.KEYS, scripts.ALL, self, reactor=reactor, rng=rng)
        self._beats = LoopingCall(lambda: spawn(self._beat(), self._log, "a heartbeat"))
        self._beats.clock = reactor

    def start(self) -> None:
        """Look for Redis, and give signs of life from now on."""
        self._link.startService()
        spawn(self._beats.start(self._timings.heartbeat_s, now=False), self._log, "the heart")

    def stop(self) -> Deferred[None]:
        """Leave the fleet, and let go of Redis."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._beats.running:
            self._beats.stop()
        with suppress(BackendUnavailable):  # Then the others will find out.
            await self._link.run(scripts.LEAVE, self._gateway, self._epoch)
        await self._link.stopService()

    @property
    def is_shared(self) -> bool:
        """Whether Redis counts our calls now; otherwise we go by what we know ourselves."""
        return self._link.is_up

    def in_use(self) -> int:
        """Count the places that this gateway holds."""
        return len(self._registry.held_by(self._gateway))

    # --- INodeAllocator -----------------------------------------------------------------------------------------

    def allocate(
        self,
        call_sid: str,
        *,
        asterisk: str | None = None,
        any_gateway: bool = False,
        quotas: Mapping[str, int] = NO_QUOTAS,
    ) -> Deferred[Lease]:
        """Take a place; without Redis, one of this gateway's pairs, by what is known here."""
        return Deferred.fromCoroutine(self._allocate(self._new_token(), call_sid, asterisk, any_gateway, quotas))

    def receive(
        self,
        asterisk: str,
        channel_id: str,
        call_sid: str,
        *,
        excluding: str | None = None,
        quotas: Mapping[str, int] = NO_QUOTAS,
    ) -> Deferred[Lease]:
        """Choose the gateway for a call that waits; without Redis it is this one."""
        token = token_of_channel(asterisk, channel_id)
        return Deferred.fromCoroutine(self._receive(token, call_sid, asterisk, excluding, quotas))

    def hold(self, lease: Lease) -> Deferred[bool]:
        """Keep a lease alive from now on that another gateway took for us.

        Raises:
            BackendUnavailable: Redis cannot be reached.
        """
        return Deferred.fromCoroutine(self._hold(lease))

    def transfer(self, lease: Lease) -> Deferred[None]:
        """Leave a lease to the gateway that it is on.

        Raises:
            BackendUnavailable: Redis cannot be reached; it is ours still.
        """
        return Deferred.fromCoroutine(self._transfer(lease))

    def release(self, lease: Lease) -> Deferred[None]:
        """Give a place back, here at once; Redis will know when it can be reached."""
        self._registry.release(self._gateway, lease.token)
        return Deferred.fromCoroutine(self._release(lease.token))

    def renew(self) -> Deferred[None]:
        """Give a sign of life, and learn how full the Asterisks are."""
        return Deferred.fromCoroutine(self._renew())

    def adopt(self) -> Deferred[tuple[Lease, ...]]:
        """Take over what fell to this gateway; until it has settled, nobody is given up for dead by it.

        Raises:
            BackendUnavailable: Redis cannot be reached.
        """
        return Deferred.fromCoroutine(self._adopt())

    def hand_off(self, leases: Collection[Lease]) -> Deferred[frozenset[str]]:
        """Let calls fall to other gateways; our own book has them no more.

        Raises:
            BackendUnavailable: Redis cannot be reached.
        """
        return Deferred.fromCoroutine(self._hand_off(leases))

    def reap(self) -> Deferred[tuple[Lease, ...]]:
        """Free what was held by gateways that have been dead for long; nothing until this one has settled.

        Raises:
            BackendUnavailable: Redis cannot be reached.
        """
        return Deferred.fromCoroutine(self._reap())

    def set_health(self, asterisk: str, healthy: bool) -> None:
        """Open or close an Asterisk for new calls of this gateway."""
        self._stand(self._status.with_health(asterisk, healthy))

    def set_draining(self, asterisk: str | None, draining: bool) -> None:
        """Give no new calls to an Asterisk, or to this gateway at all; or do so again."""
        self._stand(self._status.with_draining(asterisk, draining))

    def view(self) -> Deferred[FleetView]:
        """Show the fleet as Redis knows it.

        Raises:
            BackendUnavailable: Redis cannot be reached.
        """
        return self._link.run(scripts.VIEW).addCallback(read_view)

    # --- Allocation ---------------------------------------------------------------------------------------------

    async def _allocate(
        self, token: str, call_sid: str, asterisk: str | None, any_gateway: bool, quotas: Mapping[str, int]
    ) -> Lease:
        try:
            lease = await self._allocate_shared(token, call_sid, asterisk, any_gateway, quotas)
        except BackendUnavailable:
            return self._allocate_alone(token, call_sid, asterisk, quotas)
        except CancelledError:
            spawn(self._release(token), self._log, "giving a place back that nobody waits for")
            raise
        return self._entered(lease)

    async def _allocate_shared(
        self, token: str, call_sid: str, asterisk: str | None, any_gateway: bool, quotas: Mapping[str, int]
    ) -> Lease:
        scope = "any" if any_gateway else "own"
        answer = await self._ask(scripts.ALLOCATE, token, call_sid, asterisk or "", scope, *limit_words(quotas))
        match answer:
            case ["taken", gateway, place]:
                return Lease(token=token, call_sid=call_sid, gateway=gateway, asterisk=place, quotas=tuple(quotas))
            case ["full"]:
                raise NoCapacity(self._registry.refusal(self._gateway, asterisk))
        raise refusal(answer, quotas)

    def _allocate_alone(self, token: str, call_sid: str, asterisk: str | None, quotas: Mapping[str, int]) -> Lease:
        lease = self._registry.allocate(
            self._gateway, token, call_sid, asterisk=asterisk, any_gateway=False, quotas=quotas, now=ALONE
        )
        self._metrics.add("places_taken_without_redis_total")
        return lease

    async def _receive(
        self, token: str, call_sid: str, asterisk: str, excluding: str | None, quotas: Mapping[str, int]
    ) -> Lease:
        try:
            answer = await self._ask(
                scripts.RECEIVE, token, call_sid, asterisk, excluding or "", *limit_words(quotas)
            )
        except BackendUnavailable:
            return self._allocate_alone(token, call_sid, asterisk, quotas)
        match answer:
            case ["taken", gateway, known_as, its]:
                lease = Lease(
                    token=token, call_sid=known_as, gateway=gateway, asterisk=asterisk, quotas=read_quotas(its)
                )
                return self._entered(lease) if gateway == self._gateway else lease
            case ["full"]:
                raise NoCapacity(no_place_on(asterisk))
        raise refusal(answer, quotas)

    async def _hold(self, lease: Lease) -> bool:
        match await self._ask(scripts.HOLD, lease.token):
            case ["held", its]:
                self._entered(attrs.evolve(lease, quotas=read_quotas(its)))
                return True
        return False

    async def _transfer(self, lease: Lease) -> None:
        if lease.gateway != self._gateway:
            await self._ask(scripts.TRANSFER, lease.token)
            self._registry.release(self._gateway, lease.token)

    async def _release(self, token: str) -> None:
        with suppress(BackendUnavailable):  # Redis will get our book, without this lease.
            await self._link.run(scripts.RELEASE, self._gateway, token)

    def _entered(self, lease: Lease) -> Lease:
        self._registry.release(self._gateway, lease.token)  # It may have been ours before, on another gateway.
        self._registry.enter(self._gateway, lease)
        return lease

    # --- Adoption --------------------------------------------------------------------------------------------------

    async def _adopt(self) -> tuple[Lease, ...]:
        """Collect what fell to us; what Redis has not heard that we know, it tells again, and we do not."""
        scope = "all" if self._is_settled else "own"
        told = read_fallen(await self._ask(scripts.ADOPT, scope, round(self._timings.retry_s * 1000)), self._gateway)
        new = tuple(self._entered(lease) for lease in told if lease.token not in self._unlearned)
        self._unlearned = frozenset(lease.token for lease in told)
        if told:
            spawn(self._acknowledge(), self._log, "confirming what fell to this gateway")
        return new

    async def _acknowledge(self) -> None:
        with suppress(BackendUnavailable):  # It will be told again.
            await self._ask(scripts.ACKNOWLEDGE, *self._unlearned)

    async def _hand_off(self, leases: Collection[Lease]) -> frozenset[str]:
        _, *call_sids = await self._ask(scripts.HAND_OFF, *(lease.token for lease in leases))
        fallen = [lease.token for lease in leases if lease.call_sid in call_sids]
        for token in fallen:
            self._registry.release(self._gateway, token)
        self._unlearned -= set(fallen)
        return frozenset(call_sids)

    async def _reap(self) -> tuple[Lease, ...]:
        return read_leases(await self._link.run(scripts.REAP, self._keep_ms)) if self._is_settled else ()

    @property
    def _is_settled(self) -> bool:
        """Whether the others, too, have had the time to come back after an outage of Redis."""
        return bool(self._clock.seconds() - self._up_since >= self._timings.settle_s)

    # --- The fleet ----------------------------------------------------------------------------------------------

    def link_up(self) -> None:
        """Tell Redis who we are and all that we hold; whatever is asked next comes after that."""
        self._up_since = self._clock.seconds()
        self._register()

    def link_down(self) -> None:
        """Go on by ourselves; what we last knew of the others' calls is taken to hold."""

    def _register(self) -> None:
        self._registrations += 1
        flat = [word for lease in self._registry.held_by(self._gateway) for word in lease_words(lease)]
        registered = self._link.run(
            scripts.REGISTER, self._gateway, self._epoch, self._record(), self._silent_ms, *flat
        )
        spawn(_if_there(registered), self._log, "registering with Redis")

    async def _ask(self, script: Script, *arguments: str | int) -> list[str]:
        """Run a script as the gateway that we are; register, and try again, where Redis does not know us."""
        epoch = self._epoch
        words: list[str] = (await self._link.run(script, self._gateway, epoch, *arguments)).split()
        if words[0] not in {"unknown", "replaced"}:
            return words
        if words[0] == "replaced":
            self._log.error("another gateway of this fleet is called {name}, too: rename one", name=self._gateway)
        if epoch == self._epoch:
            self._register()
        answer: str = await self._link.run(script, self._gateway, self._epoch, *arguments)
        return answer.split()

    async def _renew(self) -> None:
        _, *used = await self._ask(scripts.RENEW, self._record(), self._silent_ms)
        ours = [lease.asterisk for lease in self._registry.held_by(self._gateway)]
        for asterisk, count in zip(used[::2], used[1::2], strict=True):
            self._registry.set_remote_use(asterisk, max(0, int(count) - ours.count(asterisk)))

    def _stand(self, status: NodeStatus) -> None:
        self._status = status
        self._registry.renew(self._gateway, status, ALONE)
        spawn(_if_there(self.renew()), self._log, "telling the fleet of a change")

    async def _beat(self) -> None:
        with suppress(BackendUnavailable):  # The link has told, and looks for Redis.
            await self.renew()
            if self._clock.seconds() - self._compared_at >= self._timings.compare_s:
                self._compared_at = self._clock.seconds()
                await self._compare()
                await self._hear_of_quotas()

    async def _compare(self) -> None:
        """Let go of what only one of the two books says that we hold, and said so the last time as well."""
        _, *shared = await self._ask(scripts.HELD)
        own = frozenset(lease.token for lease in self._registry.held_by(self._gateway))
        only_here, only_there = self._differences.lasting(own, frozenset(shared), self._epoch)
        for token in only_here:
            self._registry.release(self._gateway, token)
        for token in only_there:
            await self._release(token)

    async def _hear_of_quotas(self) -> None:
        self._registry.set_remote_quotas(read_counts(await self._link.run(scripts.QUOTAS)))

    def _record(self) -> str:
        return json.dumps(attrs.asdict(self._status))

    @property
    def _epoch(self) -> str:
        return f"{self._instance}:{self._registrations}"

    @property
    def _silent_ms(self) -> int:
        return round(self._timings.silent_s * 1000)

    @property
    def _keep_ms(self) -> int:
        return round(self._timings.keep_s * 1000)


async def _if_there(asked: Deferred[Any]) -> None:
    """Wait for Redis to answer; without an answer the next registration makes up for it."""
    with suppress(BackendUnavailable):
        await asked
