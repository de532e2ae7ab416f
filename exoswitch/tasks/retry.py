"""Adapter: ask a server again and again until it answers."""

import math
from collections.abc import Callable
from typing import TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from exoswitch.errors import BackendUnavailable
from exoswitch.tasks.within import within

T = TypeVar("T")

PAUSE_S = 0.5


@define(eq=False)
class Retry:
    """Asks until there is an answer, for `limit_s` at most; `stop` ends every wait.

    One attempt may take `answer_s`.
    """

    _clock: IReactorTime
    _answer_s: float
    _limit_s: float = math.inf
    _pauses: set[Deferred[None]] = field(factory=set, init=False)
    _is_stopped: bool = field(default=False, init=False)

    async def ask(self, question: Callable[[], Deferred[T]], what: str) -> T:
        """Ask a question until it is answered; `what` names the server that is asked.

        Raises:
            BackendUnavailable: the server did not answer within `limit_s`, or not before `stop`.
            CancelledError: `stop` was called during a pause.
        """
        give_up_at = self._clock.seconds() + self._limit_s
        while True:
            try:
                return await within(self._answer_s, self._clock, question(), what)
            except BackendUnavailable:
                if self._is_stopped or self._clock.seconds() >= give_up_at:
                    raise
                await self.pause()

    async def pause(self) -> None:
        """Wait for the time between two attempts."""
        pause: Deferred[None] = deferLater(self._clock, PAUSE_S)
        self._pauses.add(pause)
        try:
            await pause
        finally:
            self._pauses.discard(pause)

    def stop(self) -> None:
        """Ask no further question, and cancel every pause."""
        self._is_stopped = True
        for pause in tuple(self._pauses):
            pause.cancel()
