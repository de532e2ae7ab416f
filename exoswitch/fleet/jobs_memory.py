"""Adapter: jobs within one process; the specification of every other implementation."""

from collections.abc import Iterator
from itertools import count

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.interfaces import IJobListener, IJobs
from exoswitch.fleet.jobs_under_way import JobsUnderWay
from exoswitch.fleet.leases import Lease
from exoswitch.tasks.deferred import deferred

KEPT_MAX = 10_000


@define(eq=False)
class JobQueues:
    """A queue for each gateway, running or not: its unfinished jobs by number, oldest first."""

    _queues: dict[str, dict[int, Lease]] = field(factory=dict, init=False)
    _readers: dict[str, "MemoryJobs"] = field(factory=dict, init=False)
    _numbers: Iterator[int] = field(factory=count, init=False)

    def queue(self, gateway: str) -> dict[int, Lease]:
        """Give a gateway's queue."""
        return self._queues.setdefault(gateway, {})

    def append(self, lease: Lease) -> None:
        """Append a job to the queue of its gateway; beyond `KEPT_MAX` the oldest job is dropped."""
        queue = self.queue(lease.gateway)
        if len(queue) >= KEPT_MAX:
            del queue[next(iter(queue))]
        queue[next(self._numbers)] = lease
        if lease.gateway in self._readers:
            self._readers[lease.gateway].wake()

    def open(self, gateway: str, reader: "MemoryJobs") -> None:
        """Wake this process of a gateway, and no earlier one, when a job arrives."""
        self._readers[gateway] = reader

    def close(self, gateway: str, reader: "MemoryJobs") -> None:
        """Stop waking this process."""
        if self._readers.get(gateway) is reader:
            del self._readers[gateway]


@implementer(IJobs)
class MemoryJobs(Service):
    """One process of a gateway; it goes through its queue once, oldest job first.

    Gateways that share `queues` live in one process. A gateway without them is single: it can send jobs to itself
    only.
    """

    listener: IJobListener

    def __init__(self, gateway: str, *, clock: IReactorTime, queues: JobQueues | None = None) -> None:
        self._gateway = gateway
        self._clock = clock
        self._is_single = queues is None
        self._queues = queues or JobQueues()
        self._jobs = JobsUnderWay(clock, self._finished, lambda _: self.wake())
        self._next = 0
        self._woken: IDelayedCall | None = None
        self._is_running = False

    def startService(self) -> None:
        """Begin to take jobs."""
        self._is_running = True
        self._queues.open(self._gateway, self)
        self.wake()

    @deferred
    async def stopService(self) -> None:
        """Take no more jobs; wait for those under way."""
        self._is_running = False
        self._queues.close(self._gateway, self)
        if self._woken is not None:
            self._woken.cancel()
            self._woken = None
        await self._jobs.drain()

    @deferred
    async def send(self, lease: Lease) -> None:
        """Send a job; it arrives after this has returned."""
        if self._is_single and lease.gateway != self._gateway:
            raise BackendUnavailable(f"there is no gateway {lease.gateway}: this gateway has no cluster")
        self._queues.append(lease)

    def wake(self) -> None:
        """Read the queue soon."""
        if self._is_running and self._woken is None:
            self._woken = self._clock.callLater(0, self._take)

    def _take(self) -> None:
        self._woken = None
        jobs = self._queues.queue(self._gateway).items()
        waiting = [(number, lease) for number, lease in jobs if number >= self._next]
        for number, lease in waiting[: self._jobs.room]:
            self._next = number + 1
            self._jobs.begin(self.listener, number, lease)

    def _finished(self, number: int) -> None:
        self._queues.queue(self._gateway).pop(number, None)
        self.wake()
