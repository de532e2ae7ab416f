"""Adapter: this gateway's registration in Redis: its epoch, its heartbeats, and the check that Redis has its leases.

On each new connection, and when Redis does not know this gateway, the gateway registers. Then its leases in Redis are
those of the local registry, except leases that other gateways hold. A lease can pass to another gateway unnoticed, so
the two registries are compared periodically.

Each registration has an epoch, and each request carries it. A request of an earlier connection that is carried out
late has no effect. So it does not matter whether an unanswered request was carried out.

A name belongs to one process as long as its heartbeats come. Another process that is configured with the same name is
refused, and tries again: a gateway that was killed has its name back when its last heartbeat has expired.
"""

import os
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.leases import NodeStatus
from exoswitch.fleet.redis import scripts
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.fleet.redis.codec import (
    lease_words,
    milliseconds,
    read_counts,
    read_ok,
    read_unreadable,
    read_usage,
    read_words,
    status_word,
)
from exoswitch.fleet.redis.link import RedisLink, Script
from exoswitch.fleet.redis.local import LocalRegistry
from exoswitch.fleet.redis.name import Name
from exoswitch.fleet.timings import FleetTimings
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.spawn import spawn

_NOT_REGISTERED = {"unknown", "replaced"}


class Membership:
    """One process of a gateway in the fleet; `instance` is a token unique to the process.

    `on_taken` is called when another process has this gateway's name, with the host and the process.
    """

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
        metrics: IMetrics,
        on_taken: Callable[[str], None],
    ) -> None:
        self._local = local
        self._instance, self._registrations = f"{instance}@{quote(socket.gethostname())}/{os.getpid()}", 0
        self._metrics = metrics
        self._timings = timings
        self._clock = reactor
        self._up_since = self._compared_at = reactor.seconds()
        self._heartbeats: LoopingCall | None = None
        self.link = RedisLink(address, scripts.KEYS, scripts.ALL, self._link_up, reactor=reactor, rng=rng)
        self.name = Name(reactor, lambda: self.link.is_up, on_taken)

    @property
    def epoch(self) -> str:
        """INSTANCE:NUMBER of the last registration."""
        return f"{self._instance}:{self._registrations}"

    @property
    def is_settled(self) -> bool:
        """Whether the other gateways have had time to reconnect, too, after an outage of Redis."""
        return bool(self._clock.seconds() - self._up_since >= self._timings.settle_s)

    @property
    def is_registered(self) -> bool:
        """Whether Redis can be reached, and this process has this gateway's name there."""
        return self.link.is_up and self.name.is_ours

    def start(self) -> None:
        """Connect to Redis and send heartbeats."""
        self.link.startService()
        self._heartbeats = repeat(self._heartbeat, self._timings.heartbeat_s, self._clock, self._log)

    async def stop(self) -> None:
        """Leave the fleet and disconnect; without Redis, the others notice the missing heartbeats."""
        self.stop_heartbeats()
        self.name.stop()
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
            BackendUnavailable: Redis cannot be reached, or another gateway has this gateway's name.
        """
        epoch = self.epoch
        words = await self._run(script, *arguments)
        if words[0] not in _NOT_REGISTERED:
            return words
        if epoch == self.epoch:
            self.register()
        words = await self._run(script, *arguments)
        if words[0] in _NOT_REGISTERED:
            raise BackendUnavailable(f"another gateway of this fleet is called {self._local.gateway}, too")
        return words

    async def _run(self, script: Script, *arguments: str | int) -> list[str]:
        return read_words(await self.link.run(script, self._local.gateway, self.epoch, *arguments))

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
        spawn(_unless_down(registered.addCallback(self._registered)), self._log, "registering with Redis")

    def _registered(self, answer: str | bytes) -> None:
        self.name.registered(read_words(answer))

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
        usage = read_usage(await self.ask(scripts.RENEW, *self._status_and_silence))
        for asterisk, count in usage.items():
            self._local.usage.set_asterisk_total(asterisk, count)

    @property
    def _status_and_silence(self) -> tuple[str, int]:
        return status_word(self._local.status), milliseconds(self._timings.silent_s)

    async def _heartbeat(self) -> None:
        await self.renew()
        if self._clock.seconds() - self._compared_at >= self._timings.compare_s:
            self._compared_at = self._clock.seconds()
            await self.compare()
            self._local.usage.set_quota_totals(read_counts(await self.link.run(scripts.QUOTAS)))
            await self._report_unreadable()

    async def _report_unreadable(self) -> None:
        """Log the records that scripts have set aside; Redis gives each to one gateway only."""
        for name, text in read_unreadable(await self.link.run(scripts.UNREADABLE, "new")).items():
            self._metrics.add("redis_records_unreadable_total")
            self._log.error(
                "a record in Redis could not be read, and is set aside: {name}: {text}", name=name, text=text
            )

    async def compare(self) -> None:
        """Release the leases that only one of the two registries has had for two comparisons."""
        shared = read_ok(await self.ask(scripts.HELD))
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
