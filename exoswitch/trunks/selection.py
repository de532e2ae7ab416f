"""Core: the choice among trunks: which ones take a call, and in what order they are tried.

A trunk with `prefixes` takes only the numbers that begin with one of them, and a trunk with `accounts` only the calls
of these. A strategy orders the trunks that take the call. A trunk that cannot be used at the moment comes last: an
unreachable monitor must not stop every call.
"""

import math
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal

from attrs import frozen

from exoswitch.config.values import Strategy

PriceAt = Callable[[float], Decimal | None]
"""Gives the price of a minute at a time (seconds since the epoch); None if it is not known."""


def no_price(_now: float) -> Decimal | None:
    """Give no price."""
    return None


@frozen
class CallFacts:
    """What the choice depends on: the account of a call, and the number that it dials (E.164)."""

    account: str
    number: str


@frozen(kw_only=True)
class TrunkRule:
    """The calls that a trunk takes, and its rank among the others; see `Selection`."""

    name: str
    order: int = 1
    weight: float = 1.0
    prefixes: tuple[str, ...] = ()
    accounts: frozenset[str] = frozenset()
    price_at: PriceAt = no_price

    def takes(self, call: CallFacts) -> bool:
        """Whether a call may be dialled on this trunk."""
        is_in_reach = not self.prefixes or call.number.startswith(self.prefixes)
        return is_in_reach and (not self.accounts or call.account in self.accounts)


@frozen
class Selection:
    """Orders the trunks for a call; equal ones are tried as they are written in the file.

    ``order``: the lowest `order` first. ``cost``: the lowest price first, then the lowest `order`; a trunk without a
    known price comes after all others. ``weight``: the lowest `order` first; among trunks of the same order, each is
    the first one for its share of the calls, `weight` divided by the sum of their weights (RFC 2782). A trunk with
    weight 0 is dialled only if the others of its order fail.
    """

    strategy: Strategy
    trunks: tuple[TrunkRule, ...]

    def candidates(
        self,
        call: CallFacts,
        *,
        tried: Collection[str],
        now: float,
        draw: Callable[[], float],
        down: Collection[str],
    ) -> tuple[str, ...]:
        """Give the names of the trunks for a call in the order in which they are to be tried.

        Those in `tried` are left out, and those in `down` come last. `now` is in seconds since the epoch. `draw`
        gives random numbers from 0 to less than 1.
        """
        eligible = [trunk for trunk in self.trunks if trunk.name not in tried and trunk.takes(call)]
        ordered = self._ordered(eligible, now, draw)
        return tuple(trunk.name for trunk in sorted(ordered, key=lambda trunk: trunk.name in down))

    def _ordered(self, trunks: Sequence[TrunkRule], now: float, draw: Callable[[], float]) -> list[TrunkRule]:
        match self.strategy:
            case "cost":
                return sorted(trunks, key=lambda trunk: (*_price(trunk, now), trunk.order))
            case "weight":
                return sorted(trunks, key=lambda trunk: (trunk.order, _lot(trunk.weight, draw)))
            case _:
                return sorted(trunks, key=lambda trunk: trunk.order)


def _price(trunk: TrunkRule, now: float) -> tuple[bool, Decimal]:
    price = trunk.price_at(now)
    return price is None, price or Decimal()


def _lot(weight: float, draw: Callable[[], float]) -> float:
    """Draw a lot; the lowest wins, with a probability in proportion to the weight (Efraimidis and Spirakis 2006)."""
    return -math.log(1 - draw()) / weight if weight else math.inf
