"""Adapter: a window: background work of which only a part is under way, so that a burst of it floods nobody."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import define, field
from twisted.logger import Logger

from exoswitch.tasks.spawn import spawn

Work = Callable[[], "Awaitable[None]"]


@define(eq=False)
class Window:
    """Begins work in its order, at most `size` pieces at a time; `what` names them in the log."""

    _size: int
    _log: Logger
    _what: str
    _waiting: deque[Work] = field(factory=deque, init=False)
    _under_way: int = field(default=0, init=False)
    _is_beginning: bool = field(default=False, init=False)

    def __len__(self) -> int:
        """Count the work that has not begun."""
        return len(self._waiting)

    def add(self, work: Work) -> None:
        """Do this work in its turn; what it raises is logged."""
        self._waiting.append(work)
        self._begin()

    def clear(self) -> None:
        """Forget the work that has not begun."""
        self._waiting.clear()

    def _begin(self) -> None:
        if self._is_beginning:
            return
        self._is_beginning = True
        try:
            while self._waiting and self._under_way < self._size:
                self._under_way += 1
                spawn(self._do(self._waiting.popleft()), self._log, self._what)
        finally:
            self._is_beginning = False

    async def _do(self, work: Work) -> Any:
        try:
            await work()
        finally:
            self._under_way -= 1
            self._begin()
