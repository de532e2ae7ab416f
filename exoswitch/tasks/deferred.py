"""Adapter: an `async def` that gives its caller a Deferred."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred

P = ParamSpec("P")
T = TypeVar("T")


def deferred(work: Callable[P, Coroutine[Deferred[Any], Any, T]]) -> Callable[P, Deferred[T]]:
    """Turn an ``async def`` into a function or method that starts at once and returns a Deferred."""

    @wraps(work)
    def start(*arguments: P.args, **options: P.kwargs) -> Deferred[T]:
        return Deferred.fromCoroutine(work(*arguments, **options))

    return start
