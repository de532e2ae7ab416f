"""Adapter: what is counted and measured of a call."""

from exoswitch.call.endings import ended_by
from exoswitch.call.session import Session
from exoswitch.interfaces.metrics import IMetrics


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
