"""Adapter: the jobs that a listener carries out: started in order, limited in number, awaited at the stop."""

from collections.abc import Callable
from typing import Generic, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from exoswitch.fleet.interfaces import IJobListener
from exoswitch.fleet.leases import Lease
from exoswitch.tasks.spawn import spawn

JOBS_MAX = 100  # a job takes some ms: it reads and claims a session, and sends Originate
STOP_WAIT_S = 3.0

Key = TypeVar("Key", str, int)


@define(eq=False)
class JobsUnderWay(Generic[Key]):
    """Gives jobs to a listener; calls `finished` or `failed` with the key of a job that has ended."""

    _log = Logger()

    _clock: IReactorTime
    _finished: Callable[[Key], None]
    _failed: Callable[[Key], None]
    _keys: set[Key] = field(factory=set, init=False)
    _drained: Deferred[None] | None = field(default=None, init=False)

    @property
    def room(self) -> int:
        """The number of jobs that may begin now."""
        return JOBS_MAX - len(self._keys)

    def begin(self, listener: IJobListener, key: Key, lease: Lease) -> None:
        """Start a job."""
        self._keys.add(key)
        job: Deferred[None] = maybeDeferred(listener.job_arrived, lease)

        def failed(failure: Failure) -> None:
            self._log.failure(
                "the job of call {call_sid} failed; the next process of this gateway will try it again",
                failure=failure,
                call_sid=lease.call_sid,
            )
            self._end(key, self._failed)

        job.addCallbacks(lambda _: self._end(key, self._finished), failed)
        spawn(job, self._log, "ending a job", call_sid=lease.call_sid)

    async def drain(self) -> None:
        """Wait until no job is under way, at most `STOP_WAIT_S`; no job may begin meanwhile."""
        if not self._keys:
            return
        self._drained = Deferred()
        try:
            await self._drained.addTimeout(STOP_WAIT_S, self._clock)
        except DeferredTimeout:
            self._drained = None
            self._log.warn("{count} jobs are still under way, and are not waited for", count=len(self._keys))

    def _end(self, key: Key, report: Callable[[Key], None]) -> None:
        self._keys.discard(key)
        report(key)
        if self._drained is not None and not self._keys:
            drained, self._drained = self._drained, None
            drained.callback(None)
