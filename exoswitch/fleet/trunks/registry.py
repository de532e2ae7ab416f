"""Core: the trunks of a fleet: how many calls each gateway has on them, and the choice of one for a dial.

Each gateway counts its own calls, and states the counts when it registers. The counts of a gateway without a
heartbeat for `keep_us` lapse: by then other gateways hold the calls that they have taken over. Counts that would last
much longer have lapsed, too: the clock was put back since.

The Lua scripts in `redis/lua` do the same in Redis.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from exoswitch.errors import ExoswitchError
from exoswitch.fleet.trunks.breaker import CLOCK_STEP_MS, Let
from exoswitch.fleet.trunks.pace import spacing_us
from exoswitch.fleet.trunks.record import TrunkRecord
from exoswitch.fleet.trunks.status import DialResult, TrunkLimits, TrunkStatus

NO_TRUNK = "every trunk is full or at its limit of calls a second: try again shortly"
"""The refusal of a call that no candidate takes."""


class UnknownGateway(ExoswitchError):
    """The gateway never registered, or its counts have lapsed: it must register."""


@frozen(kw_only=True)
class Candidate:
    """A trunk that may carry a call, and its limits."""

    trunk: str
    channels: int
    spacing_us: int


def candidates_of(names: Sequence[str], limits: Mapping[str, TrunkLimits]) -> list[Candidate]:
    """Give the trunks that have limits, in order."""
    return [
        Candidate(trunk=name, channels=limits[name].channels, spacing_us=spacing_us(limits[name].cps))
        for name in names
        if name in limits
    ]


@frozen(kw_only=True)
class Taken:
    """A channel and a turn in `wait_us`; `dial` is the number of the dial on this trunk."""

    trunk: str
    wait_us: int
    dial: int
    is_probe: bool


@define
class _Gateway:
    expires_us: float
    calls: Counter[str]


@define
class TrunkRegistry:
    """All trunks, and the calls of all gateways on them; `keep_us` may be infinite."""

    keep_us: float
    records: dict[str, TrunkRecord] = field(factory=dict, init=False)
    _gateways: dict[str, _Gateway] = field(factory=dict, init=False)

    # --- Gateways -----------------------------------------------------------------------------------------------

    def register(self, gateway: str, calls: Mapping[str, int], turns_us: Mapping[str, int], now_us: int) -> None:
        """Register a gateway with the number of its calls on each trunk, even beyond the limits.

        `turns_us` is the time until each trunk's next turn by the gateway's own count.
        """
        self._gateways[gateway] = _Gateway(now_us + self.keep_us, +Counter(calls))
        for trunk, until_us in turns_us.items():
            self.record(trunk).pace.hold(until_us, now_us)

    def renew(self, gateway: str, now_us: int) -> None:
        """Take a heartbeat; remove gateways whose counts have lapsed, and trunks that no call has wanted lately.

        Raises:
            UnknownGateway: it must register.
        """
        self._known(gateway, now_us).expires_us = now_us + self.keep_us
        for name in [name for name, other in self._gateways.items() if not self._lives(other, now_us)]:
            del self._gateways[name]
        self.records = {name: its for name, its in self.records.items() if its.is_kept(now_us // 1000)}

    def leave(self, gateway: str) -> None:
        """Remove a gateway and its counts."""
        self._gateways.pop(gateway, None)

    def knows(self, gateway: str, now_us: int) -> bool:
        """Tell whether a gateway is registered, and its counts have not lapsed."""
        known = self._gateways.get(gateway)
        return known is not None and self._lives(known, now_us)

    def living(self, now_us: int) -> int:
        """Count the gateways whose counts have not lapsed."""
        return sum(self._lives(gateway, now_us) for gateway in self._gateways.values())

    # --- Calls --------------------------------------------------------------------------------------------------

    def take(self, gateway: str, candidates: Sequence[Candidate], longest_us: int, now_us: int) -> Taken | None:
        """Take a channel and a turn on the first candidate that has both; None if none has.

        Only if the breakers of all candidates are open, the one with the fewest faults comes first.

        Raises:
            UnknownGateway: the gateway must register.
        """
        self._known(gateway, now_us)
        lets = [(one, self.record(one.trunk).breaker.let(now_us // 1000)) for one in candidates]
        passing = [(one, let is Let.PROBE) for one, let in lets if let is not Let.NO]
        if not passing:
            faults = {one.trunk: self.record(one.trunk).faults(now_us // 1000) for one in candidates}
            passing = [(one, False) for one in sorted(candidates, key=lambda one: faults[one.trunk])]
        for one, is_probe in passing:
            if self.busy(one.trunk, now_us) >= one.channels:
                continue
            record = self.record(one.trunk)
            wait = record.pace.wait_us(one.spacing_us, longest_us, 0, now_us)
            if wait is not None:
                dial = record.dial(wait, one.spacing_us, now_us, is_probe=is_probe)
                self.count(gateway, one.trunk, 1, now_us)
                return Taken(trunk=one.trunk, wait_us=wait, dial=dial, is_probe=is_probe)
        return None

    def turn(self, trunk: str, spacing_us: int, longest_us: int, lead_us: int, now_us: int) -> int | None:
        """Take another turn for a dial that was late, not before `lead_us`; None if there is none in time."""
        pace = self.record(trunk).pace
        wait = pace.wait_us(spacing_us, longest_us, lead_us, now_us)
        if wait is not None:
            pace.take(wait, spacing_us, now_us)
        return wait

    def count(self, gateway: str, trunk: str, by: int, now_us: int) -> None:
        """Add to the calls of a gateway, without a limit.

        Raises:
            UnknownGateway: the gateway must register.
        """
        calls = self._known(gateway, now_us).calls
        calls[trunk] = max(0, calls[trunk] + by)

    def report(self, trunk: str, result: DialResult, dial: int, now_us: int) -> tuple[str, ...]:
        """Take the result of a dial; return the events, see TrunkRecord.report."""
        return self.record(trunk).report(result, dial, now_us)

    # --- Counts -------------------------------------------------------------------------------------------------

    def record(self, trunk: str) -> TrunkRecord:
        """Give the record of a trunk."""
        return self.records.setdefault(trunk, TrunkRecord())

    def busy(self, trunk: str, now_us: int) -> int:
        """Count the calls of the fleet on a trunk."""
        return sum(one.calls[trunk] for one in self._gateways.values() if self._lives(one, now_us))

    def calls_of(self, gateway: str) -> Counter[str]:
        """Give the calls of one gateway on each trunk."""
        known = self._gateways.get(gateway)
        return known.calls if known else Counter()

    def statuses(self, gateway: str, limits: Mapping[str, TrunkLimits], now_us: int) -> dict[str, TrunkStatus]:
        """Show every trunk that has limits, as one gateway sees it."""
        own = self.calls_of(gateway)
        return {
            name: self.record(name).status(its, self.busy(name, now_us), own[name], now_us)
            for name, its in limits.items()
        }

    def _known(self, gateway: str, now_us: int) -> _Gateway:
        known = self._gateways.get(gateway)
        if known is None or not self._lives(known, now_us):
            raise UnknownGateway(gateway)
        return known

    def _lives(self, gateway: _Gateway, now_us: int) -> bool:
        return 0 < gateway.expires_us - now_us <= max(self.keep_us, 1000 * CLOCK_STEP_MS)
