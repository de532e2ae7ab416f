"""Core: which trunk carries the next call: the first in order that has a free line and may dial soon enough."""

from collections.abc import Iterable

from attrs import define, field

from exoswitch.errors import NoCapacity, TrunkError

LONGEST_WAIT_S = 5.0


@define
class _Line:
    """One trunk's lines: how many there are, how many are busy, and when it may dial next."""

    name: str
    channels: int
    spacing_s: float
    busy: int = 0
    next_dial_at: float = float("-inf")


@define
class TrunkChannels:
    """The lines of all trunks, in the order in which trunks are tried.

    A trunk that dials `cps` calls a second gets them evenly spaced: carriers refuse, and Asterisk's task processors
    suffer from, bursts that keep to the same average.
    """

    _lines: dict[str, _Line] = field(factory=dict)

    @classmethod
    def of(cls, trunks: Iterable[tuple[str, int, float]]) -> "TrunkChannels":
        """Make the book from (name, channels, calls a second) of each trunk."""
        return cls({name: _Line(name, channels, 1 / cps) for name, channels, cps in trunks})

    def take(self, now: float) -> tuple[str, float]:
        """Take a line: give the trunk's name, and the seconds to wait before dialling on it.

        Raises:
            TrunkError: no trunk is configured.
            NoCapacity: no trunk has a free line, or only ones that could not dial for `LONGEST_WAIT_S` seconds.
        """
        if not self._lines:
            raise TrunkError("no trunk is configured: add one under trunks:")
        for line in self._lines.values():
            wait_s = max(0.0, line.next_dial_at - now)
            if line.busy < line.channels and wait_s <= LONGEST_WAIT_S:
                line.busy += 1
                line.next_dial_at = now + wait_s + line.spacing_s
                return line.name, wait_s
        raise NoCapacity("every line of every trunk is busy, or its calls a second are spoken for: try again shortly")

    def give_back(self, name: str) -> None:
        """Give a line back."""
        self._lines[name].busy -= 1

    def busy(self, name: str) -> int:
        """Count the busy lines of a trunk."""
        return self._lines[name].busy
