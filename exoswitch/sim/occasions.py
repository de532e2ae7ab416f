"""Adapter: occasions: events in order, and Deferreds that wait for one of them."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred

T = TypeVar("T")

_REMEMBERED = 1000


@define
class Occasions(Generic[T]):
    """The newest thousand events that nobody has taken, and the Deferreds that wait for the next."""

    _unseen: deque[T] = field(init=False, factory=lambda: deque(maxlen=_REMEMBERED))
    _waiting: list[tuple[Callable[[T], bool], Deferred[T]]] = field(init=False, factory=list)

    def __iter__(self) -> Iterator[T]:
        """Give the events that nobody has taken, oldest first."""
        return iter(tuple(self._unseen))

    def happened(self, occasion: T) -> None:
        """Give an event to the first Deferred that waits for it; keep the event if there is none."""
        for place, (fits, waiting) in enumerate(self._waiting):
            if fits(occasion):
                del self._waiting[place]
                waiting.callback(occasion)
                return
        self._unseen.append(occasion)

    def next(self, fits: Callable[[T], bool] = lambda _: True) -> Deferred[T]:
        """Take the oldest event that fits, or wait for one. The caller sets a time-out."""
        waiting: Deferred[T] = Deferred(self._forget)
        for place, occasion in enumerate(self._unseen):
            if fits(occasion):
                del self._unseen[place]
                waiting.callback(occasion)
                return waiting
        self._waiting.append((fits, waiting))
        return waiting

    def _forget(self, cancelled: Deferred[T]) -> None:
        self._waiting = [(fits, waiting) for fits, waiting in self._waiting if waiting is not cancelled]
