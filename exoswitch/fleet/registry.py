"""Core: the registry of leases: which pair of gateway and Asterisk carries a call, and when its place is free again.

Every gateway sends its status and heartbeats. A lease is a place on one pair. One gateway holds it: the gateway that
took it, even if it is a place on another gateway, or the gateway that it moved to later. Only the holder releases it.

A gateway without a heartbeat for `silent_s` is dead. It gets no new calls. The leases that it holds, and the leases
that are places on it, are reassigned to live gateways with the same Asterisk and a free place. A reassigned lease is
a *pending adoption* until its new holder has fetched it with `adopt`. If no gateway can take it, the lease is kept
for `keep_s` and then freed.

`hand_off` reassigns leases of a live gateway. `transfer` gives a lease to the gateway that it is a place on; it is a
*pending transfer* until that gateway holds it. Registering again does not free what is pending.

A lease counts on its quotas from `enter` until it is freed, under any holder. Limits hold for new leases only: the
leases that a gateway registers with may exceed them.

The Lua scripts in `redis/lua` do the same in Redis.
"""

from collections.abc import Collection, Iterable

from attrs import define, evolve, field

from exoswitch.errors import ExoswitchError, NoCapacity
from exoswitch.fleet.choice import no_place_on, preferred, refusal
from exoswitch.fleet.leases import FleetView, GatewayView, Lease, NodeStatus, PlaceRequest
from exoswitch.fleet.usage import Usage


class UnknownGateway(ExoswitchError):
    """The gateway never registered, or was reaped: it must register, with all leases that it holds."""


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
    usage: Usage = field(factory=Usage, init=False)

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

    def allocate(self, holder: str, request: PlaceRequest, now: float, *, any_gateway: bool = False) -> Lease:
        """Take a place for a call; the same token gets the same place again.

        Raises:
            QuotaReached: a quota has reached its limit.
            NoCapacity: no pair has a place.
            UnknownGateway: the holder must register.
        """
        self._known(holder)
        if request.token in self._leases:
            return self._leases[request.token]
        self.usage.check(request.quotas)
        statuses = self._living(now, asking=holder) if any_gateway else {holder: self._gateways[holder].status}
        best = preferred(statuses, self.usage, request.asterisk)
        if best is None:
            raise NoCapacity(self.refusal(holder, request.asterisk))
        lease = request.lease(best.gateway, best.asterisk)
        self.enter(holder, lease)
        return lease

    def receive(self, asking: str, request: PlaceRequest, now: float, *, excluding: str | None = None) -> Lease:
        """Return the lease of a call that waits at an Asterisk; the chosen gateway holds it.

        If that gateway is dead or excluded, the lease moves to another gateway; if there is none, it stays.

        Raises:
            QuotaReached: a quota has reached its limit.
            NoCapacity: no gateway has a place.
            UnknownGateway: the asking gateway must register.
        """
        self._known(asking)
        living = self._living(now, asking=asking, excluding=excluding)
        known = self._leases.get(request.token)
        if known and known.gateway in living:
            self._acknowledge(asking, known.token)
            return known
        if known is None:
            self.usage.check(request.quotas)
        best = preferred(living, self.usage, request.asterisk, is_there=known is not None)
        if best is None:
            raise NoCapacity(no_place_on(request.asterisk))
        if known:
            return self._move(known.token, best.gateway)
        lease = request.lease(best.gateway, best.asterisk)
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
            self.usage.count(lease, 1)

    def release(self, holder: str, token: str) -> None:
        """Release a lease if this gateway holds it; else do nothing."""
        if self._holders.get(token) == holder:
            self._free([token])

    def _free(self, tokens: Iterable[str]) -> None:
        for token in tokens:
            self.usage.count(self._leases.pop(token), -1)
            del self._holders[token]
            self._end_pending(token)

    # --- Adoption -----------------------------------------------------------------------------------------------

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
        living = self._living(now, excluding=excluding)
        reassigned = []
        for token in tokens:
            best = preferred(living, self.usage, self._leases[token].asterisk, is_there=True)
            if best:
                self._move(token, best.gateway)
                self._adoptions[token] = best.gateway
                reassigned.append(token)
        return reassigned

    def _move(self, token: str, gateway: str) -> Lease:
        """Make a gateway the holder of a lease, and the lease a place on it."""
        self._end_pending(token)
        self.usage.count(self._leases[token], -1)
        self._leases[token] = lease = evolve(self._leases[token], gateway=gateway)
        self.usage.count(lease, 1)
        self._holders[token] = gateway
        return lease

    def _acknowledge(self, gateway: str, token: str) -> None:
        if self._holders[token] == gateway:
            self._end_pending(token)

    def _end_pending(self, token: str) -> None:
        self._adoptions.pop(token, None)
        self._transfers.discard(token)

    def _pending_of(self, gateway: str) -> list[str]:
        pending = self._transfers | self._adoptions.keys()
        return sorted(token for token in pending if self._holders[token] == gateway)

    # --- Its state ----------------------------------------------------------------------------------------------

    def _living(self, now: float, asking: str | None = None, excluding: str | None = None) -> dict[str, NodeStatus]:
        """Give the status of each live gateway; `asking` counts as live."""
        return {
            name: gateway.status
            for name, gateway in self._gateways.items()
            if name != excluding and (name == asking or gateway.expires_at > now)
        }

    def held_by(self, gateway: str) -> tuple[Lease, ...]:
        """List the leases that a gateway holds."""
        return tuple(self._leases[token] for token, holder in self._holders.items() if holder == gateway)

    def refusal(self, gateway: str, asterisk: str | None) -> str:
        """Say why a gateway has no place for a call."""
        return refusal(self._gateways[gateway].status, self.usage.gateways[gateway], asterisk)

    def view(self, now: float) -> FleetView:
        """Show all gateways, counts and leases."""
        return FleetView(
            gateways={
                name: GatewayView(
                    status=gateway.status, used=self.usage.gateways[name], alive=gateway.expires_at > now
                )
                for name, gateway in self._gateways.items()
            },
            asterisks={name: used for name, used in self.usage.asterisks.items() if used},
            quotas={name: count for name, count in self.usage.quotas.items() if count},
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
