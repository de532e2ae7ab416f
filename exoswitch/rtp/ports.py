"""Core: the UDP ports of this node's calls, each resting after a call before it is used again.

The rest keeps a late packet of the call before from being heard in the next. Any port of the range is used, not only
even ones: UnicastRTP needs no port of ours for RTCP, and a stray report of a neighbour's is refused by its address
and its payload type.
"""

from collections import deque
from collections.abc import Iterable

from attrs import define, field

from exoswitch.errors import NoCapacity


@define
class PortPool:
    """Which ports are free, taken or resting; the one that has been free for longest goes first."""

    ports: range
    quarantine_s: float
    _free: deque[int] = field(init=False)
    _taken: set[int] = field(factory=set, init=False)
    _resting: deque[tuple[float, int]] = field(factory=deque, init=False)  # in the order in which their rest ends

    def __attrs_post_init__(self) -> None:
        self._free = deque(self.ports)

    def __len__(self) -> int:
        """Count the ports that calls have."""
        return len(self._taken)

    def take(self, now: float) -> int:
        """Give a port to a call.

        Raises:
            NoCapacity: every port is taken or rests.
        """
        self._free.extend(self._rested(now))
        if not self._free:
            raise NoCapacity(
                f"all {len(self.ports)} RTP ports from {self.ports.start} to {self.ports.stop - 1} are in use "
                f"or resting: {len(self._taken)} in use, {len(self._resting)} resting for {self.quarantine_s:g} s"
            )
        port = self._free.popleft()
        self._taken.add(port)
        return port

    def give_back(self, port: int, now: float) -> None:
        """Let a port rest: after a call, or because another program has it; harmless the second time."""
        if port in self._taken:
            self._taken.remove(port)
            self._resting.append((now + self.quarantine_s, port))

    def _rested(self, now: float) -> Iterable[int]:
        while self._resting and self._resting[0][0] <= now:
            yield self._resting.popleft()[1]
