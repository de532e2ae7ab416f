"""Core: one metric: its name, kind, help, labels and buckets."""

from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import product

from attrs import field, frozen

OTHER = "other"
"""The value of a label that is not listed."""


class Kind(Enum):
    """The kinds of metric, in Prometheus' words."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@frozen
class Label:
    """A label and its values; without values, it holds a name of the configuration file, or is empty."""

    name: str
    values: tuple[str, ...] = ()

    def admit(self, value: str) -> str:
        """Give a value that the label may have."""
        return value if not self.values or value in self.values else OTHER


@frozen(kw_only=True)
class Metric:
    """One row of the catalogue; `name` is without the prefix ``exoswitch_``.

    `is_read` says that its owner keeps the number, and that it is read at each scrape. `buckets` are the upper bounds
    of a histogram.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()
    is_read: bool = False
    label_names: tuple[str, ...] = field(init=False)

    @label_names.default
    def _names_of_labels(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def values(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Give the values of its labels, in their order.

        Raises:
            LookupError: a label is missing, or is not one of this metric's.
        """
        if len(labels) != len(self.labels) or any(name not in labels for name in self.label_names):
            raise LookupError(f"metric {self.name} has the labels {self.label_names}, not {tuple(labels)}")
        return tuple(label.admit(labels[label.name]) for label in self.labels)

    def unnamed(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """Replace the names of the configuration file in these values."""
        return tuple(value if label.values else OTHER for label, value in zip(self.labels, values, strict=True))

    def all_values(self) -> Iterator[tuple[str, ...]]:
        """Give the values of all its series, if they can be listed: those show as 0 before anything happens."""
        if all(label.values for label in self.labels):
            yield from product(*(label.values for label in self.labels))

    def series(self, values: tuple[str, ...]) -> str:
        """Write one of its series as Prometheus does: ``rtp_packets_total{dir="in"}``."""
        pairs = sorted(f'{name}="{value}"' for name, value in zip(self.label_names, values, strict=True))
        return self.name + (f"{{{','.join(pairs)}}}" if pairs else "")
