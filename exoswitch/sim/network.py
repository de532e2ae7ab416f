"""Core: a network that delays, loses, duplicates and reorders packets. The same seed gives the same network."""

from heapq import heappop, heappush
from random import Random

from attrs import define, field, fields, frozen

from exoswitch.sim.words import read_words

_PROBABILITIES = frozenset({"loss", "duplicate", "reorder"})
_MOST_LIKELY = 0.99
_LONGEST = 100.0  # seconds, and packets of a burst


@frozen(kw_only=True)
class Conditions:
    """The faults of a network. Probabilities are per packet, from 0 to 1.

    Jitter adds up to `jitter_s` to the delay and keeps the order of packets, as a queue does. Only `reorder` changes
    the order: it delays a packet by `holdback_s` more. Packets are lost in runs of `burst` packets on average
    (Gilbert's model of 1960: the good state loses nothing, the bad state everything). With a `burst` of 0 each packet
    is lost independently.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    burst: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    holdback_s: float = 0.03


def parse_conditions(text: str) -> Conditions:
    """Read conditions: ``delay=0.04 jitter=0.01 loss=0.02 burst=3``. Times are in seconds.

    Raises:
        InvalidValue: a word is unknown, or its value is no number, or out of range.
    """
    names = {attribute.name.removesuffix("_s"): attribute.name for attribute in fields(Conditions)}
    values = {
        names[word.name]: word.number(most=_MOST_LIKELY if word.name in _PROBABILITIES else _LONGEST)
        for word in read_words("network", text, names)
    }
    return Conditions(**values)


@define(kw_only=True)
class NetworkStatistics:
    """The packets of a network, counted by their fate. A packet that is not counted is still in transit."""

    sent: int = 0
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    overflowed: int = 0


@define
class Network:
    """One direction of a network path. It holds at most `capacity` packets and loses more packets."""

    _conditions: Conditions = field(factory=Conditions)
    _seed: int = 0
    _capacity: int = 1000
    statistics: NetworkStatistics = field(init=False, factory=NetworkStatistics)
    _random: Random = field(init=False)
    _under_way: list[tuple[float, int, bytes]] = field(init=False, factory=list)
    _last_due: float = field(init=False, default=0.0)
    _losing: bool = field(init=False, default=False)
    _losing_chance: float = field(init=False)
    _stay_chance: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._random = Random(self._seed)
        kind = self._conditions
        self._losing_chance = self._stay_chance = kind.loss
        if kind.burst:
            # The chance to leave the bad state sets the mean length of runs, the chance to enter it the mean loss.
            leave = 1 / max(kind.burst, 1.0)
            self._stay_chance = 1 - leave
            self._losing_chance = leave * kind.loss / (1 - kind.loss)

    def send(self, data: bytes, now: float) -> None:
        """Send a packet."""
        self.statistics.sent += 1
        kind = self._conditions
        if self._loses():
            self.statistics.lost += 1
            return
        due = now + kind.delay_s
        if kind.jitter_s:
            due += kind.jitter_s * self._random.random()
        if kind.reorder and self._random.random() < kind.reorder:
            self.statistics.reordered += 1
            self._enqueue(data, due + kind.holdback_s)
            return
        self._last_due = due = max(due, self._last_due)
        self._enqueue(data, due)
        if kind.duplicate and self._random.random() < kind.duplicate:
            self.statistics.duplicated += 1
            self._enqueue(data, due)

    def due(self, now: float) -> list[bytes]:
        """Take the packets that have arrived, in the order of their arrival."""
        arrived: list[bytes] = []
        under_way = self._under_way
        while under_way and under_way[0][0] <= now:
            arrived.append(heappop(under_way)[2])
        self.statistics.delivered += len(arrived)
        return arrived

    def next_deadline(self) -> float | None:
        """Give the time of the next arrival."""
        return self._under_way[0][0] if self._under_way else None

    def _enqueue(self, data: bytes, due: float) -> None:
        if len(self._under_way) >= self._capacity:
            self.statistics.overflowed += 1
            return
        heappush(self._under_way, (due, self.statistics.sent + self.statistics.duplicated, data))

    def _loses(self) -> bool:
        if self._losing_chance == 0:
            return False
        chance = self._stay_chance if self._losing else self._losing_chance
        self._losing = self._random.random() < chance
        return self._losing
