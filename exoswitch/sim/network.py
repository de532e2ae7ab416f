"""Core: a network that delays, loses, doubles and reorders packets, the same way each time for the same seed."""

from heapq import heappop, heappush
from random import Random

from attrs import define, field, fields, frozen

from exoswitch.errors import InvalidRequest


@frozen(kw_only=True)
class Conditions:
    """How bad a network is; the probabilities are per packet, from 0 to 1.

    Jitter adds up to `jitter_s` to the delay but keeps packets in order, as a queue does; only `reorder` lets a
    packet be overtaken: it is held back by `holdback_s` longer. Lost packets come in runs of `burst` packets on
    average (Gilbert's model of 1960: in its good state nothing is lost, in its bad state everything); 0 means that
    each packet is lost, or not, by itself.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    burst: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    holdback_s: float = 0.03


def parse_conditions(text: str) -> Conditions:
    """Read conditions as one types them: ``delay=0.04 jitter=0.01 loss=0.02 burst=3``.

    Raises:
        InvalidRequest: a word is unknown, or its value is no number, or out of range.
    """
    names = {attribute.name.removesuffix("_s"): attribute.name for attribute in fields(Conditions)}
    values: dict[str, float] = {}
    for word in text.split():
        name, _, number = word.partition("=")
        if name not in names:
            raise InvalidRequest(f"network: {word!r} is not known; known are {', '.join(sorted(names))}")
        values[names[name]] = _read_number(name, number)
    return Conditions(**values)


def _read_number(name: str, number: str) -> float:
    try:
        value = float(number)
    except ValueError:
        raise InvalidRequest(f"network: {name}={number!r} needs a number, as in {name}=0.02") from None
    if not 0 <= value < (1 if name in {"loss", "duplicate", "reorder"} else 1000):
        raise InvalidRequest(f"network: {name}={number} is out of range; probabilities are below 1, times in seconds")
    return value


@frozen(kw_only=True)
class NetworkStatistics:
    """What a network did to the packets given to it; what is not counted here is still on its way."""

    sent: int
    delivered: int
    lost: int
    duplicated: int
    reordered: int
    overflowed: int


@define
class Network:
    """One direction of a network path; never holds more than `capacity` packets, and loses what comes on top."""

    _conditions: Conditions = field(factory=Conditions)
    _seed: int = 0
    _capacity: int = 1000
    _random: Random = field(init=False)
    _under_way: list[tuple[float, int, bytes]] = field(init=False, factory=list)
    _last_due: float = field(init=False, default=0.0)
    _losing: bool = field(init=False, default=False)
    _losing_chance: float = field(init=False)
    _stay_chance: float = field(init=False)
    _is_clean: bool = field(init=False)
    _sent: int = field(init=False, default=0)
    _delivered: int = field(init=False, default=0)
    _lost: int = field(init=False, default=0)
    _duplicated: int = field(init=False, default=0)
    _reordered: int = field(init=False, default=0)
    _overflowed: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        """Seed and load the dice."""
        self._random = Random(self._seed)
        kind = self._conditions
        self._is_clean = not (kind.jitter_s or kind.loss or kind.duplicate or kind.reorder)
        self._losing_chance = self._stay_chance = kind.loss
        if kind.burst:
            # The chance to leave the bad state gives runs their mean length; the chance to enter it, the mean loss.
            leave = 1 / max(kind.burst, 1.0)
            self._stay_chance = 1 - leave
            self._losing_chance = leave * kind.loss / (1 - kind.loss)

    def send(self, data: bytes, now: float) -> None:
        """Put a packet on its way."""
        self._sent += 1
        if self._is_clean:
            self._enqueue(data, now + self._conditions.delay_s)
            return
        kind = self._conditions
        if self._loses():
            self._lost += 1
            return
        due = now + kind.delay_s
        if kind.jitter_s:
            due += kind.jitter_s * self._random.random()
        if kind.reorder and self._random.random() < kind.reorder:
            self._reordered += 1
            self._enqueue(data, due + kind.holdback_s)
            return
        self._last_due = due = max(due, self._last_due)
        self._enqueue(data, due)
        if kind.duplicate and self._random.random() < kind.duplicate:
            self._duplicated += 1
            self._enqueue(data, due)

    def due(self, now: float) -> list[bytes]:
        """Take out the packets that have arrived by now, in the order of their arrival."""
        arrived: list[bytes] = []
        under_way = self._under_way
        while under_way and under_way[0][0] <= now:
            arrived.append(heappop(under_way)[2])
        self._delivered += len(arrived)
        return arrived

    def next_deadline(self) -> float | None:
        """Say when the next packet arrives."""
        return self._under_way[0][0] if self._under_way else None

    def statistics(self) -> NetworkStatistics:
        """Count what has happened so far."""
        return NetworkStatistics(
            sent=self._sent,
            delivered=self._delivered,
            lost=self._lost,
            duplicated=self._duplicated,
            reordered=self._reordered,
            overflowed=self._overflowed,
        )

    def _enqueue(self, data: bytes, due: float) -> None:
        if len(self._under_way) >= self._capacity:
            self._overflowed += 1
            return
        heappush(self._under_way, (due, self._sent + self._duplicated, data))

    def _loses(self) -> bool:
        if self._losing_chance == 0:
            return False
        chance = self._stay_chance if self._losing else self._losing_chance
        self._losing = self._random.random() < chance
        return self._losing
