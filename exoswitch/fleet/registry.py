"""Core: the rules of places for calls: which pair of gateway and Asterisk gets one, and when a place is free again.

Every gateway tells its standing and gives signs of life. A lease belongs to one gateway, its holder: that which took
it, also where it is a place on another one, and from then on whoever came to hold it. Only the holder gives it back.

A gateway of which nothing was heard for `silent_s` is dead: it gets no more calls, and what it holds, or what is on
it, may fall to the living, each lease to one heir that has the same Asterisk and a place. The heir holds the lease
from then on, and learns of it when it asks. What has no heir is kept for `keep_s` longer, and then freed.

A lease counts on its quotas from when it is entered until it is freed, whatever becomes of it between. A limit holds
for new leases only: what a gateway registers with goes on, and may be more.

The scripts beside this file do the same in Redis.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from attrs import define, evolve, field, frozen

from exoswitch.errors import ExoswitchError, NoCapacity, QuotaReached
from exoswitch.fleet.leases import NO_QUOTAS, FleetView, GatewayView, Lease, NodeStatus


class UnknownGateway(ExoswitchError):  # noqa: N818
    """A gateway acts that never registered, or that has been reaped; it must register, with all that it holds."""


@frozen(kw_only=True)
class Pair:
    """A gateway and an Asterisk that can carry a call, and the share of their places that are taken."""

    gateway: str
    asterisk: str
    gateway_load: float
    asterisk_load: float

    @property
    def preference(self) -> tuple[float, float, str, str]:
        """Order pairs: the fuller of its two nodes decides, then the other one, and among equals the names."""
        loads = self.gateway_load, self.asterisk_load
        return max(loads), min(loads), self.gateway, self.asterisk

    def lease(self, token: str, call_sid: str, quotas: Iterable[str]) -> Lease:
        """Make the lease of a call that it carries."""
        return Lease(
            token=token, call_sid=call_sid, gateway=self.gateway, asterisk=self.asterisk, quotas=tuple(quotas)
        )


def no_place_on(asterisk: str) -> str:
    """Say, for the operator, why no gateway takes a call that waits."""
    return f"no gateway has a place for a call on {asterisk}"


@define
class _Gateway:
    standing: NodeStatus
    lives_until: float


@define
class Fleet:
    """All gateways, and all leases."""

    silent_s: float
    keep_s: float
    _gateways: dict[str, _Gateway] = field(factory=dict, init=False)
    _leases: dict[str, Lease] = field(factory=dict, init=False)
    _holders: dict[str, str] = field(factory=dict, init=False)
    _heirs: dict[str, str] = field(factory=dict, init=False)  # of leases of which these do not know yet
    _entrusted: set[str] = field(factory=set, init=False)  # of which their holders will hear by other ways
    _on_gateways: Counter[str] = field(factory=Counter, init=False)
    _on_asterisks: Counter[str] = field(factory=Counter, init=False)
    _on_quotas: Counter[str] = field(factory=Counter, init=False)
    _elsewhere: dict[str, int] = field(factory=dict, init=False)
    _quotas_elsewhere: Mapping[str, int] = field(default=NO_QUOTAS, init=False)

    # --- Gateways -----------------------------------------------------------------------------------------------

    def register(self, gateway: str, standing: NodeStatus, leases: Iterable[Lease], now: float) -> None:
        """Let a gateway in, with these leases of calls that go on, whether there is room or not.

        It gets none that another one holds by now, and keeps what it does not know of yet.
        """
        unknown = self._unknown_to(gateway)
        self._free(lease.token for lease in self.held_by(gateway) if lease.token not in unknown)
        self._gateways[gateway] = _Gateway(standing, now + self.silent_s)
        for lease in leases:
            self.enter(gateway, lease)

    def renew(self, gateway: str, standing: NodeStatus, now: float) -> None:
        """Take a sign of life, which is one for all that this gateway holds, and its standing.

        Raises:
            UnknownGateway: it must register.
        """
        known = self._known(gateway)
        known.standing, known.lives_until = standing, now + self.silent_s

    def leave(self, gateway: str, now: float) -> None:
        """Forget a gateway with all that it holds; what it does not know of yet falls to others."""
        self._distribute(self._unknown_to(gateway), now, leaving=gateway)
        self._forget(gateway)

    def reap(self, now: float) -> tuple[Lease, ...]:
        """Forget every gateway that has been dead for long, and give back what those held."""
        gone = [name for name, gateway in self._gateways.items() if gateway.lives_until + self.keep_s <= now]
        return tuple(lease for name in sorted(gone) for lease in self._forget(name))

    def _forget(self, gateway: str) -> tuple[Lease, ...]:
        self._gateways.pop(gateway, None)
        freed = self.held_by(gateway)
        self._free(lease.token for lease in freed)
        return freed

    # --- Leases -------------------------------------------------------------------------------------------------

    def allocate(
        self,
        holder: str,
        token: str,
        call_sid: str,
        *,
        asterisk: str | None,
        any_gateway: bool,
        quotas: Mapping[str, int],
        now: float,
    ) -> Lease:
        """Take a place for a call; the same token again gets the same place.

        Raises:
            QuotaReached: there are as many calls on a quota as there may be.
            NoCapacity: no pair has a place.
            UnknownGateway: the holder must register.
        """
        self._known(holder)
        if token in self._leases:
            return self._leases[token]
        self._check(quotas)
        names = self._living(now, asking=holder) if any_gateway else [holder]
        best = self._preferred(names, asterisk)
        if best is None:
            raise NoCapacity(self.refusal(holder, asterisk))
        lease = best.lease(token, call_sid, quotas)
        self.enter(holder, lease)
        return lease

    def receive(
        self,
        asking: str,
        token: str,
        call_sid: str,
        *,
        asterisk: str,
        passing_over: str | None,
        quotas: Mapping[str, int],
        now: float,
    ) -> Lease:
        """Give the lease of a call that waits at an Asterisk, held by the gateway that is chosen for it.

        One whose gateway is dead, or is passed over, moves to another gateway; where there is none it stays.

        Raises:
            QuotaReached: there are as many calls on a quota as there may be.
            NoCapacity: no gateway has a place.
            UnknownGateway: the gateway that asks must register.
        """
        self._known(asking)
        living = self._living(now, asking=asking)
        known = self._leases.get(token)
        if known and known.gateway in living and known.gateway != passing_over:
            self._learn(asking, token)
            return known
        if known is None:
            self._check(quotas)
        best = self._preferred(
            [name for name in living if name != passing_over], asterisk, is_there=known is not None
        )
        if best is None:
            raise NoCapacity(no_place_on(asterisk))
        if known:
            return self._move(token, best.gateway)
        lease = best.lease(token, call_sid, quotas)
        self.enter(best.gateway, lease)
        return lease

    def hold(self, gateway: str, token: str) -> Lease | None:
        """Let the gateway that a lease is on hold it, and give it; None if it is on another one by now, or gone.

        Raises:
            UnknownGateway: it must register.
        """
        self._known(gateway)
        lease = self._leases.get(token)
        if lease is None or lease.gateway != gateway:
            return None
        self._holders[token] = gateway
        self._learn(gateway, token)
        return lease

    def entrust(self, holder: str, token: str) -> None:
        """Let the gateway that a lease is on hold it, which does not know it yet."""
        if self._holders.get(token) == holder and self._leases[token].gateway in self._gateways.keys() - {holder}:
            self._holders[token] = self._leases[token].gateway
            self._entrusted.add(token)

    def enter(self, holder: str, lease: Lease) -> None:
        """Write a lease down, whether there is room or not; one that is known stays as it is."""
        if lease.token not in self._leases:
            self._leases[lease.token] = lease
            self._holders[lease.token] = holder
            self._on_gateways[lease.gateway] += 1
            self._on_asterisks[lease.asterisk] += 1
            self._on_quotas.update(lease.quotas)

    def release(self, holder: str, token: str) -> None:
        """Give a place back that this gateway holds; harmless where it does not, or not any more."""
        if self._holders.get(token) == holder:
            self._free([token])

    def _free(self, tokens: Iterable[str]) -> None:
        for token in tokens:
            lease = self._leases.pop(token)
            del self._holders[token]
            self._heirs.pop(token, None)
            self._entrusted.discard(token)
            self._on_gateways[lease.gateway] -= 1
            self._on_asterisks[lease.asterisk] -= 1
            self._on_quotas.subtract(lease.quotas)

    def _check(self, quotas: Mapping[str, int]) -> None:
        for name, limit in quotas.items():
            if self._on_quotas[name] + self._quotas_elsewhere.get(name, 0) >= limit:
                raise QuotaReached(name, limit)

    # --- Heirs --------------------------------------------------------------------------------------------------

    def adopt(self, gateway: str, now: float) -> tuple[Lease, ...]:
        """Let all that the dead hold, and that is on them, fall to the living; give what fell to this gateway.

        Raises:
            UnknownGateway: it must register.
        """
        if self._known(gateway).lives_until <= now:
            return ()  # nobody may have been heard for a while
        living = self._living(now)
        orphans = [
            token
            for token, lease in self._leases.items()
            if lease.gateway not in living or self._holders[token] not in living
        ]
        self._distribute(sorted(orphans), now)
        collected = [token for token, heir in self._heirs.items() if heir == gateway]
        for token in collected:
            self._learn(gateway, token)
        return tuple(self._leases[token] for token in collected)

    def bequeath(self, gateway: str, tokens: Collection[str], now: float) -> frozenset[str]:
        """Let these leases of a gateway fall to others; give the SIDs of the calls that found an heir.

        Raises:
            UnknownGateway: it must register.
        """
        self._known(gateway)
        own = [token for token in tokens if self._holders.get(token) == gateway]
        return frozenset(self._leases[token].call_sid for token in self._distribute(own, now, leaving=gateway))

    def _distribute(self, tokens: Iterable[str], now: float, leaving: str | None = None) -> list[str]:
        """Find heirs, each counted before the next is chosen; give the leases that have one."""
        living = [name for name in self._living(now) if name != leaving]
        fallen = []
        for token in tokens:
            best = self._preferred(living, self._leases[token].asterisk, is_there=True)
            if best:
                self._move(token, best.gateway)
                self._heirs[token] = best.gateway
                fallen.append(token)
        return fallen

    def _move(self, token: str, gateway: str) -> Lease:
        """Let another gateway carry a call, and hold its lease."""
        self._heirs.pop(token, None)
        self._entrusted.discard(token)
        before = self._leases[token]
        self._on_gateways[before.gateway] -= 1
        self._on_gateways[gateway] += 1
        self._leases[token] = lease = evolve(before, gateway=gateway)
        self._holders[token] = gateway
        return lease

    def _learn(self, gateway: str, token: str) -> None:
        if self._holders[token] == gateway:
            self._heirs.pop(token, None)
            self._entrusted.discard(token)

    def _unknown_to(self, gateway: str) -> list[str]:
        """List what a gateway holds without knowing it yet."""
        unknown = self._entrusted | self._heirs.keys()
        return sorted(token for token in unknown if self._holders[token] == gateway)

    # --- The choice ---------------------------------------------------------------------------------------------

    def _living(self, now: float, asking: str | None = None) -> list[str]:
        """List the gateways that live; whoever asks does, whatever its last sign of life was."""
        return [name for name, gateway in self._gateways.items() if name == asking or gateway.lives_until > now]

    def _preferred(self, names: Iterable[str], asterisk: str | None, *, is_there: bool = False) -> Pair | None:
        """Choose among these gateways' pairs; a call that `is_there` needs no place on its Asterisk any more."""
        pairs = [pair for name in names for pair in self._pairs(name, asterisk, is_there)]
        return min(pairs, key=lambda pair: pair.preference, default=None)

    def _pairs(self, name: str, asterisk: str | None, is_there: bool) -> Iterator[Pair]:
        standing, used = self._gateways[name].standing, self._on_gateways[name]
        if standing.draining or used >= standing.capacity:
            return
        for candidate, its in standing.asterisks.items():
            taken = self.used_on(candidate)
            if its.is_open and asterisk in {None, candidate} and (is_there or taken < its.capacity):
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

    def see_quotas(self, counted: Mapping[str, int]) -> None:
        """Take note of how many calls there are on each quota, those of gateways that this book does not have too."""
        self._quotas_elsewhere = {name: max(0, count - self._on_quotas[name]) for name, count in counted.items()}

    def used_on(self, asterisk: str) -> int:
        """Count the places that are taken on an Asterisk."""
        return self._on_asterisks[asterisk] + self._elsewhere.get(asterisk, 0)

    def held_by(self, gateway: str) -> tuple[Lease, ...]:
        """List the leases that a gateway holds."""
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
            quotas={name: count for name, count in self._on_quotas.items() if count},
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
