"""Adapter: places for calls, counted in this process; the specification of every other allocator."""

from collections.abc import Callable, Mapping

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from exoswitch.errors import NoCapacity
from exoswitch.interfaces import INodeAllocator, Lease
from exoswitch.session import Direction


@define
class _Node:
    """One gateway or Asterisk: how many calls it may have, and which leases it has given."""

    capacity: int
    healthy: bool
    tokens: set[str] = field(factory=set)

    @property
    def load(self) -> float:
        """The share of its places that are taken; a node of no capacity is full."""
        return len(self.tokens) / self.capacity if self.capacity else 1.0

    @property
    def has_place(self) -> bool:
        return self.healthy and len(self.tokens) < self.capacity


@implementer(INodeAllocator)
@define
class MemoryNodes:
    """One gateway and its Asterisks; an Asterisk has no place until it is said to be healthy.

    `new_token` makes a lease's token, unique for ever.
    """

    _gateway_name: str
    _gateway: _Node
    _asterisks: dict[str, _Node]
    _new_token: Callable[[], str]

    @classmethod
    def of(
        cls,
        gateway: str,
        capacity: int,
        asterisks: Mapping[str, int],
        new_token: Callable[[], str],
    ) -> "MemoryNodes":
        """Make an allocator for one gateway of this capacity, and Asterisks by name with theirs."""
        nodes = {name: _Node(places, healthy=False) for name, places in asterisks.items()}
        return cls(gateway, _Node(capacity, healthy=True), nodes, new_token)

    def allocate(self, asterisk: str | None, direction: Direction) -> Deferred[Lease]:
        """Take a place on the relatively least loaded Asterisk that is healthy, or on the one named."""
        del direction  # Both draw on the same places here.
        if not self._gateway.has_place:
            return fail(NoCapacity(f"this gateway carries {self._gateway.capacity} calls, and has them"))
        candidates = {
            name: node
            for name, node in self._asterisks.items()
            if node.has_place and (asterisk is None or name == asterisk)
        }
        if not candidates:
            return fail(NoCapacity(f"no place is left on {asterisk or 'any Asterisk that can be reached'}"))
        chosen = min(candidates, key=lambda name: candidates[name].load)
        lease = Lease(token=self._new_token(), gateway=self._gateway_name, asterisk=chosen)
        self._gateway.tokens.add(lease.token)
        candidates[chosen].tokens.add(lease.token)
        return succeed(lease)

    def release(self, lease: Lease) -> Deferred[None]:
        """Give a place back; the second time does nothing."""
        self._gateway.tokens.discard(lease.token)
        self._asterisks[lease.asterisk].tokens.discard(lease.token)
        return succeed(None)

    def set_health(self, asterisk: str, healthy: bool) -> None:
        """Open or close an Asterisk for new calls."""
        self._asterisks[asterisk].healthy = healthy

    def in_use(self) -> int:
        """Count the places taken on this gateway."""
        return len(self._gateway.tokens)
