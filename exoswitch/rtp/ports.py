"""Core: the UDP ports of this node's calls; a port is in quarantine after each call.

The quarantine keeps late packets of one call out of the next. Odd ports are used too: UnicastRTP needs no port for
RTCP, and the address and the payload type tell a stray report.
"""

from collections import deque
from collections.abc import Iterable

from attrs import define, field

from exoswitch.errors import NoCapacity


@define
class PortPool:
    """The ports that are free, taken or in quarantine; the port that has been free for longest is used first."""

    ports: range
    quarantine_s: float
    _free: deque[int] = field(init=False)
    _taken: set[int] = field(factory=set, init=False)
    _resting: deque[tuple[float, int]] = field(factory=deque, init=False)  # the end of each quarantine, in order

    def __attrs_post_init__(self) -> None:
        self._free = deque(self.ports)

    def __len__(self) -> int:
        """Count the taken ports."""
        return len(self._taken)

    def take(self, now: float) -> int:
        """Give a port to a call.

        Raises:
            NoCapacity: every port is taken or in quarantine.
        """
        self._free.extend(self._rested(now))
        if not self._free:
            raise NoCapacity(
                f"all {len(self.ports)} RTP ports from {self.ports.start} to {self.ports.stop - 1} are taken "
                f"or in quarantine: {len(self._taken)} taken, {len(self._resting)} waiting {self.quarantine_s:g} s"
            )
        port = self._free.popleft()
        self._taken.add(port)
        return port

    def give_back(self, port: int, now: float) -> None:
        """Put a port in quarantine, after a call or because another program uses it; a second call has no effect."""
        if port in self._taken:
            self._taken.remove(port)
            self._resting.append((now + self.quarantine_s, port))

    def _rested(self, now: float) -> Iterable[int]:
        while self._resting and self._resting[0][0] <= now:
            yield self._resting.popleft()[1]
