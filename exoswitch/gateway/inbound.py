"""Adapter: inbound calls, from the moment when they wait at an Asterisk until one gateway of the fleet has each.

Every gateway that is paired with the Asterisk hears of the call, and asks the allocator about it; all get the same
answer. The chosen one takes the call. The others stand by until they hear that the call has audio or is gone, and ask
again every moment: so should the chosen gateway die, the next one is chosen within a second.
"""

from contextlib import suppress

from attrs import define, evolve, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger

from exoswitch.call import events as ev
from exoswitch.call.endings import not_placed
from exoswitch.call.session import Direction, Session
from exoswitch.errors import BackendUnavailable, InvalidRequest, NoCapacity, QuotaReached, TrunkError
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.interfaces.routing import InboundRoute, Routing
from exoswitch.interfaces.switch import ISwitch
from exoswitch.tasks.spawn import spawn
from exoswitch.telephony.causes import HangUpCause
from exoswitch.telephony.numbers import mask, normalise

FULL = not_placed("every place for a call was taken")
ASK_AGAIN_S = 0.2
PATIENCE_S = 1.0  # how long a gateway that lives may take to answer a call that it was chosen for
GIVE_UP_S = 20.0  # Asterisk itself keeps a call that nobody claims no longer


@define(eq=False)
class _Arrival:
    """A call that waits, until it `is_settled`: somebody has taken it, or it is gone.

    `chosen` is the gateway that is to take it, since `chosen_at` (monotonic seconds), where that is another one.
    """

    switch: ISwitch
    route: InboundRoute
    session: Session
    is_settled: bool = False
    pause: Deferred[None] = field(factory=lambda: succeed(None))
    chosen: str | None = None
    chosen_at: float = 0.0

    @property
    def channel_id(self) -> str:
        """The channel that waits."""
        return self.session.channel_id or ""

    def leave_to(self, lease: Lease, now: float) -> None:
        """Know that another gateway is to take the call, under the SID that all have agreed upon."""
        self.session = evolve(self.session, call_sid=lease.call_sid)
        if lease.gateway != self.chosen:
            self.chosen, self.chosen_at = lease.gateway, now

    def passing_over(self, now: float) -> str | None:
        """Name the gateway that has had time enough to take the call, if there is one."""
        return self.chosen if now - self.chosen_at >= PATIENCE_S else None


@define(eq=False)
class Inbound(Service):
    """Who sees to it that each inbound call is taken, by one gateway."""

    _environment: Environment
    _routing: Routing
    _calls: LiveCalls
    _waiting: dict[tuple[str, str], _Arrival] = field(factory=dict, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.inbound"), init=False)

    def arrived(self, switch: ISwitch, event: ev.CallArrived) -> None:
        """Hear of a call that waits at an Asterisk."""
        key = switch.name, event.channel_id
        if key in self._waiting or self._calls.of_channel(switch, event.channel_id) is not None:
            return
        callee = _e164(event.callee)
        route = self._routing.routes.get(callee)
        if route is None:
            self._log.warn("a call to {number}, which is no number of ours, was turned away", number=mask(callee))
            switch.hang_up(event.channel_id, HangUpCause.CALL_REJECTED)
            return
        if self._calls.is_stopping:
            self._stand_aside(switch, event.channel_id)
            return
        session = self._session(event, route, _e164(event.caller), callee)
        arrival = self._waiting[key] = _Arrival(switch, route, session)
        spawn(self._receive(arrival), self._log, "receiving a call", call_sid=session.call_sid)

    def observe(self, switch: ISwitch, event: ev.ChannelEvent) -> None:
        """Hear of a channel that is no call of ours: with audio it has been taken, and gone it is gone."""
        arrival = self._waiting.get((switch.name, event.channel_id))
        if arrival is not None and isinstance(event, ev.MediaAnnounced | ev.ChannelHungUp):
            self._settle(arrival)

    def stopService(self) -> None:  # noqa: N802 - Twisted's name
        """Leave all calls that wait to others."""
        for arrival in tuple(self._waiting.values()):
            self._settle(arrival)

    def is_waiting(self, call_sid: str) -> bool:
        """Whether a call with this SID is yet to be taken."""
        return any(arrival.session.call_sid == call_sid for arrival in self._waiting.values())

    def _stand_aside(self, switch: ISwitch, channel_id: str) -> None:
        """Leave a call to the other gateways; without any, it is turned away."""
        if not self._environment.nodes.is_shared:
            self._log.warn("a call was turned away: this gateway is stopping")
            switch.hang_up(channel_id, HangUpCause.CALL_REJECTED)

    def _session(self, event: ev.CallArrived, route: InboundRoute, caller: str, callee: str) -> Session:
        now = self._environment.wall_clock()
        return Session(
            call_sid=self._environment.new_sid(),
            stream_sid=self._environment.new_sid(),
            account=route.account,
            direction=Direction.INBOUND,
            customer=caller,
            exophone=callee,
            bot=route.bot,
            created_at=now,
            updated_at=now,
            channel_id=event.channel_id,
        )

    # --- Whose it is ------------------------------------------------------------------------------------------------

    async def _receive(self, arrival: _Arrival) -> None:
        """Ask whose the call is until it is somebody's."""
        began_at = self._environment.clock.seconds()
        try:
            while not arrival.is_settled and self._environment.clock.seconds() - began_at < GIVE_UP_S:
                lease = await self._ask(arrival)
                if arrival.is_settled:
                    self._leave(lease)
                elif lease.gateway == self._environment.node:
                    await self._take(arrival, lease)
                    return
                else:
                    arrival.leave_to(lease, self._environment.clock.seconds())
                    await self._stand_by(arrival)
        except QuotaReached as problem:
            self._log.warn("a call was turned away: {problem}", problem=str(problem))
            arrival.switch.hang_up(arrival.channel_id, HangUpCause.USER_BUSY)
        except (NoCapacity, BackendUnavailable) as problem:
            self._log.warn("a call was turned away: {problem}", problem=str(problem))
            await self._turn_away(arrival)
        finally:
            self._settle(arrival)

    async def _ask(self, arrival: _Arrival) -> Lease:
        """Learn who is chosen."""
        received = self._environment.nodes.receive(
            arrival.switch.name,
            arrival.channel_id,
            arrival.session.call_sid,
            excluding=arrival.passing_over(self._environment.clock.seconds()),
            quotas=self._routing.quotas_of(arrival.route.account),
        )
        return await self._environment.of_fleet(received)

    async def _stand_by(self, arrival: _Arrival) -> None:
        """Wait for a moment, or until the call is settled."""
        arrival.pause = deferLater(self._environment.clock, ASK_AGAIN_S)
        with suppress(CancelledError):
            await arrival.pause

    # --- What becomes of it -----------------------------------------------------------------------------------------

    async def _take(self, arrival: _Arrival, lease: Lease) -> None:
        """Answer the call; one that another gateway was to take before may have that one's name on it."""
        if self._calls.find(lease.call_sid) is not None:
            return
        is_chosen_again = arrival.chosen is not None
        session = evolve(
            arrival.session,
            call_sid=lease.call_sid,
            gateway=lease.gateway,
            asterisk=arrival.switch.name,
            takeovers=int(is_chosen_again),
        )
        if self._routing.in_fleet and not self._environment.nodes.is_shared and not await self._claim(arrival):
            self._leave(lease)
            return
        call = self._calls.begin(session, lease)
        self._environment.sessions.note(session)
        call.feed(call.inputs.resume if is_chosen_again else call.inputs.arrive)

    async def _claim(self, arrival: _Arrival) -> bool:
        """Settle at Asterisk whose the call is, while gateways cannot agree among themselves."""
        try:
            await arrival.switch.claim(arrival.channel_id)
        except (TrunkError, BackendUnavailable):
            return False
        return True

    async def _turn_away(self, arrival: _Arrival) -> None:
        """Let the caller hear that there is no place; of all gateways that would, one does, and writes it down."""
        try:
            await arrival.switch.turn_away(arrival.channel_id)
        except (TrunkError, BackendUnavailable) as problem:
            self._log.debug("{channel_id}: {problem}", channel_id=arrival.channel_id, problem=str(problem))
            return
        session = evolve(arrival.session, gateway=self._environment.node, asterisk=arrival.switch.name)
        self._environment.sessions.note(session.ended(FULL, self._environment.wall_clock()))
        self._environment.metrics.add("calls_turned_away_total")

    def _leave(self, lease: Lease) -> None:
        """Give a place of ours back that the call does not need."""
        if lease.gateway == self._environment.node:
            spawn(self._environment.nodes.release(lease), self._log, "giving a place back", call_sid=lease.call_sid)

    def _settle(self, arrival: _Arrival) -> None:
        self._waiting.pop((arrival.switch.name, arrival.channel_id), None)
        arrival.is_settled = True
        arrival.pause.cancel()


def _e164(number: str) -> str:
    """Write a number as the configuration's are written; leave what is no number as it is."""
    try:
        return normalise(number)
    except InvalidRequest:
        return number
