"""Adapter: outbound calls: accepted by any gateway of the fleet, dialled once, by the one that has the place for it.

A call is accepted when it has a place and its session is durable. One whose place is on another gateway is handed
over as a job. Whoever dials claims the call first, so that neither a job which comes twice nor a gateway that was
taken for dead dials it a second time.
"""

from attrs import define, evolve, field
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.call.endings import not_placed
from exoswitch.call.session import Direction, Session
from exoswitch.errors import BackendUnavailable, NoCapacity, QuotaReached, TrunkError
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.environment import STORE_WAIT_S, Environment
from exoswitch.gateway.handoff_watch import HandoffWatch
from exoswitch.gateway.live_call import LiveCall, OutboundRoute
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.interfaces.calls import CallRequest
from exoswitch.interfaces.routing import Routing
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.retry import Retry
from exoswitch.tasks.spawn import spawn
from exoswitch.telephony.numbers import normalise
from exoswitch.trunks.channels import TrunkChannels

LOOK_EVERY_S = 5.0
NO_ASTERISK = "no Asterisk can be reached: see /readyz"
NOT_SAVED = not_placed("its session could not be saved, so it was not placed")


@define(eq=False)
class Outbound:
    """Who accepts and dials outbound calls."""

    _environment: Environment
    _routing: Routing
    _lines: TrunkChannels
    _calls: LiveCalls
    _minding: HandoffWatch = field(init=False)
    _retry: Retry = field(init=False)
    _looks: LoopingCall | None = field(default=None, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.outbound"), init=False)

    def __attrs_post_init__(self) -> None:
        """Have handed-over calls minded."""
        self._minding = HandoffWatch(self._environment, self._place_again)
        self._retry = Retry(self._environment.clock, STORE_WAIT_S)

    def start(self) -> None:
        """Look after the calls that are handed over."""
        self._looks = repeat(self._minding.look, LOOK_EVERY_S, self._environment.clock, self._log)

    def stop(self) -> None:
        """Trust the others with them, and with what could not be found out about."""
        self._retry.stop()
        if self._looks is not None and self._looks.running:
            self._looks.stop()

    # --- Accepted here --------------------------------------------------------------------------------------------

    async def place(self, request: CallRequest) -> Session:
        """Accept a call, and have it dialled here or elsewhere; see ICalls.place."""
        self._check()
        session = self._session(request)
        lease = await self._find_place(session)
        session = evolve(session, gateway=lease.gateway, asterisk=lease.asterisk)
        if lease.gateway != self._environment.node:
            return await self._hand_over(session, lease)
        call = self._begin(session, lease)
        try:
            await self._save(call.session)
        except BackendUnavailable:
            call.abandon()
            raise
        call.tell(call.life.dial)
        return call.session

    def _check(self) -> None:
        if self._calls.is_stopping:
            raise BackendUnavailable("this gateway is stopping: place the call on another one")
        if not self._environment.sessions.ready:
            raise BackendUnavailable("what keeps sessions cannot be reached: see the log")
        if not (self._environment.nodes.is_shared or self._has_switch):
            raise BackendUnavailable(NO_ASTERISK)

    @property
    def _has_switch(self) -> bool:
        return any(switch.ready for switch in self._environment.switches.values())

    def _session(self, request: CallRequest) -> Session:
        now = self._environment.wall_clock()
        return Session(
            call_sid=self._environment.new_sid(),
            stream_sid=self._environment.new_sid(),
            account=request.account,
            direction=Direction.OUTBOUND,
            customer=normalise(request.number),
            exophone=request.exophone,
            bot=request.bot,
            created_at=now,
            updated_at=now,
            custom_field=request.custom_field,
            ring_s=request.ring_s,
            max_duration_s=request.max_duration_s,
        )

    async def _find_place(self, session: Session) -> Lease:
        """Take a place for a new call; where none of our Asterisks can be reached, others' may all the same."""
        try:
            return await self._allocate(session, is_new=True)
        except QuotaReached:
            raise
        except NoCapacity:
            if self._has_switch:
                raise
            raise BackendUnavailable(NO_ASTERISK) from None

    async def _allocate(self, session: Session, *, is_new: bool, any_gateway: bool = True) -> Lease:
        allocated = self._environment.nodes.allocate(
            session.call_sid,
            any_gateway=any_gateway and self._routing.shares_sessions,
            quotas=self._routing.quotas_of(session.account, is_new=is_new),
        )
        return await self._environment.in_time(allocated)

    async def _hand_over(self, session: Session, lease: Lease) -> Session:
        """Leave a call to the gateway that has the place for it; dial it here if that gateway cannot be told."""
        try:
            await self._save(session)
        except BackendUnavailable:
            self._give_back(lease)
            raise
        try:
            await self._environment.in_time(self._environment.jobs.send(lease))
        except BackendUnavailable as problem:
            # Should the job have arrived all the same, the claim decides who dials.
            self._log.warn("call {call_sid} stays here: {problem}", call_sid=session.call_sid, problem=str(problem))
            self._give_back(lease)
            return await self._keep(session)
        await self._environment.nodes.transfer(lease)
        self._minding.mind(session.call_sid)
        return session

    async def _keep(self, session: Session) -> Session:
        """Dial a call here that could not be handed over; without a place here, either, it has failed."""
        try:
            lease = await self._allocate(session, is_new=False, any_gateway=False)
        except (NoCapacity, BackendUnavailable) as problem:
            self._fail(session, problem)
            raise
        return self.dial(session, lease).session

    async def _place_again(self, session: Session) -> None:
        """Find another place for a call that was handed over, and lost with its place."""
        self._log.warn("call {call_sid} was handed over and lost; placing it again", call_sid=session.call_sid)
        try:
            lease = await self._allocate(session, is_new=False)
        except NoCapacity as problem:
            self._fail(session, problem)
        else:
            if lease.gateway == self._environment.node:
                self.try_to_dial(session, lease)
            else:
                await self._hand_over(evolve(session, gateway=lease.gateway, asterisk=lease.asterisk), lease)

    async def _save(self, session: Session) -> None:
        try:
            await self._environment.in_time(self._environment.sessions.save(session))
        except BackendUnavailable:
            self._environment.sessions.note(session.ended(NOT_SAVED, self._environment.wall_clock()))
            raise

    # --- Accepted elsewhere, or by a gateway that is gone -----------------------------------------------------------

    async def job_arrived(self, lease: Lease) -> None:
        """Dial a call that another gateway has accepted for us; see IJobListener."""
        if not await self._retry.ask(lambda: self._environment.nodes.hold(lease), "the fleet's allocator"):
            return
        call_sids = [lease.call_sid]
        for session in await self._retry.ask(
            lambda: self._environment.sessions.recall(call_sids), "the session store"
        ):
            if not session.status.is_final:
                self.try_to_dial(session, lease)
                return
        self._log.warn("call {call_sid} was handed over, but is not to be dialled", call_sid=lease.call_sid)
        self._give_back(lease)

    def try_to_dial(self, session: Session, lease: Lease) -> None:
        """Dial as `dial` does, unless the call lives here already, when nobody waits to be told that it cannot be."""
        live = self._calls.find(session.call_sid)
        if live is not None:
            if live.lease.token != lease.token:
                self._give_back(lease)
            return
        try:
            self.dial(session, lease)
        except (NoCapacity, TrunkError) as problem:
            self._log.warn("call {call_sid} failed: {problem}", call_sid=session.call_sid, problem=str(problem))

    def dial(self, session: Session, lease: Lease) -> LiveCall:
        """Dial a call that was accepted and saved, on this place of ours; one that cannot be dialled has failed.

        Raises:
            NoCapacity: no trunk has a line for it, or there is no RTP port.
            TrunkError: no trunk is configured.
        """
        try:
            call = self._begin(session, lease)
        except (NoCapacity, TrunkError) as problem:
            self._fail(session, problem)
            raise
        self._environment.sessions.note(call.session)
        call.tell(call.life.dial)
        return call

    def _fail(self, session: Session, problem: Exception) -> None:
        self._environment.sessions.note(session.ended(not_placed(str(problem)), self._environment.wall_clock()))

    def _begin(self, session: Session, lease: Lease) -> LiveCall:
        try:
            trunk, wait_s = self._lines.take(self._environment.clock.seconds())
        except (NoCapacity, TrunkError):
            self._give_back(lease)
            raise
        dial_string = self._routing.trunks[trunk].dial_string(session.customer)
        session = evolve(session, trunk=trunk, gateway=self._environment.node, asterisk=lease.asterisk)
        return self._calls.begin(session, lease, OutboundRoute(trunk=trunk, channel=dial_string, wait_s=wait_s))

    def _give_back(self, lease: Lease) -> None:
        spawn(self._environment.nodes.release(lease), self._log, "giving a place back", call_sid=lease.call_sid)
