"""Core: how many leases are on each gateway, Asterisk and quota."""

from collections import Counter
from collections.abc import Mapping

from attrs import define, field

from exoswitch.errors import QuotaReached
from exoswitch.fleet.leases import NO_QUOTAS, Lease


@define
class Usage:
    """The counts of one registry, and the known use by gateways that are not in it."""

    gateways: Counter[str] = field(factory=Counter, init=False)
    asterisks: Counter[str] = field(factory=Counter, init=False)
    quotas: Counter[str] = field(factory=Counter, init=False)
    _remote_asterisks: dict[str, int] = field(factory=dict, init=False)
    _remote_quotas: Mapping[str, int] = field(default=NO_QUOTAS, init=False)

    def count(self, lease: Lease, by: int) -> None:
        """Add `by` to all counts of a lease."""
        self.gateways[lease.gateway] += by
        self.asterisks[lease.asterisk] += by
        for quota in lease.quotas:
            self.quotas[quota] += by

    def on_asterisk(self, name: str) -> int:
        """Count the taken places on an Asterisk."""
        return self.asterisks[name] + self._remote_asterisks.get(name, 0)

    def check(self, quotas: Mapping[str, int]) -> None:
        """Check that each quota has room for one more call.

        Raises:
            QuotaReached: a quota has reached its limit.
        """
        for name, limit in quotas.items():
            if self.quotas[name] + self._remote_quotas.get(name, 0) >= limit:
                raise QuotaReached(name, limit)

    def set_asterisk_total(self, name: str, total: int) -> None:
        """Note how many places on an Asterisk the whole fleet has taken."""
        self._remote_asterisks[name] = max(0, total - self.asterisks[name])

    def set_quota_totals(self, totals: Mapping[str, int]) -> None:
        """Note how many calls the whole fleet has on each quota."""
        self._remote_quotas = {name: max(0, total - self.quotas[name]) for name, total in totals.items()}
