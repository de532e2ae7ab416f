"""Adapter: jobs within one process; the specification of every other way to hand calls over."""

from collections.abc import Iterator
from itertools import count

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.interfaces import IJobListener, IJobs
from exoswitch.fleet.jobs_under_way import JobsUnderWay
from exoswitch.fleet.leases import Lease

KEPT_MAX = 10_000


@define(eq=False)
class PostOffice:
    """A box for each gateway, there or not: its jobs by number, oldest first, until they are done with."""

    _boxes: dict[str, dict[int, Lease]] = field(factory=dict, init=False)
    _readers: dict[str, "MemoryJobs"] = field(factory=dict, init=False)
    _numbers: Iterator[int] = field(factory=count, init=False)

    def box(self, gateway: str) -> dict[int, Lease]:
        """Give a gateway's box."""
        return self._boxes.setdefault(gateway, {})

    def post(self, lease: Lease) -> None:
        """Put a job into the box of its gateway; beyond all measure the oldest one falls out."""
        box = self.box(lease.gateway)
        if len(box) >= KEPT_MAX:
            del box[next(iter(box))]
        box[next(self._numbers)] = lease
        if lease.gateway in self._readers:
            self._readers[lease.gateway].wake()

    def open(self, gateway: str, reader: "MemoryJobs") -> None:
        """Tell this process of a gateway of its jobs, and no earlier one."""
        self._readers[gateway] = reader

    def close(self, gateway: str, reader: "MemoryJobs") -> None:
        """Tell it no more."""
        if self._readers.get(gateway) is reader:
            del self._readers[gateway]


@implementer(IJobs)
@define(eq=False)
class MemoryJobs:
    """One process of a gateway, which goes through its box once, from the oldest job on.

    Gateways that share a post office must live in one process. A gateway that is given none is alone: it can hand
    calls over to itself only.
    """

    _gateway: str
    _clock: IReactorTime = field(kw_only=True)
    _office: PostOffice | None = field(default=None, kw_only=True)
    listener: IJobListener = field(init=False)
    _own_office: PostOffice = field(init=False)
    _jobs: JobsUnderWay[int] = field(init=False)
    _next: int = field(default=0, init=False)
    _woken: IDelayedCall | None = field(default=None, init=False)
    _is_running: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        """Have an office in any case."""
        self._own_office = self._office or PostOffice()
        self._jobs = JobsUnderWay(self._clock, self._finished, lambda _: self.wake())

    def start(self) -> None:
        """Take jobs from now on."""
        self._is_running = True
        self._own_office.open(self._gateway, self)
        self.wake()

    def stop(self) -> Deferred[None]:
        """Take no more."""
        self._is_running = False
        self._own_office.close(self._gateway, self)
        if self._woken is not None:
            self._woken.cancel()
            self._woken = None
        return Deferred.fromCoroutine(self._jobs.rest())

    def send(self, lease: Lease) -> Deferred[None]:
        """Hand a call over; it arrives later, never before this has returned."""
        if self._office is None and lease.gateway != self._gateway:
            return fail(BackendUnavailable(f"there is no gateway {lease.gateway}: this one has no cluster"))
        self._own_office.post(lease)
        return succeed(None)

    def wake(self) -> None:
        """There may be something in the box: look soon."""
        if self._is_running and self._woken is None:
            self._woken = self._clock.callLater(0, self._take)

    def _take(self) -> None:
        self._woken = None
        box = self._own_office.box(self._gateway)
        waiting = [(number, lease) for number, lease in box.items() if number >= self._next]
        for number, lease in waiting[: self._jobs.room]:
            self._next = number + 1
            self._jobs.begin(self.listener, number, lease)

    def _finished(self, number: int) -> None:
        self._own_office.box(self._gateway).pop(number, None)
        self.wake()
