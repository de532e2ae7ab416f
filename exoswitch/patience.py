"""Adapter: ask what is shared again and again until it answers, or until nobody wants to know any more."""

from collections.abc import Callable
from typing import TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from exoswitch.call_ports import Ports
from exoswitch.errors import BackendUnavailable

T = TypeVar("T")

ASK_AGAIN_S = 0.5


@define(eq=False)
class Patience:
    """Asks for as long as it takes; `stop` cancels whoever waits."""

    _ports: Ports
    _pause: Deferred[None] | None = field(default=None, init=False)

    async def ask(self, question: Callable[[], Deferred[T]]) -> T:
        """Put a question until it is answered."""
        while True:
            try:
                return await self._ports.in_time(question())
            except BackendUnavailable:
                await self.wait()

    async def wait(self) -> None:
        """Let a moment pass."""
        self._pause = deferLater(self._ports.clock, ASK_AGAIN_S)
        await self._pause

    def stop(self) -> None:
        """Ask no more."""
        if self._pause is not None:
            self._pause.cancel()
