"""Adapter: all live calls of this node: begins them, routes what happens to them, and ends them when we stop."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from attrs import define, evolve, field, frozen
from twisted.internet.defer import Deferred, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch import events as ev
from exoswitch.call_inputs import CallLimits, apply_event
from exoswitch.errors import BackendUnavailable, InvalidRequest, NoCapacity
from exoswitch.exotel.numbers import mask, normalise
from exoswitch.exotel.statuses import HangUpCause
from exoswitch.interfaces import CallRequest, ICalls, ISwitch, ISwitchListener, ITrunk
from exoswitch.live_call import STORE_WAIT_S, LiveCall, OutboundLine, Ports
from exoswitch.session import BotTarget, CallStatus, Direction, Ending, Session
from exoswitch.trunks.lines import TrunkLines

ENDED_UNSEEN = 0  # the cause of a hang-up that happened while the link to Asterisk was down
NOT_PLACED = Ending(status=CallStatus.FAILED, reason="its session could not be saved, so it was not placed")
STOP_WAIT_S = 8.0  # longer than a call waits for Asterisk to confirm its hang-up


@frozen
class InboundRoute:
    """Whose an inbound number is, and the bot that answers it."""

    account: str
    bot: BotTarget


@frozen(kw_only=True)
class Directory:
    """What the engine knows of its configuration: limits, concurrency, trunks, and inbound numbers (E.164)."""

    limits: CallLimits
    concurrency: Mapping[str, int]
    trunks: Mapping[str, ITrunk]
    routes: Mapping[str, InboundRoute]


@implementer(ICalls, ISwitchListener)
@define(eq=False)
class Engine:
    """The calls of one node."""

    _ports: Ports
    _directory: Directory
    _lines: TrunkLines
    _calls: dict[str, LiveCall] = field(factory=dict, init=False)
    _inbound: dict[tuple[str, str], LiveCall] = field(factory=dict, init=False)
    _by_account: Counter[str] = field(factory=Counter, init=False)
    _is_stopping: bool = field(default=False, init=False)
    _all_over: Deferred[None] | None = field(default=None, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.engine"), init=False)

    # --- What the REST API asks (ICalls) ------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether a call could be placed now."""
        return not self._is_stopping and self._ports.sessions.ready and self._has_switch

    @property
    def _has_switch(self) -> bool:
        return any(switch.ready for switch in self._ports.switches.values())

    def place(self, request: CallRequest) -> Deferred[Session]:
        """Accept an outbound call and begin to dial it."""
        return Deferred.fromCoroutine(self._place(request))

    def find(self, account: str, call_sid: str) -> Deferred[Session]:
        """Show one call; a live one is known here, whatever has become of the store."""
        call = self._calls.get(call_sid)
        if call is not None and call.session.account == account:
            return succeed(call.session)
        return self._ports.sessions.load(account, call_sid)

    async def _place(self, request: CallRequest) -> Session:
        self._check_ready(request.account)
        number = normalise(request.number)
        trunk, wait_s = self._lines.take(self._ports.clock.seconds())
        line = OutboundLine(trunk=trunk, channel=self._directory.trunks[trunk].dial_string(number), wait_s=wait_s)
        session = self._new_session(Direction.OUTBOUND, request.account, request.bot, number, request.exophone)
        session = evolve(session, custom_field=request.custom_field, trunk=trunk)
        call = self._begin(session, session.call_sid, self._limits_of(request), line=line)
        try:
            await self._save(session)
        except BackendUnavailable:
            self._forget(call)
            self._ports.sessions.note(session.ended(NOT_PLACED, self._ports.wall_clock()))
            raise
        call.tell(call.life.dial)
        await call.admission
        return call.session

    def _check_ready(self, account: str) -> None:
        if self._is_stopping:
            raise BackendUnavailable("this gateway is stopping: place the call on another one")
        if not self._ports.sessions.ready:
            raise BackendUnavailable("what keeps sessions cannot be reached: see the log")
        if not self._has_switch:
            raise BackendUnavailable("no Asterisk can be reached: see /readyz")
        limit = self._directory.concurrency[account]
        if self._by_account[account] >= limit:
            raise NoCapacity(f"account {account} has its {limit} calls at once (concurrency)")

    async def _save(self, session: Session) -> None:
        try:
            await self._ports.sessions.save(session).addTimeout(STORE_WAIT_S, self._ports.clock)
        except DeferredTimeout as problem:
            raise BackendUnavailable("the session could not be saved in time; the call was not placed") from problem

    # --- What happens at an Asterisk (ISwitchListener) ----------------------------------------------------------

    def switch_event(self, switch: ISwitch, event: ev.SwitchEvent) -> None:
        """Route an event to the call that it is of; events of channels that are not ours are passed over."""
        match event:
            case ev.SwitchReady(channel_ids):
                self._ports.nodes.set_health(switch.name, healthy=True)
                self._end_vanished(switch, channel_ids)
            case ev.SwitchLost():
                self._ports.nodes.set_health(switch.name, healthy=False)
            case ev.CallArrived(channel_id, caller, callee):
                self._arrive(switch, channel_id, caller, callee)
            case _:
                call = self._find_channel(switch, event.channel_id)
                if call is not None:
                    call.tell(apply_event, call.life, event)

    def _find_channel(self, switch: ISwitch, channel_id: str) -> LiveCall | None:
        return self._calls.get(channel_id) or self._inbound.get((switch.name, channel_id))

    def _end_vanished(self, switch: ISwitch, channel_ids: frozenset[str]) -> None:
        """End the calls whose channels disappeared while the link was down."""
        for call in list(self._calls.values()):
            if call.switch is switch and call.has_channel and call.channel_id not in channel_ids:
                call.tell(call.life.channel_hung_up, ENDED_UNSEEN)

    def _arrive(self, switch: ISwitch, channel_id: str, caller: str, callee: str) -> None:
        route = self._directory.routes.get(_e164(callee))
        if route is None or self._is_stopping:
            self._log.warn("a call to {number} was turned away", number=mask(callee), known=route is not None)
            switch.hang_up(channel_id, HangUpCause.CALL_REJECTED)
            return
        if self._by_account[route.account] >= self._directory.concurrency[route.account]:
            self._log.warn(
                "a call for {account}, which is at its concurrency, was turned away", account=route.account
            )
            switch.hang_up(channel_id, HangUpCause.USER_BUSY)
            return
        session = self._new_session(Direction.INBOUND, route.account, route.bot, _e164(caller), _e164(callee))
        call = self._begin(session, channel_id, self._directory.limits, switch=switch)
        call.admission.addErrback(lambda _: None)  # The call has recorded its own ending.
        self._ports.sessions.note(session)
        call.tell(call.life.arrive)

    # --- Beginnings and ends ------------------------------------------------------------------------------------

    def _new_session(self, direction: Direction, account: str, bot: BotTarget, caller: str, callee: str) -> Session:
        now = self._ports.wall_clock()
        return Session(
            call_sid=self._ports.new_sid(),
            stream_sid=self._ports.new_sid(),
            account=account,
            direction=direction,
            caller=caller,
            callee=callee,
            exophone=callee,
            bot=bot,
            created_at=now,
            updated_at=now,
        )

    def _limits_of(self, request: CallRequest) -> CallLimits:
        limits = self._directory.limits
        return CallLimits(
            ring_s=request.ring_s or limits.ring_s,
            handshake_s=limits.handshake_s,
            max_duration_s=min(request.max_duration_s or limits.max_duration_s, limits.max_duration_s),
        )

    def _begin(
        self,
        session: Session,
        channel_id: str,
        limits: CallLimits,
        *,
        line: OutboundLine | None = None,
        switch: ISwitch | None = None,
    ) -> LiveCall:
        call = LiveCall(session, channel_id, self._forget, self._ports, limits, line, switch)
        self._calls[session.call_sid] = call
        if switch is not None:
            self._inbound[switch.name, channel_id] = call
        self._by_account[session.account] += 1
        return call

    def _forget(self, call: LiveCall) -> None:
        """Let go of a call that is over; harmless the second time."""
        if self._calls.pop(call.call_sid, None) is None:
            return
        if call.switch is not None:
            self._inbound.pop((call.switch.name, call.channel_id), None)
        if call.trunk is not None:
            self._lines.give_back(call.trunk)
        self._by_account[call.session.account] -= 1
        all_over = self._all_over
        if not self._calls and all_over is not None:
            self._all_over = None
            all_over.callback(None)

    @property
    def live(self) -> int:
        """Count the calls that are not over."""
        return len(self._calls)

    async def drain(self, wait_s: float) -> None:
        """Take no more calls, and wait for those that there are, this long at the most."""
        self._is_stopping = True
        if self._calls and wait_s:
            self._log.info("stopping: up to {wait_s:g} s for {calls} calls", wait_s=wait_s, calls=len(self._calls))
            await self._all_calls_over(wait_s)

    async def stop(self) -> None:
        """Take no more calls, hang up those that there are, and wait until they are over."""
        self._is_stopping = True
        for call in list(self._calls.values()):
            call.tell(call.life.hang_up, "the gateway stopped")
        await self._all_calls_over(STOP_WAIT_S)

    async def _all_calls_over(self, wait_s: float) -> None:
        if not self._calls:
            return
        all_over = self._all_over = Deferred()
        with suppress(DeferredTimeout):
            await all_over.addTimeout(wait_s, self._ports.clock)
        self._all_over = None


def _e164(number: str) -> str:
    """Write a number as the configuration's are written; leave what is no number as it is."""
    try:
        return normalise(number)
    except InvalidRequest:
        return number
