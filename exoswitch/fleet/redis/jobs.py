"""Adapter: jobs through Redis: each gateway of a fleet has a stream, which it polls ten times a second.

A blocking read is not possible: the link gives up a connection that has not answered within half a second.
"""

import random
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.interfaces import IJobListener, IJobs
from exoswitch.fleet.jobs_under_way import JobsUnderWay
from exoswitch.fleet.leases import Lease
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.fleet.redis.jobs_entries import Entry, job_fields, read_portion, stream_part
from exoswitch.fleet.redis.jobs_progress import StreamProgress
from exoswitch.fleet.redis.link import RedisLink, Script
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.spawn import spawn

POLL_S = 0.1
PORTION_MAX = 50
STREAM_MAX = 10_000  # roughly; beyond that the oldest jobs are lost
KEPT_S = 24 * 3600  # after the last job of a stream
KEYS = ("exoswitch:jobs:",)

SEND, TAKE, DONE = SCRIPTS = tuple(
    Script.read("jobs_stream.lua", f"jobs_{name}.lua") for name in ("send", "take", "done")
)


@implementer(IJobs)
class RedisJobs(Service):
    """One process of a gateway, with a link of its own.

    A job that failed, or that Redis does not know to be finished, is offered again to the next process.
    """

    _log = Logger()

    listener: IJobListener
    _polls: LoopingCall

    def __init__(
        self, gateway: str, *, address: RedisAddress, reactor: Any, rng: random.Random, metrics: IMetrics
    ) -> None:
        self._part = stream_part(gateway)
        self._clock = reactor
        self._metrics = metrics
        self._progress = StreamProgress()
        # A Redis that was away may have lost what it was told last.
        self._link = RedisLink(address, KEYS, SCRIPTS, self._progress.reread_pending, reactor=reactor, rng=rng)
        self._jobs = JobsUnderWay(reactor, self._finished, self._failed)

    def startService(self) -> None:
        """Connect to Redis and poll the stream."""
        self._link.startService()
        self._polls = repeat(self._take_all, POLL_S, self._clock, self._log)

    @deferred
    async def stopService(self) -> None:
        """Stop polling, wait for the jobs under way, and disconnect."""
        if self._polls.running:
            self._polls.stop()
        await self._jobs.drain()
        await self._tell_done(self._progress.finished)
        await self._link.stopService()

    @deferred
    async def send(self, lease: Lease) -> None:
        """Append a job to the stream of its gateway."""
        await self._link.run(SEND, stream_part(lease.gateway), STREAM_MAX, KEPT_S, *job_fields(lease))
        self._metrics.add("jobs_sent_total")

    # --- Taking -------------------------------------------------------------------------------------------------

    async def _take_all(self) -> None:
        """Take portions until the stream has no more, or enough jobs are under way."""
        while self._link.is_up and self._polls.running and await self._take():
            pass

    async def _take(self) -> bool:
        """Take a portion; return whether there may be more."""
        await self._tell_done(self._progress.finished)
        room = min(PORTION_MAX, self._jobs.room)
        if not room:
            return False
        next_read = self._progress.next_read
        portion = read_portion(await self._link.run(TAKE, self._part, *next_read, room))
        if not self._polls.running:
            return False  # these entries stay pending in Redis, for the next process
        for entry in self._progress.take(portion):
            self._begin(entry)
        return self._progress.next_read != next_read

    def _begin(self, entry: Entry) -> None:
        if entry.lease is None:
            self._log.warn(
                "entry {key} of our stream {part} is not a job; it is removed", key=entry.id, part=self._part
            )
            self._metrics.add("jobs_malformed_total")
            self._progress.finish(entry.id)
        else:
            self._metrics.add("jobs_taken_total")
            self._jobs.begin(self.listener, entry.id, entry.lease)

    # --- Ending -------------------------------------------------------------------------------------------------

    def _finished(self, key: str) -> None:
        self._progress.finish(key)
        spawn(self._tell_done((key,)), self._log, "removing a finished job from Redis")

    def _failed(self, key: str) -> None:
        self._metrics.add("jobs_failed_total")
        self._progress.fail(key)

    async def _tell_done(self, keys: Iterable[str]) -> None:
        """Remove finished entries from Redis; without Redis, the next `_take` does it."""
        keys = tuple(keys)
        if keys:
            with suppress(BackendUnavailable):
                await self._link.run(DONE, self._part, *keys)
                self._progress.forget(*keys)
