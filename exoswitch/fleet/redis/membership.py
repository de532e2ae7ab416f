"""Adapter: this gateway's registration in Redis: its epoch, its heartbeats, and the check that Redis has its leases.

On each new connection, and when Redis does not know this gateway, the gateway registers. Then its leases in Redis are
those of the local registry, except leases that other gateways hold. A lease can pass to another gateway unnoticed, so
the two registries are compared periodically.

Each registration has an epoch, and each request carries it. A request of an earlier connection that is carried out
late has no effect. So it does not matter whether an unanswered request was carried out.
"""

import random
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.leases import NodeStatus
from exoswitch.fleet.redis import scripts
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.fleet.redis.codec import lease_words, milliseconds, read_counts, status_word
from exoswitch.fleet.redis.link import RedisLink, Script
from exoswitch.fleet.redis.local import LocalRegistry
from exoswitch.fleet.timings import FleetTimings
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.spawn import spawn


class Membership:
    """One process of a gateway in the fleet; `instance` is a token unique to the process."""

    _log = Logger()

    def __init__(
        self,
        local: LocalRegistry,
        instance: str,
        timings: FleetTimings,
        *,
        address: RedisAddress,
        reactor: Any,
        rng: random.Random,
    ) -> None:
        self._local = local
        self._instance, self._registrations = instance, 0
        self._timings = timings
        self._clock = reactor
        self._up_since = self._compared_at = reactor.seconds()
        self._heartbeats: LoopingCall | None = None
        self.link = RedisLink(address, scripts.KEYS, scripts.ALL, self._link_up, reactor=reactor, rng=rng)

    @property
    def epoch(self) -> str:
        """INSTANCE:NUMBER of the last registration."""
        return f"{self._instance}:{self._registrations}"

    @property
    def is_settled(self) -> bool:
        """Whether the other gateways have had time to reconnect, too, after an outage of Redis."""
        return bool(self._clock.seconds() - self._up_since >= self._timings.settle_s)

    def start(self) -> None:
        """Connect to Redis and send heartbeats."""
        self.link.startService()
        self._heartbeats = repeat(self._heartbeat, self._timings.heartbeat_s, self._clock, self._log)

    async def stop(self) -> None:
        """Leave the fleet and disconnect; without Redis, the others notice the missing heartbeats."""
        self.stop_heartbeats()
        with suppress(BackendUnavailable):
            await self.link.run(scripts.LEAVE, self._local.gateway, self.epoch)
        await self.link.stopService()

    def stop_heartbeats(self) -> None:
        """Send no more heartbeats."""
        if self._heartbeats is not None and self._heartbeats.running:
            self._heartbeats.stop()

    async def ask(self, script: Script, *arguments: str | int) -> list[str]:
        """Run a script as this gateway; if Redis does not know it, register and try once more.

        Raises:
            BackendUnavailable: Redis cannot be reached.
        """
        epoch = self.epoch
        words = await self._run(script, *arguments)
        if words[0] not in {"unknown", "replaced"}:
            return words
        if words[0] == "replaced":
            self._log.error(
                "another gateway of this fleet is called {name}, too: rename one", name=self._local.gateway
            )
        if epoch == self.epoch:
            self.register()
        return await self._run(script, *arguments)

    async def _run(self, script: Script, *arguments: str | int) -> list[str]:
        answer: str = await self.link.run(script, self._local.gateway, self.epoch, *arguments)
        return answer.split()

    # --- Registration and heartbeats ----------------------------------------------------------------------------

    def _link_up(self) -> None:
        """Register before anything else is asked through the new connection."""
        self._up_since = self._clock.seconds()
        self.register()

    def register(self) -> None:
        """Register with all leases of the local registry; without an answer, the next connection registers again."""
        self._registrations += 1
        leases = [word for lease in self._local.leases for word in lease_words(lease)]
        registered = self.link.run(
            scripts.REGISTER, self._local.gateway, self.epoch, *self._status_and_silence, *leases
        )
        spawn(_unless_down(registered), self._log, "registering with Redis")

    def set_status(self, status: NodeStatus) -> None:
        """Send a changed status at once."""
        self._local.set_status(status)
        spawn(_unless_down(self.renew()), self._log, "sending this gateway's status to Redis")

    @deferred
    async def renew(self) -> None:
        """Send a heartbeat and the status; read how full the Asterisks are.

        Raises:
            BackendUnavailable: Redis cannot be reached.
        """
        _, *used = await self.ask(scripts.RENEW, *self._status_and_silence)
        for asterisk, count in zip(used[::2], used[1::2], strict=True):
            self._local.usage.set_asterisk_total(asterisk, int(count))

    @property
    def _status_and_silence(self) -> tuple[str, int]:
        return status_word(self._local.status), milliseconds(self._timings.silent_s)

    async def _heartbeat(self) -> None:
        await self.renew()
        if self._clock.seconds() - self._compared_at >= self._timings.compare_s:
            self._compared_at = self._clock.seconds()
            await self.compare()
            self._local.usage.set_quota_totals(read_counts(await self.link.run(scripts.QUOTAS)))

    async def compare(self) -> None:
        """Release the leases that only one of the two registries has had for two comparisons."""
        _, *shared = await self.ask(scripts.HELD)
        only_here, only_there = self._local.lasting_differences(frozenset(shared), self.epoch)
        self._local.release(*only_here)
        for token in only_there:
            await self.release(token)

    async def release(self, token: str) -> None:
        """Release a lease in Redis; without Redis, the next registration does it."""
        await _unless_down(self.link.run(scripts.RELEASE, self._local.gateway, token))


async def _unless_down(asked: Deferred[Any]) -> None:
    """Wait for an answer of Redis; the next registration makes up for a missing one."""
    with suppress(BackendUnavailable):
        await asked
