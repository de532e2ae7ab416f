"""Adapter: limits for each minute within one process; the specification of every other implementation."""

from collections.abc import Callable

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from exoswitch.fleet.rate_window import RateState, RateWindows
from exoswitch.fleet.rates import IRates


@implementer(IRates)
@define(eq=False)
class MemoryRates(Service):
    """The counts of a single gateway; `seconds` gives the time of a monotonic clock."""

    _seconds: Callable[[], float]
    _windows: RateWindows = field(factory=RateWindows)

    def take(self, name: str, per_minute: int) -> Deferred[RateState]:
        """Count one more."""
        return succeed(self._windows.take(name, per_minute, self._seconds()))
