"""Adapter: ask what is shared again and again until it answers, for as long as somebody wants to know."""

import math
from collections.abc import Callable
from typing import TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from exoswitch.errors import BackendUnavailable
from exoswitch.gateway.environment import Environment

T = TypeVar("T")

ASK_AGAIN_S = 0.5


@define(eq=False)
class Retry:
    """Asks for as long as it takes, or for `limit_s`; `stop` cancels whoever waits."""

    _environment: Environment
    _limit_s: float = math.inf
    _pauses: set[Deferred[None]] = field(factory=set, init=False)
    _is_stopped: bool = field(default=False, init=False)

    async def ask(self, question: Callable[[], Deferred[T]]) -> T:
        """Put a question until it is answered.

        Raises:
            BackendUnavailable: that is taking too long.
        """
        give_up_at = self._environment.clock.seconds() + self._limit_s
        while True:
            try:
                return await self._environment.in_time(question())
            except BackendUnavailable:
                if self._is_stopped or self._environment.clock.seconds() >= give_up_at:
                    raise
                await self.wait()

    async def wait(self) -> None:
        """Let a moment pass."""
        pause: Deferred[None] = deferLater(self._environment.clock, ASK_AGAIN_S)
        self._pauses.add(pause)
        try:
            await pause
        finally:
            self._pauses.discard(pause)

    def stop(self) -> None:
        """Ask no more."""
        self._is_stopped = True
        for pause in tuple(self._pauses):
            pause.cancel()
