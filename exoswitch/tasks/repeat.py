"""Adapter: do something again and again, on a clock, never twice at a time, and whatever becomes of one time."""

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
    """Begin to do something every few seconds, at once or only after the first of them; stop the result to end it.

    A time at which what it needs is away is passed over, since whoever lost it has told; other failures are logged.
    """

    async def once() -> None:
        try:
            await work()
        except (BackendUnavailable, CancelledError):
            return
        except Exception:  # noqa: BLE001 - one fault must not be the end of all
            log.failure("what is done every {every_s:g} s failed", every_s=every_s)

    loop = LoopingCall(lambda: Deferred.fromCoroutine(once()))
    loop.clock = clock
    spawn(loop.start(every_s, now=now), log, "what is done every few seconds")
    return loop
