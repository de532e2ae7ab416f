"""Adapter: all live calls of this gateway: by SID, by channel, and whether more may begin."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout

from exoswitch.call.session import Direction, Session
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.channel import OutboundRoute
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_call import LiveCall
from exoswitch.gateway.rules import CurrentRules
from exoswitch.interfaces.metrics import Reading
from exoswitch.interfaces.switch import ISwitch
from exoswitch.trunks.channels import TrunkChannels


async def _never_dialled(session: Session) -> OutboundRoute:
    raise LookupError(f"call {session.call_sid} has a channel already")


@define(eq=False)
class LiveCalls:
    """The calls that are not over; no more are accepted once it `is_stopping`."""

    _environment: Environment
    _rules: CurrentRules
    _trunks: TrunkChannels
    is_stopping: bool = field(default=False, init=False)
    _by_sid: dict[str, LiveCall] = field(factory=dict, init=False)
    _by_channel: dict[tuple[str, str], LiveCall] = field(factory=dict, init=False)
    _waiting: set[Deferred[None]] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        """Let the live calls be counted."""
        self._environment.metrics.read_from(self._readings)

    def begin(self, session: Session, lease: Lease) -> LiveCall:
        """Make a call that has a channel already, on its place and with an RTP port; it waits for its first input.

        Raises:
            NoCapacity: no RTP port is free; the place is released.
        """
        call = self._add(session, lease)
        call.open_media()
        return call

    async def begin_outbound(
        self, session: Session, lease: Lease, choose_trunk: Callable[[Session], Awaitable[OutboundRoute]]
    ) -> LiveCall:
        """Make a call that is to be dialled, on its place, with a channel of a trunk and an RTP port.

        Raises:
            NoCapacity: no trunk has a channel for it, or no RTP port is free; the place is released.
            TrunkError: no trunk is configured; the place is released.
            BackendUnavailable: this gateway stops; the place is released.
        """
        call = self._add(session, lease, choose_trunk)
        await call.accept()
        call.open_media()
        return call

    def find(self, call_sid: str) -> LiveCall | None:
        """Find a call by its SID."""
        return self._by_sid.get(call_sid)

    def has(self, session: Session, lease: Lease) -> bool:
        """Say whether a call is live here; if it is so on another place, this place is given back."""
        call = self.find(session.call_sid)
        if call is not None and call.lease.token != lease.token:
            self._environment.give_back(lease)
        return call is not None

    def of_channel(self, switch: ISwitch, channel_id: str) -> LiveCall | None:
        """Find the call of a channel at an Asterisk."""
        return self._by_channel.get((switch.name, channel_id))

    def __iter__(self) -> Iterator[LiveCall]:
        """Give the calls that are live now."""
        return iter(tuple(self._by_sid.values()))

    def __len__(self) -> int:
        """Count them."""
        return len(self._by_sid)

    async def all_over(self, wait_s: float) -> None:
        """Wait until no call is left, but not longer than this."""
        if not self._by_sid:
            return
        all_over: Deferred[None] = Deferred()
        self._waiting.add(all_over)
        try:
            with suppress(DeferredTimeout):
                await all_over.addTimeout(wait_s, self._environment.clock)
        finally:
            self._waiting.discard(all_over)

    def _add(
        self,
        session: Session,
        lease: Lease,
        choose_trunk: Callable[[Session], Awaitable[OutboundRoute]] = _never_dialled,
    ) -> LiveCall:
        limits = self._rules.now.routing.limits_of(session, self._environment.wall_clock())
        call = LiveCall(session, lease, self._environment, limits, self._forget, choose_trunk)
        self._by_sid[call.call_sid] = call
        self._by_channel[call.channel.key] = call
        return call

    def _readings(self) -> Iterator[Reading]:
        active = Counter(
            {(Direction.INBOUND, ""): 0, **{(Direction.OUTBOUND, name): 0 for name in self._trunks.names}}
        )
        active.update((call.session.direction, call.session.trunk or "") for call in self._by_sid.values())
        for (direction, trunk), count in active.items():
            yield Reading("calls_active", count, {"direction": direction.side, "trunk": trunk})
        yield Reading("streams_active", sum(call.is_talking for call in self._by_sid.values()))
        for use in self._trunks.uses():
            of_trunk = {"trunk": use.name}
            yield Reading("trunk_channels_in_use", use.busy, of_trunk)
            yield Reading("trunk_channels_limit", use.channels, of_trunk)
            yield Reading("trunk_cps_limit", use.cps, of_trunk)

    def _forget(self, call: LiveCall) -> None:
        del self._by_sid[call.call_sid]
        if self._by_channel.get(call.channel.key) is call:  # else another call has taken the channel
            del self._by_channel[call.channel.key]
        if call.channel.route is not None:
            self._trunks.give_back(call.channel.route.trunk)
        if not self._by_sid:
            for all_over in tuple(self._waiting):
                all_over.callback(None)
