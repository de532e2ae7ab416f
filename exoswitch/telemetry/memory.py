"""Adapter: metrics in this process's memory, for tests and programs without monitoring."""

from collections import Counter, deque
from collections.abc import Callable, Iterable

from attrs import define, field
from zope.interface import implementer

from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.telemetry.catalogue import kept, read
from exoswitch.telemetry.metric import Kind

_REMEMBERED = 1000


@implementer(IMetrics)
@define
class MemoryMetrics:
    """Counts and the newest observed values, by series: ``rtp_packets_total{dir="in"}``."""

    counts: Counter[str] = field(factory=Counter)
    observed: dict[str, deque[float]] = field(factory=dict)
    _sources: list[Callable[[], Iterable[Reading]]] = field(factory=list)

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        found = kept(name, Kind.COUNTER)
        self.counts[found.series(found.values(labels))] += amount  # type: ignore[assignment] # a Counter may hold fractions

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add one value to a histogram."""
        found = kept(name, Kind.HISTOGRAM)
        series = found.series(found.values(labels))
        self.observed.setdefault(series, deque(maxlen=_REMEMBERED)).append(value)

    def read_from(self, source: Callable[[], Iterable[Reading]]) -> None:
        """Ask this for gauges and counters when they are read."""
        self._sources.append(source)

    def read(self) -> Counter[str]:
        """Give what the sources say now, by series."""
        found: Counter[str] = Counter()
        for source in self._sources:
            for name, value, labels in source():
                row = read(name)
                found[row.series(row.values(labels))] += value  # type: ignore[assignment] # as above
        return found

    def count(self, name: str, **labels: str) -> float:
        """Give a counter, added up over the series that have these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            value
            for series, value in (self.counts + self.read()).items()
            if series.partition("{")[0] == name and all(pair in series for pair in wanted)
        )
