"""Adapter: limits for each minute, counted in Redis, and in this process while Redis is away."""

import random
from typing import Any
from urllib.parse import quote

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.rate_window import WINDOW_S, RateState, RateWindows
from exoswitch.fleet.rates import IRates
from exoswitch.fleet.redis.address import RedisAddress
from exoswitch.fleet.redis.codec import read_ok, read_words, understood
from exoswitch.fleet.redis.link import RedisLink, Script
from exoswitch.tasks.deferred import deferred

KEYS = ("exoswitch:rates:", "exoswitch:unreadable")
TAKE = Script.read("answers.lua", "rates_take.lua")
_WINDOW_US = round(WINDOW_S * 1e6)


@implementer(IRates)
class RedisRates(Service):
    """One gateway of a fleet, with a link of its own.

    It keeps its own counts as well, so that a Redis that goes away does not begin a new minute.
    """

    def __init__(self, *, address: RedisAddress, reactor: Any, rng: random.Random) -> None:
        self._clock = reactor
        self._windows = RateWindows()
        self._link = RedisLink(address, KEYS, (TAKE,), lambda: None, reactor=reactor, rng=rng)

    def startService(self) -> None:
        """Connect to Redis."""
        self._link.startService()

    def stopService(self) -> Deferred[None]:
        """Disconnect."""
        return self._link.stopService()

    @deferred
    async def take(self, name: str, per_minute: int) -> RateState:
        """Count one more."""
        try:
            answer = await self._link.run(TAKE, quote(name, safe=""), per_minute, _WINDOW_US)
            state = _read_state(read_ok(read_words(answer)), per_minute)
        except BackendUnavailable:
            return self._windows.take(name, per_minute, self._clock.seconds())
        if state.is_allowed:
            self._windows.note(name, per_minute, self._clock.seconds())
        return state


@understood
def _read_state(words: list[str], per_minute: int) -> RateState:
    counted, count, reset_us = map(int, words)
    return RateState(is_allowed=counted == 1, remaining=max(0, per_minute - count), reset_s=reset_us / 1e6)
