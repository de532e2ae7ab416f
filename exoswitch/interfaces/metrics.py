"""Port: what a gateway counts and measures, for the operator's monitoring.

Every name and every label is a row of `exoswitch.telemetry.catalogue`; a name without a row raises LookupError. A
value that its label's row does not list counts as `other`.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from zope.interface import Interface

NO_LABELS: Mapping[str, str] = MappingProxyType({})


class Reading(NamedTuple):
    """A gauge, or a counter that its owner keeps, as it is now."""

    name: str
    value: float
    labels: Mapping[str, str] = NO_LABELS


class IMetrics(Interface):
    """Counters, histograms and gauges; a call costs about 1 µs, so code that runs for each packet keeps integers."""

    def add(name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""

    def observe(name: str, value: float, **labels: str) -> None:
        """Add one value to a histogram."""

    def read_from(source: Callable[[], Iterable[Reading]]) -> None:
        """Ask this for gauges and counters at each scrape.

        It must not block: the audio of all calls waits for it. Readings of one series are added up.
        """
