"""Core: the choice of a pair of gateway and Asterisk for a call."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from exoswitch.fleet.leases import NodeStatus
from exoswitch.fleet.usage import Usage


class Pair(NamedTuple):
    """A gateway and an Asterisk that can carry a call; the preferred pair is the smallest tuple.

    A load is the number of taken places divided by the capacity.
    """

    higher_load: float
    lower_load: float
    gateway: str
    asterisk: str


def preferred(
    statuses: Mapping[str, NodeStatus], usage: Usage, asterisk: str | None, *, is_there: bool = False
) -> Pair | None:
    """Choose among the pairs of these gateways; a call that `is_there` needs no place on its Asterisk."""
    pairs = (pair for name, status in statuses.items() for pair in _pairs(name, status, usage, asterisk, is_there))
    return min(pairs, default=None)


def _pairs(name: str, status: NodeStatus, usage: Usage, asterisk: str | None, is_there: bool) -> Iterator[Pair]:
    used = usage.gateways[name]
    if status.draining or used >= status.capacity:
        return
    for candidate, its in status.asterisks.items():
        taken = usage.on_asterisk(candidate)
        if its.is_open and asterisk in {None, candidate} and (is_there or taken < its.capacity):
            loads = used / status.capacity, taken / its.capacity
            yield Pair(max(loads), min(loads), name, candidate)


def refusal(status: NodeStatus, used: int, asterisk: str | None) -> str:
    """Say why a gateway has no place for a call."""
    if status.draining:
        return "this gateway is draining: it takes no new calls"
    if used >= status.capacity:
        return f"this gateway is full ({status.capacity} calls)"
    return f"no place is left on {asterisk or 'any reachable Asterisk'}"


def no_place_on(asterisk: str | None) -> str:
    """Say why no gateway takes a waiting call."""
    return f"no gateway has a place for a call on {asterisk}"
