"""Adapter: all live calls of this node: by SID, by channel, and whether more may begin."""

from collections.abc import Iterator
from contextlib import suppress

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout

from exoswitch.call.session import Session
from exoswitch.errors import NoCapacity
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_call import LiveCall, OutboundRoute
from exoswitch.interfaces.routing import Routing
from exoswitch.interfaces.switch import ISwitch
from exoswitch.trunks.channels import TrunkChannels


@define(eq=False)
class LiveCalls:
    """The calls that are not over; while it `is_stopping`, no more are accepted."""

    _environment: Environment
    _routing: Routing
    _lines: TrunkChannels
    is_stopping: bool = field(default=False, init=False)
    _by_sid: dict[str, LiveCall] = field(factory=dict, init=False)
    _by_channel: dict[tuple[str, str], LiveCall] = field(factory=dict, init=False)
    _all_over: Deferred[None] | None = field(default=None, init=False)

    def begin(self, session: Session, lease: Lease, line: OutboundRoute | None = None) -> LiveCall:
        """Make a call of a session on its place, with an RTP port; nothing happens to it before its first input.

        Where there is no port left, the call's place and line are given back.

        Raises:
            NoCapacity: no RTP port is left.
        """
        limits = self._routing.limits_of(session, self._environment.wall_clock())
        switch = self._environment.switches[lease.asterisk]
        call = LiveCall(session, lease, switch, self._forget, self._environment, limits, line)
        self._by_sid[call.call_sid] = call
        self._by_channel[switch.name, call.channel_id] = call
        try:
            call.open_media()
        except NoCapacity:
            call.abandon()
            raise
        return call

    def find(self, call_sid: str) -> LiveCall | None:
        """Find a call by its SID."""
        return self._by_sid.get(call_sid)

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
        """Wait until no call is left, this long at the most."""
        if not self._by_sid:
            return
        all_over = self._all_over = Deferred()
        with suppress(DeferredTimeout):
            await all_over.addTimeout(wait_s, self._environment.clock)
        self._all_over = None

    def _forget(self, call: LiveCall) -> None:
        """Let go of a call that is over; harmless the second time."""
        if self._by_sid.pop(call.call_sid, None) is None:
            return
        self._by_channel.pop((call.switch.name, call.channel_id), None)
        if call.trunk is not None:
            self._lines.give_back(call.trunk)
        all_over = self._all_over
        if not self._by_sid and all_over is not None:
            self._all_over = None
            all_over.callback(None)
