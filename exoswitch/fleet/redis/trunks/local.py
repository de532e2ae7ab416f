"""Core: the trunks as Redis told them last, and this gateway's share of their limits while Redis is away.

A share is the n-th part of the calls a second, and of the channels that were free, where n is the number of known
gateways. So all gateways together stay within the limits. A gateway that has never heard of others takes all.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import define, evolve, field

from exoswitch.fleet.redis.trunks.codec import TrunksView
from exoswitch.fleet.trunks.registry import Candidate, Taken, TrunkRegistry
from exoswitch.fleet.trunks.status import DialResult, TrunkLimits, TrunkStatus


@define
class LocalTrunks:
    """A copy of the fleet's trunks; `gateway` is this one, and its calls are always up to date."""

    gateway: str
    _registry: TrunkRegistry = field(factory=lambda: TrunkRegistry(keep_us=math.inf), init=False)
    _gateways: int = field(default=1, init=False)
    _busy: Counter[str] = field(factory=Counter, init=False)  # by all gateways, when Redis answered last
    _busy_here: Counter[str] = field(factory=Counter, init=False)
    _others: dict[str, Counter[str]] = field(factory=dict, init=False)  # the calls of other gateways by then
    _unseen: dict[str, Counter[str]] = field(factory=dict, init=False)  # … of those that have not come back
    _settled_us: int = field(default=0, init=False)
    _alone: set[str] = field(factory=set, init=False)  # the trunks on which turns were given without Redis since then

    def __attrs_post_init__(self) -> None:
        """Register the gateway."""
        self._registry.register(self.gateway, {}, {}, 0)

    def learn(self, view: TrunksView, calls: Mapping[str, int]) -> None:
        """Copy what Redis knows; `calls` are those of this gateway."""
        others = {
            name: its
            for name, (expires_us, its) in view.gateways.items()
            if name != self.gateway and expires_us > view.now_us
        }
        self._others = others
        self._unseen = {name: its for name, its in self._unseen.items() if name not in others}
        self._registry = TrunkRegistry(keep_us=math.inf)
        self._registry.records.update(view.records)
        for name, its in {**others, self.gateway: calls}.items():
            self._registry.register(name, its, {}, view.now_us)
        self._gateways = 1 + len(others)
        self._busy_here = Counter(calls)
        self._busy = sum(others.values(), self._busy_here)
        self._alone = set()

    def came_back(self, settled_us: int) -> None:
        """Note that Redis can be reached again: the others come back, too, until this time."""
        self._unseen, self._settled_us = self._others, settled_us

    def less_unseen(self, asked: Sequence[Candidate], now_us: int) -> list[Candidate]:
        """Keep the channels free of those gateways that Redis does not know yet after an outage."""
        if now_us >= self._settled_us:
            self._unseen = {}
        unseen = sum(self._unseen.values(), Counter())
        return [evolve(one, channels=max(0, one.channels - unseen[one.trunk])) for one in asked]

    def turns_us(self, now_us: int) -> dict[str, int]:
        """Give the time until the next turn of each trunk, where that is later than now."""
        waits = {trunk: record.pace.left_us(now_us) for trunk, record in self._registry.records.items()}
        return {trunk: wait for trunk, wait in waits.items() if wait > 0}

    def note_turn(self, trunk: str, wait_us: int, spacing_us: int, now_us: int) -> None:
        """Note a turn that Redis gave to this gateway."""
        self._registry.record(trunk).pace.hold(wait_us + spacing_us, now_us)

    def count(self, trunk: str, by: int, now_us: int) -> None:
        """Count a call of this gateway."""
        self._registry.count(self.gateway, trunk, by, now_us)

    # --- Alone --------------------------------------------------------------------------------------------------

    def take(self, asked: Sequence[Candidate], longest_us: int, now_us: int) -> Taken | None:
        """Take a channel and a turn within this gateway's share."""
        shares = [self._share(one, now_us) for one in asked]
        return self._registry.take(self.gateway, shares, longest_us, now_us)

    def turn(self, asked: Candidate, longest_us: int, now_us: int) -> int | None:
        """Take another turn."""
        share = self._share(asked, now_us)
        return self._registry.turn(share.trunk, share.spacing_us, longest_us, 0, now_us)

    def report(self, trunk: str, result: DialResult, dial: int, now_us: int) -> tuple[str, ...]:
        """Take the result of a dial."""
        return self._registry.report(trunk, result, dial, now_us)

    def statuses(self, limits: Mapping[str, TrunkLimits], now_us: int) -> dict[str, TrunkStatus]:
        """Show the trunks."""
        return self._registry.statuses(self.gateway, limits, now_us)

    def _share(self, one: Candidate, now_us: int) -> Candidate:
        """Give the limits of this gateway; the registry counts the calls of the others, too.

        The first turn without Redis leaves room for those that Redis gave last.
        """
        others = self._registry.busy(one.trunk, now_us) - self._registry.calls_of(self.gateway)[one.trunk]
        free = max(0, one.channels - self._busy[one.trunk])
        share = self._busy_here[one.trunk] + free // self._gateways
        spacing_us = one.spacing_us * self._gateways
        if self._gateways > 1 and one.trunk not in self._alone:
            self._alone.add(one.trunk)
            self._registry.record(one.trunk).pace.hold(spacing_us, now_us)
        return evolve(one, channels=min(one.channels, share + others), spacing_us=spacing_us)
