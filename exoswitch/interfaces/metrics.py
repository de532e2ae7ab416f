"""Port: counters."""

from zope.interface import Interface


class IMetrics(Interface):
    """Counters of events; names are ``snake_case`` and end in their unit."""

    def add(name: str, amount: int = 1) -> None:
        """Add to a counter."""
