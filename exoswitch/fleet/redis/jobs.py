"""Adapter: jobs through Redis: each gateway of a fleet has a stream, which it looks into ten times a second.

A link that hears nothing for half a second gives its connection up; so nothing waits in Redis for a job to come.
"""

import random
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.interfaces import IJobListener, IJobs
from exoswitch.fleet.jobs_under_way import JobsUnderWay
from exoswitch.fleet.leases import Lease
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.fleet.redis.jobs_entries import Entry, job_fields, read_portion, stream_part
from exoswitch.fleet.redis.jobs_in_hand import JobsInHand
from exoswitch.fleet.redis.link import RedisLink, Script
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.tasks.spawn import spawn

POLL_S = 0.1
PORTION_MAX = 50
STREAM_MAX = 10_000  # roughly; beyond that the oldest jobs are lost
KEPT_S = 24 * 3600  # from the last job on that was sent
KEYS = ("exoswitch:jobs:",)

SEND, TAKE, DONE = SCRIPTS = tuple(
    Script.read("jobs_stream.lua", f"jobs_{name}.lua") for name in ("send", "take", "done")
)


@implementer(IJobs)
class RedisJobs:
    """One process of a gateway; it has a link of its own, and works on when that is found again.

    A job that failed, or of which Redis does not know that it is done with, is offered again to the next process.
    """

    _log = Logger()

    listener: IJobListener

    def __init__(
        self, gateway: str, *, address: RedisAddress, reactor: Any, rng: random.Random, metrics: IMetrics
    ) -> None:
        self._part = stream_part(gateway)
        self._metrics = metrics
        self._link = RedisLink(address, KEYS, SCRIPTS, self, reactor=reactor, rng=rng)
        self._in_hand = JobsInHand()
        self._jobs = JobsUnderWay(reactor, self._finished, self._failed)
        self._is_looking = False
        self._polls = LoopingCall(self._look)
        self._polls.clock = reactor

    def start(self) -> None:
        """Look for Redis, and for jobs in it."""
        self._link.startService()
        spawn(self._polls.start(POLL_S, now=False), self._log, "looking for jobs")

    def stop(self) -> Deferred[None]:
        """Look no more, wait for what is under way, and let go of Redis."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._polls.running:
            self._polls.stop()
        await self._jobs.rest()
        await self._tell_done(self._in_hand.finished)
        await self._link.stopService()

    def send(self, lease: Lease) -> Deferred[None]:
        """Append a job to the stream of its gateway."""
        return Deferred.fromCoroutine(self._send(lease))

    async def _send(self, lease: Lease) -> None:
        await self._link.run(SEND, stream_part(lease.gateway), STREAM_MAX, KEPT_S, *job_fields(lease))
        self._metrics.add("jobs_sent_total")

    # --- Taking -------------------------------------------------------------------------------------------------

    def link_up(self) -> None:
        """Look at once, and first at what Redis takes to be under way."""
        self._in_hand.look_back()
        self._look()

    def link_down(self) -> None:
        """Go on with what is under way."""

    def _look(self) -> None:
        if self._link.is_up and self._polls.running and not self._is_looking:
            self._is_looking = True
            spawn(self._take_all(), self._log, "taking jobs")

    async def _take_all(self) -> None:
        """Take portions until nothing more is found, or enough is under way."""
        try:
            with suppress(BackendUnavailable):  # The link has told, and looks for Redis.
                while self._polls.running and await self._take():
                    pass
        finally:
            self._is_looking = False

    async def _take(self) -> bool:
        """Take a portion; give whether there may be more."""
        await self._tell_done(self._in_hand.finished)
        room = min(PORTION_MAX, self._jobs.room)
        if not room:
            return False
        question = self._in_hand.question
        portion = read_portion(await self._link.run(TAKE, self._part, *question, room))
        if not self._polls.running:
            return False  # What came now stays with Redis, for the next process.
        for entry in self._in_hand.take(portion):
            self._begin(entry)
        return self._in_hand.question != question

    def _begin(self, entry: Entry) -> None:
        if entry.lease is None:
            self._log.warn("entry {key} of our stream {part} is no job: removed", key=entry.id, part=self._part)
            self._metrics.add("jobs_malformed_total")
            self._in_hand.finish(entry.id)
        else:
            self._metrics.add("jobs_taken_total")
            self._jobs.begin(self.listener, entry.id, entry.lease)

    # --- Ending -------------------------------------------------------------------------------------------------

    def _finished(self, key: str) -> None:
        self._in_hand.finish(key)
        spawn(self._tell_done((key,)), self._log, "ending a job")

    def _failed(self, key: str) -> None:
        self._metrics.add("jobs_failed_total")
        self._in_hand.fail(key)

    async def _tell_done(self, keys: Iterable[str]) -> None:
        """Let Redis forget entries; where it cannot be reached, once it is back."""
        keys = tuple(keys)
        if keys:
            with suppress(BackendUnavailable):
                await self._link.run(DONE, self._part, *keys)
                self._in_hand.forget(*keys)
