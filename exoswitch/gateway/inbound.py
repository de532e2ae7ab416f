"""Adapter: inbound calls, from their arrival at an Asterisk until one gateway of the fleet has each.

Every gateway that is paired with the Asterisk hears of the call and asks the allocator; all get the same answer. The
chosen gateway takes the call. The others stand by until the call has audio or is gone, and ask again every 0.2 s: if
the chosen gateway dies, another one is chosen within a second. Before that, Asterisk is asked whether the call still
waits: its audio may have gone unheard, as where its bot has handed it over to a person at once.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from attrs import define, evolve, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger

from exoswitch.call import events as ev
from exoswitch.call.endings import not_placed
from exoswitch.call.session import Direction, Session
from exoswitch.errors import BackendUnavailable, ChannelGone, NoCapacity, QuotaReached, TrunkError, TrunkRefused
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.call_metrics import count_refused
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.gateway.refusals import Refusals
from exoswitch.gateway.rules import CurrentRules
from exoswitch.interfaces.routing import InboundRoute
from exoswitch.interfaces.switch import ISwitch
from exoswitch.tasks.spawn import spawn
from exoswitch.tasks.window import Window
from exoswitch.telephony.causes import HangUpCause
from exoswitch.telephony.numbers import canonical, mask

FULL = not_placed("every place for a call was taken")
ASK_AGAIN_S = 0.2
ANSWER_S = 1.0  # how long a chosen gateway may take to answer the call before another one is chosen
MOST_WAITING = 1000  # more are left to other gateways, or to Asterisk, which ends them after `GIVE_UP_S`
MOST_REJECTED = 100  # a second; more are left to Asterisk, too
TURNED_AWAY_AT_ONCE = 32  # at one Asterisk; more wait for their turn
GIVE_UP_S = 20.0  # Asterisk itself hangs an unclaimed call up then


@define(eq=False)
class _Arrival:
    """A call that waits until it `is_settled`: a gateway has taken it, or it is gone.

    It `is_refused` once it is to be turned away.

    `chosen` is the other gateway that is to take it, since `chosen_at` (monotonic seconds).
    """

    switch: ISwitch
    route: InboundRoute
    session: Session
    is_settled: bool = False
    is_refused: bool = False
    pause: Deferred[None] = field(factory=lambda: succeed(None))
    chosen: str | None = None
    chosen_at: float = 0.0

    @property
    def channel_id(self) -> str:
        """The Uniqueid of the channel that waits."""
        return self.session.channel_id or ""

    def leave_to(self, lease: Lease, now: float) -> None:
        """Note which other gateway is to take the call, and the SID that all gateways use for it."""
        self.session = evolve(self.session, call_sid=lease.call_sid)
        if lease.gateway != self.chosen:
            self.chosen, self.chosen_at = lease.gateway, now

    def passing_over(self, now: float) -> str | None:
        """Give the chosen gateway if it did not take the call in time."""
        return self.chosen if now - self.chosen_at >= ANSWER_S else None


@define(eq=False)
class Inbound(Service):
    """Has each inbound call taken by one gateway."""

    _environment: Environment
    _rules: CurrentRules
    _calls: LiveCalls
    _waiting: dict[tuple[str, str], _Arrival] = field(factory=dict, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.inbound"), init=False)
    _refusals: Refusals = field(init=False)
    _turning_away: dict[str, Window] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        """Make the log of the calls that are refused."""
        self._refusals = Refusals(self._environment.clock, self._log)

    def arrived(self, switch: ISwitch, event: ev.CallArrived) -> None:
        """Take the news of a call that waits at an Asterisk."""
        key = switch.name, event.channel_id
        if key in self._waiting or self._calls.of_channel(switch, event.channel_id) is not None:
            return
        callee = canonical(event.callee)
        route = self._rules.now.routing.routes.get(callee)
        if route is None:
            self._reject(switch, event.channel_id, callee)
            return
        if self._calls.is_stopping:
            self._stand_aside(switch, event.channel_id)
            return
        if len(self._waiting) >= MOST_WAITING:
            self._environment.metrics.add("refused_total", reason="capacity")
            return
        session = self._session(event, route, canonical(event.caller), callee)
        arrival = self._waiting[key] = _Arrival(switch, route, session)
        spawn(self._receive(arrival), self._log, "receiving a call", call_sid=session.call_sid)

    def _reject(self, switch: ISwitch, channel_id: str, callee: str) -> None:
        """Hang up a call to a number of nobody here."""
        self._environment.metrics.add("refused_total", reason="unknown_number")
        unlogged = self._refusals.note(
            "a call to {number} was rejected: no account has this number; add it under numbers: if it is yours",
            number=mask(callee),
        )
        if unlogged < MOST_REJECTED:
            switch.hang_up(channel_id, HangUpCause.CALL_REJECTED)

    def observe(self, switch: ISwitch, event: ev.ChannelEvent) -> None:
        """Settle a waiting call whose channel has audio, because a gateway has taken it, or is gone."""
        arrival = self._waiting.get((switch.name, event.channel_id))
        if arrival is not None and isinstance(event, ev.MediaAnnounced | ev.ChannelHungUp):
            self._settle(arrival)

    def stopService(self) -> None:
        """Leave all waiting calls to other gateways."""
        for arrival in tuple(self._waiting.values()):
            self._settle(arrival)

    def is_waiting(self, call_sid: str) -> bool:
        """Whether a call with this SID still waits."""
        return any(arrival.session.call_sid == call_sid for arrival in self._waiting.values())

    def sessions(self) -> Iterator[Session]:
        """Give the sessions of the calls that wait."""
        yield from (arrival.session for arrival in self._waiting.values())

    def _stand_aside(self, switch: ISwitch, channel_id: str) -> None:
        """Leave a call to the other gateways; without any, turn it away."""
        if not self._environment.nodes.is_shared:
            self._refusals.note("a call was turned away: this gateway is stopping")
            self._environment.metrics.add("refused_total", reason="draining")
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
            trunk=event.trunk or None,
            recording=route.bot.record,
        )

    # --- The choice of a gateway ------------------------------------------------------------------------------------

    async def _receive(self, arrival: _Arrival) -> None:
        """Ask which gateway takes the call, until one has taken it."""
        began_at = self._environment.clock.seconds()
        try:
            while not arrival.is_settled and self._environment.clock.seconds() - began_at < GIVE_UP_S:
                excluding = await self._passed_over(arrival)
                if arrival.is_settled:
                    return
                lease = await self._ask(arrival, excluding)
                if arrival.is_settled:
                    self._leave(lease)
                elif lease.gateway == self._environment.node:
                    await self._take(arrival, lease)
                    return
                else:
                    arrival.leave_to(lease, self._environment.clock.seconds())
                    await self._stand_by(arrival)
        except QuotaReached as problem:
            self._refusals.note("a call was turned away: {problem}", problem=str(problem))
            count_refused(self._environment.metrics, problem)
            arrival.switch.hang_up(arrival.channel_id, HangUpCause.USER_BUSY)
        except (NoCapacity, BackendUnavailable) as problem:
            self._refusals.note("a call was turned away: {problem}", problem=str(problem))
            # It waits elsewhere: this frame and the error's traceback end now.
            arrival.is_refused = True
            self._turning_away_at(arrival.switch).add(partial(self._turn_away, arrival))
        finally:
            if not arrival.is_refused:
                self._settle(arrival)

    async def _passed_over(self, arrival: _Arrival) -> str | None:
        """Give the chosen gateway if it did not take the call in time; settle a call that was taken unheard."""
        late = arrival.passing_over(self._environment.clock.seconds())
        if late is None:
            return None
        try:
            if not await arrival.switch.is_waiting(arrival.channel_id):
                self._settle(arrival)
        except ChannelGone:
            self._settle(arrival)
        except BackendUnavailable:
            return None  # We could not take it.
        except TrunkRefused as problem:
            self._log.debug("{channel_id}: {problem}", channel_id=arrival.channel_id, problem=str(problem))
        return late

    async def _ask(self, arrival: _Arrival, excluding: str | None) -> Lease:
        received = self._environment.nodes.receive(
            arrival.switch.name,
            arrival.channel_id,
            arrival.session.call_sid,
            excluding=excluding,
            quotas=self._rules.now.routing.quotas_of(arrival.route.account),
        )
        return await self._environment.of_fleet(received)

    async def _stand_by(self, arrival: _Arrival) -> None:
        """Wait before the next question, or until the call is settled."""
        arrival.pause = deferLater(self._environment.clock, ASK_AGAIN_S)
        with suppress(CancelledError):
            await arrival.pause

    # --- The call is taken, or turned away --------------------------------------------------------------------------

    async def _take(self, arrival: _Arrival, lease: Lease) -> None:
        """Answer the call; if another gateway was chosen before, its name may be on the channel."""
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
        if (
            self._rules.now.routing.in_fleet
            and not self._environment.nodes.is_shared
            and not await self._claim(arrival)
        ):
            self._leave(lease)
            return
        call = self._calls.begin(session, lease)
        self._environment.sessions.note(session)
        call.feed(call.inputs.resume if is_chosen_again else call.inputs.arrive)

    async def _claim(self, arrival: _Arrival) -> bool:
        """Claim the call at Asterisk, while the gateways cannot agree through Redis."""
        try:
            await arrival.switch.claim(arrival.channel_id)
        except (TrunkError, BackendUnavailable):
            return False
        return True

    def _turning_away_at(self, switch: ISwitch) -> Window:
        """Give the calls that are turned away at one Asterisk: another one that is slow does not delay them."""
        if switch.name not in self._turning_away:
            self._turning_away[switch.name] = Window(TURNED_AWAY_AT_ONCE, self._log, "turning a call away")
        return self._turning_away[switch.name]

    async def _turn_away(self, arrival: _Arrival) -> None:
        """Play the caller the tone of a full gateway; one of all gateways does so, and records the call."""
        if arrival.is_settled:
            return
        try:
            await arrival.switch.turn_away(arrival.channel_id)
        except (TrunkError, BackendUnavailable) as problem:
            self._log.debug("{channel_id}: {problem}", channel_id=arrival.channel_id, problem=str(problem))
            return
        finally:
            self._settle(arrival)
        session = evolve(arrival.session, gateway=self._environment.node, asterisk=arrival.switch.name)
        self._environment.record_end(session, FULL)
        self._environment.metrics.add("refused_total", reason="capacity")

    def _leave(self, lease: Lease) -> None:
        """Give a place of this gateway back that the call does not need."""
        if lease.gateway == self._environment.node:
            self._environment.give_back(lease)

    def _settle(self, arrival: _Arrival) -> None:
        self._waiting.pop((arrival.switch.name, arrival.channel_id), None)
        arrival.is_settled = True
        arrival.pause.cancel()
