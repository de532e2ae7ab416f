"""Core: the choice of the trunk for a call: the first in order with a free channel that may dial soon enough."""

from collections.abc import Iterable

from attrs import define, field, frozen

from exoswitch.errors import NoCapacity, TrunkError

LONGEST_WAIT_S = 5.0


@frozen
class TrunkUse:
    """The channels of one trunk that are in use, and its limits."""

    name: str
    busy: int
    channels: int
    cps: float


@define
class _Trunk:
    """The channels of one trunk: their number, those in use, and the time of the next dial (monotonic)."""

    name: str
    channels: int
    spacing_s: float
    busy: int = 0
    next_dial_at: float = float("-inf")


@define
class TrunkChannels:
    """The channels of all trunks, in the order in which trunks are tried.

    A trunk with `cps` calls a second dials at even intervals: carriers refuse bursts, and bursts overload Asterisk's
    task processors.
    """

    _trunks: dict[str, _Trunk] = field(factory=dict)

    @classmethod
    def of(cls, trunks: Iterable[tuple[str, int, float]]) -> "TrunkChannels":
        """Make it from (name, channels, calls a second) of each trunk."""
        return cls({name: _Trunk(name, channels, 1 / cps) for name, channels, cps in trunks})

    def set_limits(self, trunks: Iterable[tuple[str, int, float]]) -> None:
        """Take the trunks of a changed configuration; a trunk that is gone keeps its calls until they are over."""
        before, self._trunks = self._trunks, {}
        for name, channels, cps in trunks:
            self._trunks[name] = _Trunk(name, channels, 1 / cps)
            if name in before:
                self._trunks[name].busy = before[name].busy

    def take(self, now: float) -> tuple[str, float]:
        """Take a channel: give its trunk's name, and the seconds to wait before dialling.

        Raises:
            TrunkError: no trunk is configured.
            NoCapacity: no trunk has a free channel and may dial within `LONGEST_WAIT_S` seconds.
        """
        if not self._trunks:
            raise TrunkError("no trunk is configured: add one under trunks:")
        for trunk in self._trunks.values():
            wait_s = max(0.0, trunk.next_dial_at - now)
            if trunk.busy < trunk.channels and wait_s <= LONGEST_WAIT_S:
                trunk.busy += 1
                trunk.next_dial_at = now + wait_s + trunk.spacing_s
                return trunk.name, wait_s
        raise NoCapacity("every trunk is full or at its limit of calls a second: try again shortly")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all trunks."""
        return tuple(self._trunks)

    def uses(self) -> tuple[TrunkUse, ...]:
        """Give the use of each trunk."""
        return tuple(
            TrunkUse(trunk.name, trunk.busy, trunk.channels, 1 / trunk.spacing_s) for trunk in self._trunks.values()
        )

    def give_back(self, name: str) -> None:
        """Give a channel back."""
        if name in self._trunks and self._trunks[name].busy:
            self._trunks[name].busy -= 1
