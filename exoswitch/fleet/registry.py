"""Core: the registry of leases: which pair of gateway and Asterisk carries a call, and when its place is free again.

Every gateway sends its status and heartbeats. A lease is a place on one pair. One gateway holds it: the gateway that
took it, even if it is a place on another gateway, or the gateway that it moved to later. Only the holder releases it.

A gateway without a heartbeat for `silent_s` is dead. It gets no new calls. The leases that it holds, and the leases
that are places on it, are reassigned to live gateways with the same Asterisk and a free place. A reassigned lease is
a *pending adoption* until its new holder has fetched it with `adopt`. If no gateway can take it, the lease is kept
for `keep_s` and then freed.

`hand_off` reassigns leases of a live gateway. `transfer` gives a lease to the gateway that it is a place on; it is a
*pending transfer* until that gateway holds it. Registering again does not free what is pending.

A lease counts on its quotas from `enter` until it is freed, whoever holds it. Limits hold for new leases only: the
leases that a gateway registers with may exceed them.

The Lua scripts in `redis/lua` do the same in Redis.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from attrs import define, evolve, field, frozen

from exoswitch.errors import ExoswitchError, NoCapacity, QuotaReached
from exoswitch.fleet.leases import NO_QUOTAS, FleetView, GatewayView, Lease, NodeStatus


class UnknownGateway(ExoswitchError):  # noqa: N818
    """The gateway never registered, or was reaped: it must register, with all leases that it holds."""


@frozen(kw_only=True)
class Pair:
    """A gateway and an Asterisk that can carry a call, and their loads: taken places divided by capacity."""

    gateway: str
    asterisk: str
    gateway_load: float
    asterisk_load: float

    @property
    def preference(self) -> tuple[float, float, str, str]:
        """The sort key of pairs: the higher load, the lower load, the names."""
        loads = self.gateway_load, self.asterisk_load
        return max(loads), min(loads), self.gateway, self.asterisk

    def lease(self, token: str, call_sid: str, quotas: Iterable[str]) -> Lease:
        """Make the lease of a call on this pair."""
        return Lease(
            token=token, call_sid=call_sid, gateway=self.gateway, asterisk=self.asterisk, quotas=tuple(quotas)
        )


def no_place_on(asterisk: str) -> str:
    """Say why no gateway takes a waiting call."""
    return f"no gateway has a place for a call on {asterisk}"


@define
class _Gateway:
    status: NodeStatus
    expires_at: float


@define
class Registry:
    """All gateways and all leases."""

    silent_s: float
    keep_s: float
    _gateways: dict[str, _Gateway] = field(factory=dict, init=False)
    _leases: dict[str, Lease] = field(factory=dict, init=False)
    _holders: dict[str, str] = field(factory=dict, init=False)
    _adoptions: dict[str, str] = field(factory=dict, init=False)  # pending adoptions: token -> new holder
    _transfers: set[str] = field(factory=set, init=False)  # pending transfers: tokens
    _on_gateways: Counter[str] = field(factory=Counter, init=False)
    _on_asterisks: Counter[str] = field(factory=Counter, init=False)
    _on_quotas: Counter[str] = field(factory=Counter, init=False)
    _remote_use: dict[str, int] = field(factory=dict, init=False)
    _remote_quotas: Mapping[str, int] = field(default=NO_QUOTAS, init=False)

    # --- Gateways -----------------------------------------------------------------------------------------------

    def register(self, gateway: str, status: NodeStatus, leases: Iterable[Lease], now: float) -> None:
        """Register a gateway with the leases of its calls, even beyond capacity.

        Leases that another gateway holds stay there; pending adoptions and transfers stay.
        """
        pending = self._pending_of(gateway)
        self._free(lease.token for lease in self.held_by(gateway) if lease.token not in pending)
        self._gateways[gateway] = _Gateway(status, now + self.silent_s)
        for lease in leases:
            self.enter(gateway, lease)

    def renew(self, gateway: str, status: NodeStatus, now: float) -> None:
        """Take a heartbeat, which renews all leases that the gateway holds, and its status.

        Raises:
            UnknownGateway: it must register.
        """
        known = self._known(gateway)
        known.status, known.expires_at = status, now + self.silent_s

    def leave(self, gateway: str, now: float) -> None:
        """Remove a gateway and its leases; its pending adoptions and transfers are reassigned."""
        self._reassign(self._pending_of(gateway), now, excluding=gateway)
        self._remove(gateway)

    def reap(self, now: float) -> tuple[Lease, ...]:
        """Remove every gateway that has been dead for `keep_s`; return the leases that it held."""
        gone = [name for name, gateway in self._gateways.items() if gateway.expires_at + self.keep_s <= now]
        return tuple(lease for name in sorted(gone) for lease in self._remove(name))

    def _remove(self, gateway: str) -> tuple[Lease, ...]:
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
        """Take a place for a call; the same token gets the same place again.

        Raises:
            QuotaReached: a quota has reached its limit.
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
        excluding: str | None,
        quotas: Mapping[str, int],
        now: float,
    ) -> Lease:
        """Return the lease of a call that waits at an Asterisk; the chosen gateway holds it.

        If that gateway is dead or excluded, the lease moves to another gateway; if there is none, it stays.

        Raises:
            QuotaReached: a quota has reached its limit.
            NoCapacity: no gateway has a place.
            UnknownGateway: the asking gateway must register.
        """
        self._known(asking)
        living = self._living(now, asking=asking)
        known = self._leases.get(token)
        if known and known.gateway in living and known.gateway != excluding:
            self._acknowledge(asking, token)
            return known
        if known is None:
            self._check(quotas)
        best = self._preferred([name for name in living if name != excluding], asterisk, is_there=known is not None)
        if best is None:
            raise NoCapacity(no_place_on(asterisk))
        if known:
            return self._move(token, best.gateway)
        lease = best.lease(token, call_sid, quotas)
        self.enter(best.gateway, lease)
        return lease

    def hold(self, gateway: str, token: str) -> Lease | None:
        """Make the gateway that a lease is a place on its holder; None if it is a place on another gateway, or gone.

        Raises:
            UnknownGateway: it must register.
        """
        self._known(gateway)
        lease = self._leases.get(token)
        if lease is None or lease.gateway != gateway:
            return None
        self._holders[token] = gateway
        self._acknowledge(gateway, token)
        return lease

    def transfer(self, holder: str, token: str) -> None:
        """Give a lease to the gateway that it is a place on: a pending transfer."""
        if self._holders.get(token) == holder and self._leases[token].gateway in self._gateways.keys() - {holder}:
            self._holders[token] = self._leases[token].gateway
            self._transfers.add(token)

    def enter(self, holder: str, lease: Lease) -> None:
        """Add a lease, even beyond capacity; a known token stays as it is."""
        if lease.token not in self._leases:
            self._leases[lease.token] = lease
            self._holders[lease.token] = holder
            self._on_gateways[lease.gateway] += 1
            self._on_asterisks[lease.asterisk] += 1
            self._on_quotas.update(lease.quotas)

    def release(self, holder: str, token: str) -> None:
        """Release a lease if this gateway holds it; else do nothing."""
        if self._holders.get(token) == holder:
            self._free([token])

    def _free(self, tokens: Iterable[str]) -> None:
        for token in tokens:
            lease = self._leases.pop(token)
            del self._holders[token]
            self._end_pending(token)
            self._on_gateways[lease.gateway] -= 1
            self._on_asterisks[lease.asterisk] -= 1
            self._on_quotas.subtract(lease.quotas)

    def _check(self, quotas: Mapping[str, int]) -> None:
        for name, limit in quotas.items():
            if self._on_quotas[name] + self._remote_quotas.get(name, 0) >= limit:
                raise QuotaReached(name, limit)

    # --- Adoption --------------------------------------------------------------------------------------------------

    def adopt(self, gateway: str, now: float) -> tuple[Lease, ...]:
        """Reassign the leases of dead gateways; return the pending adoptions of this gateway and acknowledge them.

        Raises:
            UnknownGateway: it must register.
        """
        if self._known(gateway).expires_at <= now:
            return ()  # the others' heartbeats may have expired for the same reason
        living = self._living(now)
        orphans = [
            token
            for token, lease in self._leases.items()
            if lease.gateway not in living or self._holders[token] not in living
        ]
        self._reassign(sorted(orphans), now)
        adopted = [token for token, holder in self._adoptions.items() if holder == gateway]
        for token in adopted:
            self._acknowledge(gateway, token)
        return tuple(self._leases[token] for token in adopted)

    def hand_off(self, gateway: str, tokens: Collection[str], now: float) -> frozenset[str]:
        """Reassign leases of a gateway to others; return the SIDs of the calls that another gateway takes.

        Raises:
            UnknownGateway: it must register.
        """
        self._known(gateway)
        own = [token for token in tokens if self._holders.get(token) == gateway]
        return frozenset(self._leases[token].call_sid for token in self._reassign(own, now, excluding=gateway))

    def _reassign(self, tokens: Iterable[str], now: float, excluding: str | None = None) -> list[str]:
        """Assign leases to other gateways, each counted before the next; return those that were assigned."""
        living = [name for name in self._living(now) if name != excluding]
        reassigned = []
        for token in tokens:
            best = self._preferred(living, self._leases[token].asterisk, is_there=True)
            if best:
                self._move(token, best.gateway)
                self._adoptions[token] = best.gateway
                reassigned.append(token)
        return reassigned

    def _move(self, token: str, gateway: str) -> Lease:
        """Make a gateway the holder of a lease, and the lease a place on it."""
        self._end_pending(token)
        before = self._leases[token]
        self._on_gateways[before.gateway] -= 1
        self._on_gateways[gateway] += 1
        self._leases[token] = lease = evolve(before, gateway=gateway)
        self._holders[token] = gateway
        return lease

    def _acknowledge(self, gateway: str, token: str) -> None:
        if self._holders[token] == gateway:
            self._end_pending(token)

    def _end_pending(self, token: str) -> None:
        self._adoptions.pop(token, None)
        self._transfers.discard(token)

    def _pending_of(self, gateway: str) -> list[str]:
        """List the pending adoptions and transfers of a gateway."""
        pending = self._transfers | self._adoptions.keys()
        return sorted(token for token in pending if self._holders[token] == gateway)

    # --- The choice ---------------------------------------------------------------------------------------------

    def _living(self, now: float, asking: str | None = None) -> list[str]:
        """List the live gateways; `asking` counts as live."""
        return [name for name, gateway in self._gateways.items() if name == asking or gateway.expires_at > now]

    def _preferred(self, names: Iterable[str], asterisk: str | None, *, is_there: bool = False) -> Pair | None:
        """Choose among the pairs of these gateways; a call that `is_there` needs no place on its Asterisk."""
        pairs = [pair for name in names for pair in self._pairs(name, asterisk, is_there)]
        return min(pairs, key=lambda pair: pair.preference, default=None)

    def _pairs(self, name: str, asterisk: str | None, is_there: bool) -> Iterator[Pair]:
        status, used = self._gateways[name].status, self._on_gateways[name]
        if status.draining or used >= status.capacity:
            return
        for candidate, its in status.asterisks.items():
            taken = self.used_on(candidate)
            if its.is_open and asterisk in {None, candidate} and (is_there or taken < its.capacity):
                yield Pair(
                    gateway=name,
                    asterisk=candidate,
                    gateway_load=used / status.capacity,
                    asterisk_load=taken / its.capacity,
                )

    # --- Its state ----------------------------------------------------------------------------------------------

    def set_remote_use(self, asterisk: str, used: int) -> None:
        """Note how many places on an Asterisk are taken by gateways that are not in this registry."""
        self._remote_use[asterisk] = used

    def set_remote_quotas(self, counted: Mapping[str, int]) -> None:
        """Note the calls of the whole fleet on each quota, including gateways that are not in this registry."""
        self._remote_quotas = {name: max(0, count - self._on_quotas[name]) for name, count in counted.items()}

    def used_on(self, asterisk: str) -> int:
        """Count the taken places on an Asterisk."""
        return self._on_asterisks[asterisk] + self._remote_use.get(asterisk, 0)

    def held_by(self, gateway: str) -> tuple[Lease, ...]:
        """List the leases that a gateway holds."""
        return tuple(self._leases[token] for token, holder in self._holders.items() if holder == gateway)

    def refusal(self, gateway: str, asterisk: str | None) -> str:
        """Say why a gateway has no place for a call."""
        status = self._gateways[gateway].status
        if status.draining:
            return "this gateway is draining: it takes no new calls"
        if self._on_gateways[gateway] >= status.capacity:
            return f"this gateway is full ({status.capacity} calls)"
        return f"no place is left on {asterisk or 'any reachable Asterisk'}"

    def view(self, now: float) -> FleetView:
        """Show all gateways, counts and leases."""
        return FleetView(
            gateways={
                name: GatewayView(status=gateway.status, used=self._on_gateways[name], alive=gateway.expires_at > now)
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
