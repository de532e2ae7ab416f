"""Adapter: places for calls, counted in Redis for a whole fleet; and while Redis is away, in a book of our own.

Our own book, a `Fleet` of this gateway alone, holds every lease that we have, wherever it was taken. Each time that
Redis is found, and whenever it does not know us, we register: all that it had of us gives way to what our book says.

Each registration has an epoch, which goes with everything that we ask. So a request of an earlier connection, carried
out late, does nothing; and whether one that was not answered had been carried out need not be known.
"""

import json
import math
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import attrs
from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.backends.fleet import Fleet
from exoswitch.backends.redis_address import RedisAddress
from exoswitch.backends.redis_answers import read_leases, read_view
from exoswitch.backends.redis_link import RedisLink, Script
from exoswitch.errors import BackendUnavailable, NoCapacity
from exoswitch.interfaces import IMetrics
from exoswitch.interfaces_fleet import INodeAllocator
from exoswitch.nodes import AsteriskStanding, FleetView, Lease, Standing
from exoswitch.session import Direction
from exoswitch.spawn import spawn

LEASE_S = 10.0  # a gateway of which nothing was heard for this long is dead
BEAT_S = 2.0  # four heartbeats may be lost
KEYS = ("exoswitch:gateways", "exoswitch:signs", "exoswitch:leases", "exoswitch:used")
ALONE = 0.0  # the time in our own book, where nothing ever expires

ALLOCATE, REGISTER, RENEW, RELEASE, REAP, LEAVE, VIEW = SCRIPTS = tuple(
    Script.read("book.lua", f"{name}.lua")
    for name in ("allocate", "register", "renew", "release", "reap", "leave", "view")
)


@frozen(kw_only=True)
class Rhythm:
    """How often a gateway gives a sign of life, and how long one holds."""

    lease_s: float = LEASE_S
    beat_s: float = BEAT_S


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
        rhythm: Rhythm = Rhythm(),
    ) -> None:
        self._gateway = gateway
        places = {name: AsteriskStanding(capacity=places) for name, places in asterisks.items()}
        self._standing = Standing(capacity=capacity, asterisks=places)
        self._new_token = new_token
        self._clock = reactor
        self._metrics = metrics
        self._rhythm = rhythm
        self._instance, self._registrations = new_token(), 0
        self._up_since = 0.0
        self._book = Fleet(math.inf)
        self._book.register(gateway, self._standing, (), ALONE)
        self._link = RedisLink(address, KEYS, SCRIPTS, self, reactor=reactor, rng=rng)
        self._beats = LoopingCall(lambda: spawn(self._beat(), self._log, "a heartbeat"))
        self._beats.clock = reactor

    def start(self) -> None:
        """Look for Redis, and give signs of life from now on."""
        self._link.startService()
        spawn(self._beats.start(self._rhythm.beat_s, now=False), self._log, "the heart")

    def stop(self) -> Deferred[None]:
        """Leave the fleet, and let go of Redis."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._beats.running:
            self._beats.stop()
        with suppress(BackendUnavailable):  # Then the others will find out.
            await self._link.run(LEAVE, self._gateway, self._epoch)
        await self._link.stopService()

    @property
    def is_shared(self) -> bool:
        """Whether Redis counts our calls now; otherwise we go by what we know ourselves."""
        return self._link.is_up

    def in_use(self) -> int:
        """Count the places that this gateway holds."""
        return len(self._book.held_by(self._gateway))

    # --- INodeAllocator -----------------------------------------------------------------------------------------

    def allocate(
        self, call_sid: str, direction: Direction, *, asterisk: str | None = None, any_gateway: bool = False
    ) -> Deferred[Lease]:
        """Take a place; without Redis, one of this gateway's pairs, by what is known here."""
        del direction  # Both draw on the same places.
        return Deferred.fromCoroutine(self._allocate(self._new_token(), call_sid, asterisk, any_gateway))

    def release(self, lease: Lease) -> Deferred[None]:
        """Give a place back, here at once; Redis will know when it can be reached."""
        self._book.release(lease.token)
        return Deferred.fromCoroutine(self._release(lease.token))

    def renew(self) -> Deferred[None]:
        """Give a sign of life, and learn how full the Asterisks are."""
        return Deferred.fromCoroutine(self._renew())

    def reap(self) -> Deferred[tuple[Lease, ...]]:
        """Free what the dead held."""
        return self._link.run(REAP).addCallback(read_leases)

    def set_health(self, asterisk: str, healthy: bool) -> None:
        """Open or close an Asterisk for new calls of this gateway."""
        self._stand(self._standing.with_health(asterisk, healthy))

    def set_draining(self, asterisk: str | None, draining: bool) -> None:
        """Give no new calls to an Asterisk, or to this gateway at all; or do so again."""
        self._stand(self._standing.with_draining(asterisk, draining))

    def view(self) -> Deferred[FleetView]:
        """Show the fleet as Redis knows it.

        Raises:
            BackendUnavailable: Redis cannot be reached.
        """
        return self._link.run(VIEW).addCallback(read_view)

    # --- Allocation ---------------------------------------------------------------------------------------------

    async def _allocate(self, token: str, call_sid: str, asterisk: str | None, any_gateway: bool) -> Lease:
        try:
            lease = await self._allocate_shared(token, call_sid, asterisk, any_gateway)
        except BackendUnavailable:
            return self._allocate_alone(token, call_sid, asterisk)
        except CancelledError:
            spawn(self._release(token), self._log, "giving a place back that nobody waits for")
            raise
        self._book.enter(self._gateway, lease)
        return lease

    async def _allocate_shared(self, token: str, call_sid: str, asterisk: str | None, any_gateway: bool) -> Lease:
        scope = "any" if any_gateway else "own"
        answer = await self._ask(ALLOCATE, token, call_sid, asterisk or "", scope)
        match answer:
            case ["taken", gateway, place]:
                return Lease(token=token, call_sid=call_sid, gateway=gateway, asterisk=place)
            case ["full"]:
                raise NoCapacity(self._book.refusal(self._gateway, asterisk))
        raise BackendUnavailable(f"Redis answered {answer!r}")

    def _allocate_alone(self, token: str, call_sid: str, asterisk: str | None) -> Lease:
        lease = self._book.allocate(self._gateway, token, call_sid, asterisk=asterisk, any_gateway=False, now=ALONE)
        self._metrics.add("places_taken_without_redis_total")
        return lease

    async def _release(self, token: str) -> None:
        with suppress(BackendUnavailable):  # Redis will get our book, without this lease.
            await self._link.run(RELEASE, token)

    # --- The fleet ----------------------------------------------------------------------------------------------

    def link_up(self) -> None:
        """Tell Redis who we are and all that we hold; whatever is asked next comes after that."""
        self._up_since = self._clock.seconds()
        self._register()

    def link_down(self) -> None:
        """Go on by ourselves; what we last knew of the others' calls is taken to hold."""

    def _register(self) -> None:
        self._registrations += 1
        leases = self._book.held_by(self._gateway)
        flat = [part for lease in leases for part in (lease.token, lease.gateway, lease.asterisk, lease.call_sid)]
        registered = self._link.run(REGISTER, self._gateway, self._epoch, self._record(), self._lease_ms, *flat)
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
        _, *used = await self._ask(RENEW, self._record(), self._lease_ms)
        ours = [lease.asterisk for lease in self._book.held_by(self._gateway)]
        for asterisk, count in zip(used[::2], used[1::2], strict=True):
            self._book.see_elsewhere(asterisk, max(0, int(count) - ours.count(asterisk)))

    def _stand(self, standing: Standing) -> None:
        self._standing = standing
        self._book.renew(self._gateway, standing, ALONE)
        spawn(_if_there(self.renew()), self._log, "telling the fleet of a change")

    async def _beat(self) -> None:
        """Give a sign of life; bury the dead, unless we ourselves have only just come back."""
        with suppress(BackendUnavailable):  # The link has told, and looks for Redis.
            await self.renew()
            if self._clock.seconds() - self._up_since >= self._rhythm.lease_s:
                self._tell_freed(await self.reap())

    def _tell_freed(self, leases: tuple[Lease, ...]) -> None:
        if leases:
            self._log.warn("{count} places of gateways that are gone were freed", count=len(leases))

    def _record(self) -> str:
        return json.dumps(attrs.asdict(self._standing))

    @property
    def _epoch(self) -> str:
        return f"{self._instance}:{self._registrations}"

    @property
    def _lease_ms(self) -> int:
        return round(self._rhythm.lease_s * 1000)


async def _if_there(asked: Deferred[Any]) -> None:
    """Wait for Redis to answer; without an answer the next registration makes up for it."""
    with suppress(BackendUnavailable):
        await asked
