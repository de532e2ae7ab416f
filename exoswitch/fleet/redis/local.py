"""Core: the leases that this gateway holds: they decide while Redis is away, and are compared with Redis."""

import math

from attrs import define, field

from exoswitch.fleet.leases import Lease, NodeStatus, PlaceRequest
from exoswitch.fleet.registry import Registry
from exoswitch.fleet.usage import Usage

NOW = 0.0  # nothing expires in the local registry


@define
class LocalRegistry:
    """A registry of one gateway, with all leases that it holds, and the last known use of shared nodes and quotas."""

    gateway: str
    status: NodeStatus
    _registry: Registry = field(factory=lambda: Registry(silent_s=math.inf, keep_s=math.inf), init=False)
    _only_here: frozenset[str] = field(default=frozenset(), init=False)
    _only_there: frozenset[str] = field(default=frozenset(), init=False)
    _compared_epoch: str = field(default="", init=False)

    def __attrs_post_init__(self) -> None:
        """Register the gateway."""
        self._registry.register(self.gateway, self.status, (), NOW)

    @property
    def leases(self) -> tuple[Lease, ...]:
        """The leases that this gateway holds."""
        return self._registry.held_by(self.gateway)

    @property
    def usage(self) -> Usage:
        """The counts of this registry, and the last known totals of the fleet."""
        return self._registry.usage

    def set_status(self, status: NodeStatus) -> None:
        """Note the status of this gateway."""
        self.status = status
        self._registry.renew(self.gateway, status, NOW)

    def allocate(self, request: PlaceRequest) -> Lease:
        """Take a place on one of this gateway's pairs.

        Raises:
            NoCapacity: no pair has a place, or a quota has reached its limit.
        """
        return self._registry.allocate(self.gateway, request, NOW)

    def refusal(self, asterisk: str | None) -> str:
        """Say why this gateway has no place for a call."""
        return self._registry.refusal(self.gateway, asterisk)

    def enter(self, lease: Lease) -> Lease:
        """Add a lease; it replaces one with the same token, which may have been a place on another gateway."""
        self.release(lease.token)
        self._registry.enter(self.gateway, lease)
        return lease

    def release(self, *tokens: str) -> None:
        """Remove leases; unknown tokens are ignored."""
        for token in tokens:
            self._registry.release(self.gateway, token)

    def lasting_differences(self, there: frozenset[str], epoch: str) -> tuple[frozenset[str], frozenset[str]]:
        """Compare with the tokens that Redis has for this gateway, registered under this epoch.

        Returns the tokens that only this registry has, and those that only Redis has, at this comparison and at the
        last one under the same epoch: no request under way explains these.
        """
        here = frozenset(lease.token for lease in self.leases)
        only_here, only_there = here - there, there - here
        lasting = only_here & self._only_here, only_there & self._only_there
        is_same_epoch = epoch == self._compared_epoch
        self._only_here, self._only_there, self._compared_epoch = only_here, only_there, epoch
        return lasting if is_same_epoch else (frozenset(), frozenset())
