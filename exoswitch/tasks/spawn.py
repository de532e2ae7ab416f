"""Adapter: start work that nobody waits for, and log its failure."""

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure


def spawn(work: Coroutine[Deferred[Any], Any, Any] | Deferred[Any], log: Logger, what: str, **fields: Any) -> None:
    """Run a coroutine, or let a Deferred run, in the background; a failure is logged as "`what` failed".

    `fields` go into the log event. A cancellation is not logged.
    """
    deferred = work if isinstance(work, Deferred) else Deferred.fromCoroutine(work)

    def report(failure: Failure) -> None:
        if not isinstance(failure.value, CancelledError):
            log.failure("{what} failed", failure=failure, what=what, **fields)

    deferred.addErrback(report)
