"""Adapter: what is counted and measured of a call."""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from exoswitch.call.endings import ended_by
from exoswitch.call.session import Session
from exoswitch.errors import BackendUnavailable, NoCapacity, QuotaReached, TrunkError, TrunksFull
from exoswitch.fleet.leases import Lease
from exoswitch.interfaces.metrics import IMetrics

REFUSALS = (NoCapacity, TrunkError, BackendUnavailable)
"""The errors with which a call is refused."""

_REASONS = (
    (QuotaReached, "quota"),
    (TrunksFull, "no_trunk"),
    (NoCapacity, "capacity"),
    (TrunkError, "no_trunk"),
    (BackendUnavailable, "unavailable"),
)


def count_ended(metrics: IMetrics, session: Session) -> None:
    """Count a call that has ended."""
    ending = session.ending
    if ending is None:
        return
    metrics.add(
        "calls_total",
        direction=session.direction.side,
        trunk=session.trunk or "",
        status=ending.status.value,
        ended_by=ended_by(ending),
    )
    if ending.cause is not None:
        metrics.add("hangup_cause_total", trunk=session.trunk or "", cause=str(ending.cause))


async def allocation(metrics: IMetrics, clock: IReactorTime, asked: Deferred[Lease]) -> Lease:
    """Wait for a place for a new call; time the answer, and count it."""
    asked_at, result = clock.seconds(), "unavailable"
    try:
        lease = await asked
        result = "taken"
    except NoCapacity:
        result = "full"
        raise
    finally:
        metrics.add("allocations_total", result=result)
        metrics.observe("allocation_seconds", clock.seconds() - asked_at)
    return lease


def count_refused(metrics: IMetrics, problem: Exception, *, is_stopping: bool = False) -> None:
    """Count a call that was refused before it began."""
    reasons = (reason for kind, reason in _REASONS if isinstance(problem, kind))
    metrics.add("refused_total", reason="draining" if is_stopping else next(reasons))
