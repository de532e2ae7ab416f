"""Core: which connections the HTTP server accepts, and which it closes to make room.

A connection waits while it is not being answered. If there is no room, the connection that has waited longest makes
room for the new one; it must have waited `SPARED_S`, so that a flood of connections does not turn into a flood of
closes. Connections of one address only ever make room for that address, unless all connections are taken.
"""

from collections import Counter
from collections.abc import Hashable

from attrs import define, field

from exoswitch.web.limits import ConnectionLimits

SPARED_S = 1.0


@define(eq=False)
class Admission:
    """The connections of the server, by address; the longest-waiting one comes first."""

    _limits: ConnectionLimits
    _addresses: dict[Hashable, str] = field(factory=dict, init=False)
    _waiting: dict[Hashable, float] = field(factory=dict, init=False)
    _counts: Counter[str] = field(factory=Counter, init=False)

    def is_full(self, address: str) -> bool:
        """Whether a new connection from an address has no room."""
        return len(self._addresses) >= self._limits.total or self._has_its_share(address)

    def in_the_way(self, address: str, now: float) -> Hashable | None:
        """Give the connection that makes room for a new one from `address`; None if all are spared."""
        has_its_share = self._has_its_share(address)
        for connection, since in self._waiting.items():
            if now - since < SPARED_S:
                return None
            if not has_its_share or self._addresses[connection] == address:
                return connection
        return None

    def add(self, connection: Hashable, address: str, now: float) -> None:
        """Count a new connection, which waits."""
        self._addresses[connection] = address
        self._counts[address] += 1
        self._waiting[connection] = now

    def remove(self, connection: Hashable) -> None:
        """Forget a connection; an unknown one is ignored."""
        address = self._addresses.pop(connection, None)
        self._waiting.pop(connection, None)
        if address is not None:
            self._counts[address] -= 1
            if not self._counts[address]:
                del self._counts[address]

    def answering(self, connection: Hashable) -> None:
        """Spare a connection while its request is answered."""
        self._waiting.pop(connection, None)

    def waiting(self, connection: Hashable, now: float) -> None:
        """Let a connection wait again, as the last one."""
        if connection in self._addresses:
            self._waiting.pop(connection, None)
            self._waiting[connection] = now

    def __len__(self) -> int:
        """Count the connections."""
        return len(self._addresses)

    def _has_its_share(self, address: str) -> bool:
        is_proxy = address in self._limits.trusted_proxies
        return not is_proxy and self._counts[address] >= self._limits.per_address
