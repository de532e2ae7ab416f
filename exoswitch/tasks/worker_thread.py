"""Adapter: a thread of its own for blocking work, so that no other work can keep it waiting.

The reactor's own pool has ten threads for everybody: ten slow pieces of work there stop all others.
"""

from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")


class WorkerThread(Service):
    """Runs blocking functions in one thread, one after the other; `name` is the thread's.

    The thread starts with the first function, since twistd forks after the services are made.
    """

    def __init__(self, reactor: Any, name: str) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(minthreads=0, maxthreads=1, name=name)
        self._pool.threadFactory = partial(Thread, daemon=True)  # type: ignore[assignment] # Twisted calls it
        self._unfinished = 0
        self._is_stopped = False

    def run(self, work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> Deferred[T]:
        """Run a function in the thread; the Deferred fires in the reactor's thread.

        Raises:
            RuntimeError: the service is stopped.
        """
        if self._is_stopped:
            return fail(RuntimeError(f"the thread {self._pool.name} has stopped"))
        if not self._pool.started:
            self._pool.start()
        self._unfinished += 1
        return deferToThreadPool(self._reactor, self._pool, work, *arguments, **options).addBoth(self._finished)

    def stopService(self) -> None:
        """Stop the thread. One that hangs on a disk is left behind: it is a daemon, and does not hold the process."""
        super().stopService()
        self._is_stopped = True
        if self._pool.started and not self._unfinished:
            self._pool.stop()

    def _finished(self, result: Any) -> Any:
        self._unfinished -= 1
        return result
