"""What a carrier remembers: every message with its time, the phones that rang, its own call detail records."""

import time
from collections import Counter
from collections.abc import Iterable

from attrs import define, field, frozen

from tests.harness.carrier.message import Message

REMEMBERED = 200_000  # messages: more than any test or benchmark sends


@frozen
class Seen:
    """A message that came in or went out; `at` is its time on the monotonic clock."""

    at: float
    trunk: str
    is_incoming: bool
    transport: str
    message: Message = field(repr=False)


@frozen
class Ring:
    """A phone that has begun to ring, by a 180 or by early media."""

    at: float
    number: str
    call_id: str


@frozen
class Cdr:
    """The carrier's own record of an answered call: 200 OK sent to BYE seen (monotonic); `by_us` if we hung up."""

    trunk: str
    number: str
    call_id: str
    answered_at: float
    ended_at: float
    by_us: bool

    @property
    def seconds(self) -> float:
        """How long the call was answered."""
        return self.ended_at - self.answered_at


@define
class Records:
    """The records of one carrier; only its thread adds, any thread reads."""

    seen: list[Seen] = field(factory=list)
    rings: list[Ring] = field(factory=list)
    cdrs: list[Cdr] = field(factory=list)

    def add(self, trunk: str, transport: str, message: Message, *, is_incoming: bool) -> None:
        """Keep a message."""
        assert len(self.seen) < REMEMBERED, "the carrier has recorded too many messages"
        self.seen.append(Seen(time.monotonic(), trunk, is_incoming, transport, message))

    def requests(self, method: str, *, trunk: str | None = None, since: float = 0.0) -> list[Seen]:
        """Give the requests of a method that came in, without retransmissions."""
        found: dict[tuple[str, str], Seen] = {}
        for seen in list(self.seen):
            is_one = seen.is_incoming and seen.message.is_request and seen.message.method == method
            if is_one and seen.at >= since and trunk in {None, seen.trunk}:
                found.setdefault((seen.message.branch, seen.message.call_id), seen)
        return list(found.values())

    def dials(self, *, trunk: str | None = None, since: float = 0.0) -> list[Seen]:
        """Give the first INVITE of each new call, in order."""
        found: dict[str, Seen] = {}
        for seen in self.requests("INVITE", trunk=trunk, since=since):
            if ";tag=" not in seen.message["To"]:
                found.setdefault(seen.message.call_id, seen)
        return list(found.values())

    def tried(self, number: str) -> list[str]:
        """Give the trunks on which a number (E.164) was dialled, in order."""
        return [seen.trunk for seen in self.dials() if number[-10:] in seen.message.uri]

    def rung_twice(self) -> set[str]:
        """Give the numbers that rang in more than one call."""
        return {number for number, times in Counter(ring.number for ring in list(self.rings)).items() if times > 1}


def most_in_a_second(times: Iterable[float], window_s: float = 1.0) -> int:
    """Give the most of these times that lie in any sliding second; a second has its begin, and not its end."""
    ordered, first, most = sorted(times), 0, 0
    for last, at in enumerate(ordered):
        while ordered[first] <= at - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most
