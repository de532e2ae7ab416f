"""Adapter: outbound calls: any gateway of the fleet accepts them, one dials each, once.

A call is accepted when it has a place and its session is durable. If the place is on another gateway, the call is
handed over as a job. A gateway claims a call before it dials, so that neither a repeated job nor a gateway that was
taken for dead dials it a second time.
"""

from attrs import define, evolve, field
from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.call.endings import not_placed
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import Direction, Ending, Session
from exoswitch.errors import BackendUnavailable, InvalidValue, NoCapacity, QuotaReached
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.call_metrics import REFUSALS, allocation, count_refused
from exoswitch.gateway.dialling import STOPPING
from exoswitch.gateway.environment import ANSWER_S, FLEET, NO_STORE, SESSION_STORE, Environment
from exoswitch.gateway.handoff_watch import HandoffWatch
from exoswitch.gateway.live_call import LiveCall
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.gateway.rules import CurrentRules
from exoswitch.interfaces.calls import CallRequest
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.retry import Retry
from exoswitch.tasks.spawn import spawn
from exoswitch.telephony.numbers import phone

LOOK_EVERY_S = 5.0
NO_ASTERISK = "no Asterisk can be reached: see /readyz"
NOT_SAVED = not_placed("its session could not be saved, so it was not placed")


@define(eq=False)
class Outbound(Service):
    """Accepts outbound calls, hands them over, and dials them."""

    _environment: Environment
    _rules: CurrentRules
    _calls: LiveCalls
    _watch: HandoffWatch = field(init=False)
    _retry: Retry = field(init=False)
    _unanswered: set[str] = field(factory=set, init=False)
    _loop: LoopingCall | None = field(default=None, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.outbound"), init=False)

    def __attrs_post_init__(self) -> None:
        """Make the watch of calls that are handed over."""
        self._watch = HandoffWatch(self._environment, self._place_again)
        self._retry = Retry(self._environment.clock, ANSWER_S)

    def startService(self) -> None:
        """Watch the calls that are handed over."""
        self._loop = repeat(self._watch.look, LOOK_EVERY_S, self._environment.clock, self._log)

    def stopService(self) -> None:
        """Watch them no longer, and ask nothing more."""
        self._retry.stop()
        if self._loop is not None and self._loop.running:
            self._loop.stop()

    # --- Accepted here --------------------------------------------------------------------------------------------

    @deferred
    async def place(self, request: CallRequest) -> Session:
        """Accept a call, and have it dialled here or by another gateway; see ICalls.place."""
        try:
            return await self._place(request)
        except REFUSALS as problem:
            count_refused(self._environment.metrics, problem, is_stopping=self._calls.is_stopping)
            raise

    async def _place(self, request: CallRequest) -> Session:
        self._check()
        session = self._session(request)
        self._unanswered.add(session.call_sid)
        if session.callback is not None:
            self._environment.holds.hold(session.call_sid)  # until the dialer has the reply
        try:
            return await self._accept(session)
        except BaseException:
            self._environment.holds.release(session.call_sid)
            raise
        finally:
            self._unanswered.discard(session.call_sid)

    async def _accept(self, session: Session) -> Session:
        """Find a place and a trunk for a call, and save it; of a call that is not accepted nobody is told."""
        lease = await self._find_place(session)
        if self._calls.is_stopping:
            self._environment.give_back(lease)
            raise BackendUnavailable(STOPPING)
        session = evolve(session, gateway=lease.gateway, asterisk=lease.asterisk)
        if lease.gateway != self._environment.node:
            return await self._hand_over(session, lease)
        call = await self._calls.begin_outbound(evolve(session, callback=None), lease)
        try:
            await self._save(call.record.tell(session.callback))
        except BackendUnavailable:
            call.record.tell(None)
            call.feed(call.inputs.abandon)
            raise
        call.feed(call.inputs.dial)
        return call.session

    def _check(self) -> None:
        if self._calls.is_stopping:
            raise BackendUnavailable(STOPPING)
        if not self._environment.sessions.ready:
            raise BackendUnavailable(NO_STORE)
        if not (self._environment.nodes.is_shared or self._environment.has_switch):
            raise BackendUnavailable(NO_ASTERISK)

    def _session(self, request: CallRequest) -> Session:
        now = self._environment.wall_clock()
        return Session(
            call_sid=self._environment.new_sid(),
            stream_sid=self._environment.new_sid(),
            account=request.account,
            direction=Direction.OUTBOUND,
            customer=phone(request.number),
            exophone=request.exophone,
            bot=request.bot,
            second=None if request.second is None else self._second(request.second),
            tap=request.tap,
            created_at=now,
            updated_at=now,
            custom_field=request.custom_field,
            ring_s=request.ring_s,
            max_duration_s=request.max_duration_s,
            recording=self._rules.now.routing.recording(request.recording_of_call),
            callback=request.callback,
        )

    def _second(self, number: str) -> SecondLeg:
        return SecondLeg(number=phone(number), call_sid=self._environment.new_sid())

    async def _find_place(self, session: Session) -> Lease:
        """Take a place for a new call; other gateways may reach an Asterisk when this one cannot."""
        try:
            return await self._allocate(session, is_new=True)
        except QuotaReached:
            raise
        except NoCapacity:
            if self._environment.has_switch:
                raise
            raise BackendUnavailable(NO_ASTERISK) from None

    async def _allocate(self, session: Session, *, is_new: bool, any_gateway: bool = True) -> Lease:
        allocated = self._environment.nodes.allocate(
            session.call_sid,
            any_gateway=any_gateway and self._rules.now.routing.shares_sessions,
            quotas=self._rules.now.routing.quotas_of(session.account, is_new=is_new),
        )
        environment = self._environment
        return await allocation(environment.metrics, environment.clock, environment.of_fleet(allocated))

    async def _hand_over(self, session: Session, lease: Lease) -> Session:
        """Leave a call to the gateway that has the place for it; dial it here if that gateway cannot be told."""
        try:
            await self._save(session)
        except BackendUnavailable:
            self._environment.give_back(lease)
            raise
        try:
            await self._environment.of_fleet(self._environment.jobs.send(lease))
        except BackendUnavailable as problem:
            # If the job has arrived in spite of this, the claim decides which gateway dials.
            self._log.warn("call {call_sid} stays here: {problem}", call_sid=session.call_sid, problem=str(problem))
            self._environment.give_back(lease)
            return await self._keep(session)
        self._watch.watch(session.call_sid)
        # The job is on its way: the call is accepted, even if Redis does not answer now.
        transferred = self._retry.ask(lambda: self._environment.nodes.transfer(lease), FLEET)
        spawn(transferred, self._log, "giving a place away", call_sid=session.call_sid)
        return session

    async def _keep(self, session: Session) -> Session:
        """Dial a call here that could not be handed over; without a place here it has failed."""
        try:
            lease = await self._allocate(session, is_new=False, any_gateway=False)
        except (NoCapacity, BackendUnavailable) as problem:
            self._fail(session, problem)
            raise
        return (await self.dial(session, lease)).session

    async def _place_again(self, session: Session) -> None:
        """Find another place for a call that was handed over, and has lost its place."""
        self._log.warn("call {call_sid} was handed over and lost; it is placed again", call_sid=session.call_sid)
        try:
            lease = await self._allocate(session, is_new=False)
        except NoCapacity as problem:
            self._fail(session, problem)
        else:
            if lease.gateway == self._environment.node:
                await self.try_to_dial(session, lease)
            else:
                await self._hand_over(evolve(session, gateway=lease.gateway, asterisk=lease.asterisk), lease)

    async def _save(self, session: Session) -> None:
        try:
            await self._environment.of_store(self._environment.sessions.save(session))
        except BackendUnavailable:
            self._record_end(session, NOT_SAVED)
            raise

    # --- Accepted by another gateway --------------------------------------------------------------------------------

    @deferred
    async def job_arrived(self, lease: Lease) -> None:
        """Dial a call that another gateway has accepted; see IJobListener."""
        environment = self._environment
        if not await self._retry.ask(lambda: environment.nodes.hold(lease), FLEET):
            return
        for session in await self._retry.ask(lambda: environment.sessions.recall([lease.call_sid]), SESSION_STORE):
            if not session.status.is_final:
                await self.try_to_dial(session, lease)
                return
        self._log.warn("call {call_sid} was handed over, but has ended already", call_sid=lease.call_sid)
        self._environment.give_back(lease)

    async def try_to_dial(self, session: Session, lease: Lease) -> None:
        """Dial as `dial` does, unless the call is live here; a failure is logged."""
        if self._calls.has(session, lease):
            return
        try:
            await self.dial(session, lease)
        except (*REFUSALS, InvalidValue) as problem:
            self._log.warn("call {call_sid} failed: {problem}", call_sid=session.call_sid, problem=str(problem))

    async def dial(self, session: Session, lease: Lease) -> LiveCall:
        """Dial a saved call on this place; a call that cannot be dialled has failed.

        Raises:
            NoCapacity: no trunk has a channel for it, or no RTP port is free.
            TrunkError, InvalidValue, BackendUnavailable: see `LiveCall.accept`.
        """
        session = evolve(session, gateway=self._environment.node, asterisk=lease.asterisk)
        try:
            call = await self._calls.begin_outbound(session, lease)
        except (*REFUSALS, InvalidValue) as problem:
            self._fail(session, problem)
            raise
        self._environment.sessions.note(call.session)
        call.feed(call.inputs.dial)
        return call

    def _fail(self, session: Session, problem: Exception) -> None:
        self._record_end(session, not_placed(str(problem)))

    def _record_end(self, session: Session, ending: Ending) -> None:
        """Record the end of a call; a dialer who gets an error for it knows no such call, and is not called back."""
        if session.call_sid in self._unanswered:
            session = evolve(session, callback=None)
        self._environment.record_end(session, ending)
