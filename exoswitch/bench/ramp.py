"""Core: the numbers of calls that a benchmark tries, until it knows about how many are too many."""

from attrs import define, field

_FIRST = 100
_AIM = 0.9  # of a core: the next number, by the processor time of the last one
_LEAST_GROWTH = 1.25
_MOST_GROWTH = 4.0  # of one trial the cost of a call is not known well
_MOST = 10_000
_CLOSE = 0.1  # of the last good number: the search ends
_TRIALS = 10


@define
class Ramp:
    """Grows the number of calls by their cost; once one is too many, it halves the gap until that is small.

    A number that was too many while the load itself was late is tried once more. There are ten trials at most.
    """

    good: int = field(default=0, init=False)
    bad: int = field(default=0, init=False)
    _cpu: float = field(default=0.0, init=False)  # of the last good number
    _trials: int = field(default=0, init=False)
    _again: int = field(default=0, init=False)  # the number that is tried once more
    _repeated: int = field(default=0, init=False)

    def next(self) -> int | None:
        """Give the next number of calls; None at the end."""
        calls = self._again or self._next()
        return calls if calls is not None and self._trials < _TRIALS else None

    def _next(self) -> int | None:
        if self.bad:
            middle = (self.good + self.bad) // 2 // 10 * 10
            return middle if middle > self.good * (1 + _CLOSE / 2) and not self.is_close else None
        if not self.good:
            return _FIRST
        growth = _AIM / self._cpu if self._cpu else _MOST_GROWTH
        grown = int(self.good * min(max(growth, _LEAST_GROWTH), _MOST_GROWTH)) // 10 * 10
        return min(grown, _MOST) if self.good < _MOST else None

    @property
    def is_close(self) -> bool:
        """Whether the gap between the last good number and the first bad one is small."""
        return 0 < self.bad <= max(10, self.good * (1 + _CLOSE))

    def tried(self, calls: int, *, is_good: bool, cpu: float = 0.0, is_sure: bool = True) -> None:
        """Take the outcome of a number of calls: the processor time, and whether the load itself was in time."""
        self._trials += 1
        self._again = 0
        if is_good:
            self.good, self._cpu = max(self.good, calls), cpu
        elif not is_sure and calls != self._repeated:
            self._again = self._repeated = calls
        else:
            self.bad = min(self.bad or calls, calls)
