"""Core: the vocabulary of places for calls: what a gateway says of itself, what a lease is, how full the fleet is."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from attrs import evolve, frozen

NO_QUOTAS: Mapping[str, int] = MappingProxyType({})


@frozen(kw_only=True)
class Lease:
    """A place for one call on a pair of gateway and Asterisk; releasing it twice is releasing it once.

    It lives for as long as the gateway that holds it gives signs of life, and may then fall to another one, with the
    same token. `token` is unique for ever. Until it is released it counts as one call on each of its `quotas`.
    """

    token: str
    call_sid: str
    gateway: str
    asterisk: str
    quotas: tuple[str, ...] = ()


def token_of_channel(asterisk: str, channel_id: str) -> str:
    """Give the token of the lease for a call that waits at an Asterisk: the same to every gateway; without spaces."""
    return f"{quote(asterisk, safe='')}/{quote(channel_id, safe='')}"


@frozen(kw_only=True)
class AsteriskStatus:
    """What one gateway says of one Asterisk; `healthy` is whether that gateway can reach it."""

    capacity: int
    healthy: bool = False
    draining: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it may get new calls through this gateway."""
        return self.healthy and not self.draining


@frozen(kw_only=True)
class NodeStatus:
    """What a gateway says of itself and its Asterisks: all that others must know to choose a pair of it."""

    capacity: int
    asterisks: Mapping[str, AsteriskStatus]
    draining: bool = False

    @classmethod
    def of(cls, capacity: int, asterisks: Mapping[str, int]) -> "NodeStatus":
        """Make the status of a gateway of this capacity that has yet to find its Asterisks, by name with theirs."""
        return cls(
            capacity=capacity,
            asterisks={name: AsteriskStatus(capacity=places) for name, places in asterisks.items()},
        )

    def with_health(self, asterisk: str, healthy: bool) -> "NodeStatus":
        """Give the status as it is once an Asterisk is found or lost."""
        return self._with(asterisk, evolve(self.asterisks[asterisk], healthy=healthy))

    def with_draining(self, asterisk: str | None, draining: bool) -> "NodeStatus":
        """Give the status as it is once an Asterisk, or without a name the gateway itself, drains or does not."""
        if asterisk is None:
            return evolve(self, draining=draining)
        return self._with(asterisk, evolve(self.asterisks[asterisk], draining=draining))

    def _with(self, asterisk: str, status: AsteriskStatus) -> "NodeStatus":
        return evolve(self, asterisks={**self.asterisks, asterisk: status})


@frozen(kw_only=True)
class GatewayView:
    """How a gateway stands at a moment; `used` counts the places taken on it, whoever took them."""

    status: NodeStatus
    used: int
    alive: bool


@frozen(kw_only=True)
class FleetView:
    """The fleet at a moment: its gateways, every lease there is, and how many are on each Asterisk and each quota."""

    gateways: Mapping[str, GatewayView]
    asterisks: Mapping[str, int]
    quotas: Mapping[str, int]
    leases: tuple[Lease, ...]
