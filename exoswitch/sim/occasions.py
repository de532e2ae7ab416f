"""Adapter: things that happen one after the other, and Deferreds that wait for one of them."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred

T = TypeVar("T")

_REMEMBERED = 1000


def _anything(_occasion: object) -> bool:
    return True


@define
class Occasions(Generic[T]):
    """What has happened and was not asked for yet, the newest thousand of it, and who waits for what will."""

    _unseen: deque[T] = field(init=False, factory=lambda: deque(maxlen=_REMEMBERED))
    _waiting: list[tuple[Callable[[T], bool], Deferred[T]]] = field(init=False, factory=list)

    def __iter__(self) -> Iterator[T]:
        """Give what happened and was not asked for, oldest first."""
        return iter(tuple(self._unseen))

    def happened(self, occasion: T) -> None:
        """Tell the first who waits for such a thing; if nobody does, remember it."""
        for place, (fits, waiting) in enumerate(self._waiting):
            if fits(occasion):
                del self._waiting[place]
                waiting.callback(occasion)
                return
        self._unseen.append(occasion)

    def next(self, fits: Callable[[T], bool] = _anything) -> Deferred[T]:
        """Give the oldest unseen thing that fits, or wait for one; each is given once. Time-outs are the caller's."""
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
