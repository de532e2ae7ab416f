"""Core: the rules of places for calls: which pair of gateway and Asterisk gets one, and when a place is free again.

Every gateway tells its standing and gives signs of life. A lease belongs to the gateway that took it, its holder,
also where it is a place on another one. A gateway of which nothing was heard for `lease_s` gets no more calls from
others, and may be reaped with all that it holds. The scripts beside this file do the same in Redis.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from attrs import define, field, frozen

from exoswitch.errors import ExoswitchError, NoCapacity
from exoswitch.nodes import FleetView, GatewayView, Lease, Standing


class UnknownGateway(ExoswitchError):  # noqa: N818
    """A gateway acts that never registered, or that has been reaped; it must register, with all that it holds."""


@frozen(kw_only=True)
class Pair:
    """A gateway and an Asterisk that both have a place, and the share of their places that are taken."""

    gateway: str
    asterisk: str
    gateway_load: float
    asterisk_load: float

    @property
    def preference(self) -> tuple[float, float, str, str]:
        """Order pairs: the fuller of its two nodes decides, then the other one, and among equals the names."""
        loads = self.gateway_load, self.asterisk_load
        return max(loads), min(loads), self.gateway, self.asterisk


@define
class _Gateway:
    standing: Standing
    lives_until: float


@define
class Fleet:
    """All gateways, and all leases; `lease_s` is how long a sign of life holds."""

    lease_s: float
    _gateways: dict[str, _Gateway] = field(factory=dict, init=False)
    _leases: dict[str, Lease] = field(factory=dict, init=False)
    _holders: dict[str, str] = field(factory=dict, init=False)
    _on_gateways: Counter[str] = field(factory=Counter, init=False)
    _on_asterisks: Counter[str] = field(factory=Counter, init=False)
    _elsewhere: dict[str, int] = field(factory=dict, init=False)

    # --- Gateways -----------------------------------------------------------------------------------------------

    def register(self, gateway: str, standing: Standing, leases: Iterable[Lease], now: float) -> None:
        """Let a gateway in, with exactly these leases: they are of calls that go on, whether there is room or not."""
        self.leave(gateway)
        self._gateways[gateway] = _Gateway(standing, now + self.lease_s)
        for lease in leases:
            self.enter(gateway, lease)

    def renew(self, gateway: str, standing: Standing, now: float) -> None:
        """Take a sign of life, which is one for all that this gateway holds, and its standing.

        Raises:
            UnknownGateway: it must register.
        """
        known = self._known(gateway)
        known.standing, known.lives_until = standing, now + self.lease_s

    def leave(self, gateway: str) -> tuple[Lease, ...]:
        """Forget a gateway, and give back all that it held."""
        self._gateways.pop(gateway, None)
        freed = self.held_by(gateway)
        for lease in freed:
            self.release(lease.token)
        return freed

    def reap(self, now: float) -> tuple[Lease, ...]:
        """Forget every gateway whose last sign of life is too old, and give back what those held."""
        dead = [name for name, gateway in self._gateways.items() if gateway.lives_until <= now]
        return tuple(lease for name in sorted(dead) for lease in self.leave(name))

    # --- Leases -------------------------------------------------------------------------------------------------

    def allocate(
        self, holder: str, token: str, call_sid: str, *, asterisk: str | None, any_gateway: bool, now: float
    ) -> Lease:
        """Take a place for a call; the same token again gets the same place.

        Raises:
            NoCapacity: no pair has a place.
            UnknownGateway: the holder must register.
        """
        self._known(holder)
        if token in self._leases:
            return self._leases[token]
        names = [name for name in self._gateways if any_gateway or name == holder]
        pairs = [pair for name in names for pair in self._pairs(name, holder, asterisk, now)]
        if not pairs:
            raise NoCapacity(self.refusal(holder, asterisk))
        best = min(pairs, key=lambda pair: pair.preference)
        lease = Lease(token=token, call_sid=call_sid, gateway=best.gateway, asterisk=best.asterisk)
        self.enter(holder, lease)
        return lease

    def enter(self, holder: str, lease: Lease) -> None:
        """Write a lease down, whether there is room or not."""
        if lease.token not in self._leases:
            self._leases[lease.token] = lease
            self._holders[lease.token] = holder
            self._on_gateways[lease.gateway] += 1
            self._on_asterisks[lease.asterisk] += 1

    def release(self, token: str) -> None:
        """Give a place back; harmless the second time."""
        lease = self._leases.pop(token, None)
        if lease is not None:
            del self._holders[token]
            self._on_gateways[lease.gateway] -= 1
            self._on_asterisks[lease.asterisk] -= 1

    def _pairs(self, name: str, holder: str, asterisk: str | None, now: float) -> Iterator[Pair]:
        """List a gateway's pairs that have a place; whoever asks is alive, whatever its last sign of life was."""
        gateway = self._gateways[name]
        standing, used = gateway.standing, self._on_gateways[name]
        is_alive = name == holder or gateway.lives_until > now
        if not is_alive or standing.draining or used >= standing.capacity:
            return
        for candidate, its in standing.asterisks.items():
            taken = self.used_on(candidate)
            if its.is_open and taken < its.capacity and asterisk in {None, candidate}:
                yield Pair(
                    gateway=name,
                    asterisk=candidate,
                    gateway_load=used / standing.capacity,
                    asterisk_load=taken / its.capacity,
                )

    # --- What it is ---------------------------------------------------------------------------------------------

    def see_elsewhere(self, asterisk: str, used: int) -> None:
        """Take note of places that are taken on an Asterisk by gateways which this book does not have."""
        self._elsewhere[asterisk] = used

    def used_on(self, asterisk: str) -> int:
        """Count the places that are taken on an Asterisk."""
        return self._on_asterisks[asterisk] + self._elsewhere.get(asterisk, 0)

    def held_by(self, gateway: str) -> tuple[Lease, ...]:
        """List the leases that a gateway has taken."""
        return tuple(self._leases[token] for token, holder in self._holders.items() if holder == gateway)

    def refusal(self, gateway: str, asterisk: str | None) -> str:
        """Say, for the operator, why there is no place for a call that a gateway asks about."""
        standing = self._gateways[gateway].standing
        if standing.draining:
            return "this gateway is draining: it takes no new calls"
        if self._on_gateways[gateway] >= standing.capacity:
            return f"this gateway carries {standing.capacity} calls, and has them"
        return f"no place is left on {asterisk or 'any Asterisk that can be reached'}"

    def view(self, now: float) -> FleetView:
        """Show everything."""
        return FleetView(
            gateways={
                name: GatewayView(
                    standing=gateway.standing, used=self._on_gateways[name], alive=gateway.lives_until > now
                )
                for name, gateway in self._gateways.items()
            },
            asterisks={name: used for name, used in self._on_asterisks.items() if used},
            leases=tuple(self._leases.values()),
        )

    def __contains__(self, gateway: object) -> bool:
        """Whether a gateway is registered."""
        return gateway in self._gateways

    def _known(self, gateway: str) -> _Gateway:
        try:
            return self._gateways[gateway]
        except KeyError:
            raise UnknownGateway(gateway) from None
