"""Adapter: do work every few seconds, never twice at a time, also after one run has failed."""

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.errors import BackendUnavailable
from exoswitch.tasks.spawn import spawn


def repeat(
    work: Callable[[], Coroutine[Deferred[Any], Any, None]],
    every_s: float,
    clock: IReactorTime,
    log: Logger,
    *,
    now: bool = False,
) -> LoopingCall:
    """Begin to do work every few seconds: `now`, or first after `every_s`; stop the result to end it.

    A run that fails because a server is away is not logged: the link to that server logs it. Other failures are.
    """

    async def once() -> None:
        try:
            await work()
        except (BackendUnavailable, CancelledError):
            return
        except Exception:  # noqa: BLE001 - a fault in one run must not end the others
            log.failure("work that is done every {every_s:g} s failed", every_s=every_s)

    loop = LoopingCall(lambda: Deferred.fromCoroutine(once()))
    loop.clock = clock
    spawn(loop.start(every_s, now=now), log, "work that is done every few seconds")
    return loop
