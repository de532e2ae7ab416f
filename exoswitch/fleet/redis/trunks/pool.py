"""Adapter: the trunks of a fleet, counted in Redis, and in this process while Redis is away."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call.feeding import LATE_S
from exoswitch.errors import BackendUnavailable, NoCapacity
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.fleet.redis.codec import read_ok, read_words
from exoswitch.fleet.redis.server_clock import ServerClock
from exoswitch.fleet.redis.trunks import scripts
from exoswitch.fleet.redis.trunks.codec import TrunksView, candidate_words, read_taken, read_turn, report_words
from exoswitch.fleet.redis.trunks.local import LocalTrunks
from exoswitch.fleet.redis.trunks.membership import HEARTBEAT_S, KEEP_S, TrunkMembership
from exoswitch.fleet.timings import DEFAULTS
from exoswitch.fleet.trunks.calls import TrunkCalls
from exoswitch.fleet.trunks.log import log_events
from exoswitch.fleet.trunks.pace import microseconds
from exoswitch.fleet.trunks.pool import LONGEST_WAIT_S, ITrunkPool
from exoswitch.fleet.trunks.registry import NO_TRUNK, Candidate, Taken, candidates_of
from exoswitch.fleet.trunks.status import DialResult, TrunkGrant, TrunkLimits, TrunkStatus
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.spawn import spawn

LEADS_US = (20_000, 100_000, 500_000)
"""A turn whose answer came too late is taken anew, not before this; the last one is as long as an answer may take."""

ENDED = "the call has ended"


@implementer(ITrunkPool)
class RedisTrunks(Service):
    """One gateway of a fleet; `instance` is a token unique to the process."""

    _log = Logger()

    def __init__(
        self,
        gateway: str,
        instance: str,
        *,
        address: RedisAddress,
        reactor: Any,
        rng: random.Random,
        heartbeat_s: float = HEARTBEAT_S,
        keep_s: float = KEEP_S,
    ) -> None:
        self._clock = reactor
        self._server_clock = ServerClock()
        self._limits: Mapping[str, TrunkLimits] = {}
        self._calls = TrunkCalls()
        self._taking: set[str] = set()
        self._local = LocalTrunks(gateway)
        self._membership = TrunkMembership(
            gateway,
            instance,
            calls=self._calls.counts,
            turns_us=lambda: self._local.turns_us(self._now_us),
            came_up=lambda: self._local.came_back(self._now_us + microseconds(DEFAULTS.settle_s)),
            learned=self._learn,
            address=address,
            reactor=reactor,
            rng=rng,
            heartbeat_s=heartbeat_s,
            keep_s=keep_s,
        )

    @property
    def _local_us(self) -> int:
        return microseconds(self._clock.seconds())

    @property
    def _now_us(self) -> int:
        """The time by the clock of Redis."""
        return self._server_clock.now_us(self._local_us)

    @property
    def is_shared(self) -> bool:
        """Whether Redis counts our calls now."""
        return self._membership.link.is_up

    def startService(self) -> None:
        """Connect to Redis and send heartbeats."""
        self._membership.start()

    def stopService(self) -> Deferred[None]:
        """Leave the fleet and disconnect."""
        return Deferred.fromCoroutine(self._membership.stop())

    def set_limits(self, limits: Mapping[str, TrunkLimits]) -> None:
        """Set the limits of all trunks."""
        self._limits = dict(limits)

    # --- A dial -------------------------------------------------------------------------------------------------

    @deferred
    async def take(
        self, token: str, candidates: Sequence[str], *, longest_wait_s: float = LONGEST_WAIT_S
    ) -> TrunkGrant:
        """Take a channel and a turn; without Redis, within this gateway's share."""
        self.release(token)
        self._taking.add(token)
        asked, longest = candidates_of(candidates, self._limits), microseconds(longest_wait_s)
        try:
            taken, turn_us = await self._take(asked, longest)
            is_wanted = token in self._taking
        finally:
            self._taking.discard(token)
        if taken is None:
            raise NoCapacity(NO_TRUNK)
        self._calls.add(token, taken.trunk, taken.dial)
        if not is_wanted:
            self.release(token)
            raise NoCapacity(ENDED)
        wait = turn_us - self._now_us
        try:
            return await self._in_time(token, taken.trunk, wait, is_probe=taken.is_probe)
        except NoCapacity:
            self.release(token)
            raise

    async def _take(self, asked: Sequence[Candidate], longest: int) -> tuple[Taken | None, int]:
        """Give what was taken, and the time of the turn."""
        try:
            shared = self._local.less_unseen(asked, self._now_us)
            answer = await self._membership.ask(scripts.TAKE, longest, *candidate_words(shared))
            read = read_taken(read_words(answer), asked)
        except BackendUnavailable:
            taken = self._local.take(asked, longest, self._now_us)
            return taken, self._now_us + (taken.wait_us if taken else 0)
        if read is None:
            return None, 0
        taken, now_us = read
        self._server_clock.heard(now_us, self._local_us)
        self._local.count(taken.trunk, 1, now_us)
        self._note_turn(taken.trunk, taken.wait_us, now_us)
        return taken, now_us + taken.wait_us

    async def _in_time(self, token: str, trunk: str, wait: int, *, is_probe: bool = False) -> TrunkGrant:
        """Give a turn, or another one if its answer came too late."""
        for lead in LEADS_US:
            if wait >= -microseconds(LATE_S):
                return TrunkGrant(trunk=trunk, wait_s=max(0, wait) / 1e6, is_probe=is_probe)
            wait = await self._another_turn(token, trunk, lead)
        if wait < -microseconds(LATE_S):
            raise NoCapacity(NO_TRUNK)
        return TrunkGrant(trunk=trunk, wait_s=max(0, wait) / 1e6, is_probe=is_probe)

    @deferred
    async def missed(self, token: str) -> TrunkGrant:
        """Take another turn."""
        call = self._calls.get(token)
        if call is None:
            raise NoCapacity(NO_TRUNK)
        wait = await self._another_turn(token, call.trunk, 0)
        return await self._in_time(token, call.trunk, wait)

    async def _another_turn(self, token: str, trunk: str, lead: int) -> int:
        """Give the time until another turn; it may be over.

        Raises:
            NoCapacity: there is none in time, or the call has ended.
        """
        asked, longest = candidates_of([trunk], self._limits), microseconds(LONGEST_WAIT_S)
        if not asked:
            raise NoCapacity(NO_TRUNK)
        spacing = asked[0].spacing_us
        try:
            answer = await self._membership.link.run(scripts.TURN, trunk, spacing, longest, lead)
            read = read_turn(read_words(answer))
        except BackendUnavailable:
            wait = self._local.turn(asked[0], longest, self._now_us)
            read = None if wait is None else (wait, self._now_us)
        else:
            if read is not None:
                self._server_clock.heard(read[1], self._local_us)
                self._note_turn(trunk, *read)
        if read is None or token not in self._calls:
            raise NoCapacity(NO_TRUNK if read is None else ENDED)
        return sum(read) - self._now_us

    def _note_turn(self, trunk: str, wait_us: int, now_us: int) -> None:
        for one in candidates_of([trunk], self._limits):
            self._local.note_turn(trunk, wait_us, one.spacing_us, now_us)

    # --- Calls --------------------------------------------------------------------------------------------------

    def hold(self, token: str, trunk: str) -> None:
        """Count a call that is there already."""
        self.release(token)
        self._calls.add(token, trunk)
        self._count(trunk, 1)

    def release(self, token: str) -> None:
        """Give a channel back: locally at once, in Redis when it can be reached."""
        self._taking.discard(token)
        trunk = self._calls.remove(token)
        if trunk is not None:
            self._count(trunk, -1)

    def _count(self, trunk: str, by: int) -> None:
        self._local.count(trunk, by, self._now_us)
        spawn(self._membership.count(trunk, by), self._log, "counting a call on a trunk", trunk=trunk)

    def report(self, trunk: str, result: DialResult, *, token: str = "") -> None:
        """Take the result of an attempt."""
        dial = self._calls.dial_of(token)
        spawn(self._report(trunk, result, dial), self._log, "reporting a call on a trunk", trunk=trunk)

    async def _report(self, trunk: str, result: DialResult, dial: int) -> None:
        words = report_words(result, dial)
        try:
            events = read_ok(read_words(await self._membership.link.run(scripts.REPORT, trunk, *words)))
        except BackendUnavailable:
            events = list(self._local.report(trunk, result, dial, self._now_us))
        log_events(trunk, events, result.sip_status)

    # --- The fleet ----------------------------------------------------------------------------------------------

    @deferred
    async def renew(self) -> None:
        """Send a heartbeat; learn all about the trunks."""
        await self._membership.renew()

    def _learn(self, view: TrunksView) -> None:
        self._server_clock.heard(view.now_us, self._local_us)
        self._local.learn(view, self._calls.counts())

    def statuses(self) -> Mapping[str, TrunkStatus]:
        """Show every trunk that has limits, as Redis told it last."""
        return self._local.statuses(self._limits, self._now_us)

    @deferred
    async def view(self) -> Mapping[str, TrunkStatus]:
        """Ask Redis, and show every trunk that has limits."""
        await self._membership.renew()
        return self.statuses()
