"""Adapter: work that is done once at a time for each name."""

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred, maybeDeferred

T = TypeVar("T")


@define(eq=False)
class _Line:
    """Those who wait for a turn."""

    waiting: deque[Deferred[None]] = field(factory=deque)
    is_busy: bool = False
    is_moving: bool = False

    def move(self) -> None:
        """Begin the next turns, in a loop: of a thousand turns that end at once, none is called within another."""
        if self.is_moving:
            return
        self.is_moving = True
        try:
            while self.waiting and not self.is_busy:
                turn = self.waiting.popleft()
                if not turn.called:  # else who waited for it has given up
                    self.is_busy = True
                    turn.callback(None)
        finally:
            self.is_moving = False

    def end(self, result: Any) -> Any:
        """End the present turn."""
        self.is_busy = False
        self.move()
        return result


@define(eq=False)
class OneAtATime:
    """Lets those who have the same name wait for each other; it keeps a line for each name."""

    _lines: dict[str, _Line] = field(factory=dict, init=False)

    async def run(self, name: str, work: Callable[[], Deferred[T]]) -> T:
        """Wait for a turn, and begin work.

        A cancellation ends the wait, for a turn or for the work. Work that has begun goes on, and keeps its turn.
        """
        line = self._lines.setdefault(name, _Line())
        turn: Deferred[None] = Deferred()
        line.waiting.append(turn)
        line.move()
        await turn
        waiting: Deferred[T] = Deferred()
        maybeDeferred(work).addBoth(line.end).chainDeferred(waiting)
        return await waiting
