"""Adapter: a process that counts its calls on trunks in Redis: it registers, and sends heartbeats.

The requests of one connection are carried out in order. So the calls that a registration states, and the requests
after it, make up the right count, whatever became of the requests before. Each registration has a new epoch, and each
request carries it: a request of an earlier connection that is carried out late has no effect.
"""

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.fleet.redis.codec import answer_text, milliseconds
from exoswitch.fleet.redis.link import RedisLink, Script
from exoswitch.fleet.redis.trunks import scripts
from exoswitch.fleet.redis.trunks.codec import TrunksView, counts_word, read_trunks
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.spawn import spawn

HEARTBEAT_S = 1.0
KEEP_S = 5.0
"""How long the calls of a dead gateway count: within a second or two, other gateways hold them."""


class TrunkMembership:
    """One process of a gateway; `instance` is a token unique to the process.

    `calls` gives its calls on each trunk, and `turns_us` the time until each trunk's next turn. `came_up` is called
    when Redis can be reached, and `learned` with each answer to a heartbeat.
    """

    _log = Logger()

    def __init__(
        self,
        gateway: str,
        instance: str,
        *,
        calls: Callable[[], Mapping[str, int]],
        turns_us: Callable[[], Mapping[str, int]],
        came_up: Callable[[], None],
        learned: Callable[[TrunksView], None],
        address: RedisAddress,
        reactor: Any,
        rng: random.Random,
        heartbeat_s: float,
        keep_s: float,
    ) -> None:
        self._gateway = gateway
        self._instance, self._registrations = instance, 0
        self._calls = calls
        self._turns_us = turns_us
        self._came_up = came_up
        self._learned = learned
        self._clock = reactor
        self._heartbeat_s, self._keep_ms = heartbeat_s, milliseconds(keep_s)
        self._heartbeats: LoopingCall | None = None
        self._unanswered = 0
        self.link = RedisLink(address, scripts.KEYS, scripts.ALL, self._link_up, reactor=reactor, rng=rng)

    @property
    def epoch(self) -> str:
        """INSTANCE:NUMBER of the last registration."""
        return f"{self._instance}:{self._registrations}"

    def start(self) -> None:
        """Connect to Redis and send heartbeats."""
        self.link.startService()
        self._heartbeats = repeat(self.renew, self._heartbeat_s, self._clock, self._log)

    async def stop(self) -> None:
        """Leave the fleet and disconnect; without Redis, the counts lapse."""
        self.stop_heartbeats()
        with suppress(BackendUnavailable):
            await self.link.run(scripts.LEAVE, self._gateway, self.epoch)
        await self.link.stopService()

    def stop_heartbeats(self) -> None:
        """Send no more heartbeats."""
        if self._heartbeats is not None and self._heartbeats.running:
            self._heartbeats.stop()

    async def ask(self, script: Script, *arguments: str | int) -> str:
        """Run a script as this gateway; if Redis does not know it, register and try once more.

        Raises:
            BackendUnavailable: Redis cannot be reached, or does not know this process a second time.
        """
        for _ in range(2):
            epoch = self.epoch
            answer = await self._run(script, *arguments)
            if answer != "unknown":
                return answer
            if epoch == self.epoch:
                self.register()
        raise BackendUnavailable(f"Redis does not know {self._gateway}")

    async def count(self, trunk: str, by: int) -> None:
        """Count a call that `calls` has counted; without Redis, the next registration does it."""
        epoch = self.epoch
        with suppress(BackendUnavailable):
            answer = await self._run(scripts.COUNT, trunk, by)
            if answer == "unknown" and epoch == self.epoch:
                self.register()

    async def renew(self) -> None:
        """Send a heartbeat; state the calls if no other request is under way; learn all about the trunks.

        Raises:
            BackendUnavailable: Redis cannot be reached.
        """
        calls = "" if self._unanswered else counts_word(self._calls())
        self._learned(read_trunks(await self.ask(scripts.RENEW, self._keep_ms, calls)))

    async def _run(self, script: Script, *arguments: str | int) -> str:
        self._unanswered += 1
        try:
            return answer_text(await self.link.run(script, self._gateway, self.epoch, *arguments))
        finally:
            self._unanswered -= 1

    # --- Registration -------------------------------------------------------------------------------------------

    def _link_up(self) -> None:
        """Register before anything else is asked through the new connection."""
        self._came_up()
        self.register()
        spawn(self._first_heartbeat(), self._log, "asking Redis about the trunks")

    async def _first_heartbeat(self) -> None:
        with suppress(BackendUnavailable):
            await self.renew()

    def register(self) -> None:
        """Register with all calls; without an answer, the next connection registers again."""
        self._registrations += 1
        spawn(self._register(), self._log, "registering the calls on trunks with Redis")

    async def _register(self) -> None:
        calls, turns = counts_word(self._calls()), counts_word(self._turns_us())
        with suppress(BackendUnavailable):
            await self.link.run(scripts.REGISTER, self._gateway, self.epoch, self._keep_ms, calls, turns)
