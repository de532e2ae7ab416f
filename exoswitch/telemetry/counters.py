"""Adapter: counters in this process's memory."""

from collections import Counter

from attrs import define, field
from zope.interface import implementer

from exoswitch.interfaces.metrics import IMetrics


@implementer(IMetrics)
@define
class MemoryMetrics:
    """Counts by name."""

    counts: Counter[str] = field(factory=Counter)

    def add(self, name: str, amount: int = 1) -> None:
        """Add to a counter."""
        self.counts[name] += amount
