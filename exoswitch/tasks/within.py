"""Adapter: wait for an answer, but not longer than some seconds."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from exoswitch.errors import BackendUnavailable

T = TypeVar("T")


def within(
    seconds: float,
    clock: IReactorTime,
    work: Deferred[T] | Coroutine[Deferred[Any], Any, T],
    server: str,
    question: str = "",
) -> Deferred[T]:
    """Cancel `work` that takes longer than this; `server` and `question` name what should have been answered.

    Raises:
        BackendUnavailable: ``SERVER did not answer QUESTION within SECONDS s``.
    """
    answer = work if isinstance(work, Deferred) else Deferred.fromCoroutine(work)

    def too_late(result: T | Failure, _: float) -> T | Failure:
        if isinstance(result, Failure) and isinstance(result.value, CancelledError):
            raise BackendUnavailable(" ".join(f"{server} did not answer {question} within {seconds:g} s".split()))
        return result

    return answer.addTimeout(seconds, clock, too_late)
