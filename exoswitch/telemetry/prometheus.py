"""Adapter: metrics as Prometheus scrapes them; the home of prometheus_client.

prometheus_client.twisted is not used: its import installs the default reactor.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from attrs import define, field, frozen
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.telemetry.catalogue import METRICS, kept, read
from exoswitch.telemetry.metric import Kind, Metric

CONTENT_TYPE = CONTENT_TYPE_LATEST
_PREFIX = "exoswitch_"

disable_created_metrics()  # else each counter has a second line, with the time at which it began

SERIES_MAX = {Kind.COUNTER: 500, Kind.HISTOGRAM: 100}
"""Series of one metric; of more, the names of the configuration file count as `other`. A histogram has some 15 lines
for each."""

LINES_MAX = 200
"""Lines of one part of the page: 2 ms on a slow core."""

_Source = Callable[[], Iterable[Reading]]


class _Child(Protocol):
    """One series of prometheus_client."""

    def inc(self, amount: float = 1) -> None: ...

    def observe(self, amount: float) -> None: ...


@implementer(IMetrics)
class PrometheusMetrics:
    """All metrics of the catalogue, and those of the process; counters begin at 0."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._kept = {row.name: _Kept(row, self._registry) for row in METRICS.values() if not row.is_read}
        self._read = _Read()
        self._registry.register(self._read)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        self._find(name, Kind.COUNTER).child(labels).inc(amount)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add one value to a histogram."""
        self._find(name, Kind.HISTOGRAM).child(labels).observe(value)

    def read_from(self, source: _Source) -> None:
        """Ask this for gauges and counters at each scrape."""
        self._read.sources.append(source)

    def parts(self) -> Iterator[bytes]:
        """Write everything in the text format of Prometheus, part by part; each takes a few milliseconds."""
        for family in self._registry.collect():
            for start in range(0, max(1, len(family.samples)), LINES_MAX):
                piece = Family(family.name, family.documentation, family.type)
                piece.samples = family.samples[start : start + LINES_MAX]
                text = generate_latest(_Collected(piece))
                yield text if start == 0 else text.split(b"\n", 2)[2]  # without a second HELP and TYPE

    def _find(self, name: str, kind: Kind) -> "_Kept":
        found = self._kept.get(name)
        if found is None or found.row.kind is not kind:
            return self._kept[kept(name, kind).name]  # it raises
        return found


class _Kept:
    """A metric whose numbers prometheus_client keeps, with its series at hand: finding one there takes longer."""

    def __init__(self, row: Metric, registry: CollectorRegistry) -> None:
        self.row = row
        name = _PREFIX + row.name
        self._metric: Counter | Histogram
        if row.kind is Kind.COUNTER:
            self._metric = Counter(name, row.help, row.label_names, registry=registry)
        else:
            self._metric = Histogram(name, row.help, row.label_names, registry=registry, buckets=row.buckets)
        self._children: dict[tuple[str, ...], _Child] = {}
        for values in row.all_values():
            self._children[values] = self._make(values)

    def child(self, labels: dict[str, str]) -> _Child:
        """Give the series with these labels."""
        values = self.row.values(labels) if labels or self.row.labels else ()
        child = self._children.get(values)
        if child is None:
            if len(self._children) >= SERIES_MAX[self.row.kind]:
                values = self.row.unnamed(values)
            child = self._children.get(values) or self._children.setdefault(values, self._make(values))
        return child

    def _make(self, values: tuple[str, ...]) -> _Child:
        return self._metric.labels(*values) if values else self._metric  # type: ignore[return-value] # both kinds are one


@frozen
class _Collected(Collector):
    """One family."""

    family: Family

    def collect(self) -> Iterator[Family]:
        """Give it."""
        yield self.family


@define(eq=False)
class _Read(Collector):
    """Collects at each scrape what the owners of gauges and counters say."""

    sources: list[_Source] = field(factory=list)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.metrics"), init=False)

    def collect(self) -> Iterator[Family]:
        """Give the families, each with the sums of its readings; a source that fails is left out."""
        sums: dict[str, dict[tuple[str, ...], float]] = {row.name: {} for row in METRICS.values() if row.is_read}
        for source in self.sources:
            try:
                for name, value, labels in source():
                    values = read(name).values(labels)
                    sums[name][values] = sums[name].get(values, 0) + value
            except Exception:  # noqa: BLE001 - the other metrics are to be seen
                self._log.failure("metrics cannot be read")
        for name, series in sums.items():
            if series:
                yield _family(METRICS[name], series)


def _family(row: Metric, series: dict[tuple[str, ...], float]) -> Family:
    make = GaugeMetricFamily if row.kind is Kind.GAUGE else CounterMetricFamily
    family = make(_PREFIX + row.name, row.help, labels=row.label_names)
    for values, value in series.items():
        family.add_metric(values, value)
    return family
