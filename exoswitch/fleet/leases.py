"""Core: leases of places for calls, the status of gateways and Asterisks, and the view of a fleet."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from attrs import evolve, frozen

NO_QUOTAS: Mapping[str, int] = MappingProxyType({})


@frozen(kw_only=True)
class Lease:
    """A place for one call on a pair of gateway and Asterisk.

    It is valid while the gateway that holds it sends heartbeats; then another gateway may adopt it, with the same
    token. A `token` is never used again. A lease counts as one call on each of its `quotas` until it is released.
    """

    token: str
    call_sid: str
    gateway: str
    asterisk: str
    quotas: tuple[str, ...] = ()


@frozen(kw_only=True)
class PlaceRequest:
    """A request for a place for a call, on this Asterisk if it is named; `quotas` are names with their limits."""

    token: str
    call_sid: str
    asterisk: str | None
    quotas: Mapping[str, int]

    def lease(self, gateway: str, asterisk: str) -> Lease:
        """Give the lease of a place that was found."""
        return Lease(
            token=self.token, call_sid=self.call_sid, gateway=gateway, asterisk=asterisk, quotas=tuple(self.quotas)
        )


def token_of_channel(asterisk: str, channel_id: str) -> str:
    """Give the token of the lease for a call that waits at an Asterisk: the same at every gateway, without spaces."""
    return f"{quote(asterisk, safe='')}/{quote(channel_id, safe='')}"


@frozen(kw_only=True)
class AsteriskStatus:
    """The status of one Asterisk as seen by one gateway; `healthy`: that gateway can reach it."""

    capacity: int
    healthy: bool = False
    draining: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it gets new calls through this gateway."""
        return self.healthy and not self.draining


@frozen(kw_only=True)
class NodeStatus:
    """The status of a gateway and its Asterisks: all that others need to choose one of its pairs."""

    capacity: int
    asterisks: Mapping[str, AsteriskStatus]
    draining: bool = False

    @classmethod
    def of(cls, capacity: int, asterisks: Mapping[str, int]) -> "NodeStatus":
        """Make the first status of a gateway; `asterisks` are names with capacities, all unhealthy still."""
        return cls(
            capacity=capacity,
            asterisks={name: AsteriskStatus(capacity=places) for name, places in asterisks.items()},
        )

    def with_health(self, asterisk: str, healthy: bool) -> "NodeStatus":
        """Give the status with an Asterisk found or lost."""
        return self._with(asterisk, evolve(self.asterisks[asterisk], healthy=healthy))

    def with_draining(self, asterisk: str | None, draining: bool) -> "NodeStatus":
        """Give the status with an Asterisk, or with None the gateway itself, draining or not."""
        if asterisk is None:
            return evolve(self, draining=draining)
        return self._with(asterisk, evolve(self.asterisks[asterisk], draining=draining))

    def _with(self, asterisk: str, status: AsteriskStatus) -> "NodeStatus":
        return evolve(self, asterisks={**self.asterisks, asterisk: status})


@frozen(kw_only=True)
class GatewayView:
    """A gateway at one moment; `used` counts the places taken on it by any gateway."""

    status: NodeStatus
    used: int
    alive: bool


@frozen(kw_only=True)
class FleetView:
    """The fleet at one moment: its gateways, all leases, and the number of leases on each Asterisk and quota."""

    gateways: Mapping[str, GatewayView]
    asterisks: Mapping[str, int]
    quotas: Mapping[str, int]
    leases: tuple[Lease, ...]
