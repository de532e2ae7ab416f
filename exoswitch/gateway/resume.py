"""Adapter: a call whose gateway is gone goes on here, from its session and its place.

An answered call is led here by Asterisk while its bot is connected again. A call that rings is adopted until it is
answered. A call that was accepted but never dialled is dialled.
"""

from collections.abc import Awaitable

from attrs import define, evolve, field
from twisted.logger import Logger

from exoswitch.call import endings
from exoswitch.call.session import Direction, Session
from exoswitch.errors import BackendUnavailable, NoCapacity
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_call import LiveCall
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.gateway.outbound import Outbound
from exoswitch.gateway.rules import CurrentRules
from exoswitch.tasks.spawn import spawn
from exoswitch.telephony.causes import HangUpCause

STALE_S = 300.0  # a call that was accepted longer ago, and never dialled, is dialled no longer


@define(eq=False)
class Resumer:
    """Goes on with calls whose gateway is gone, or ends them."""

    _environment: Environment
    _rules: CurrentRules
    _calls: LiveCalls
    _outbound: Outbound
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.resume"), init=False)

    async def resume(self, session: Session, lease: Lease) -> None:
        """Go on with a call on this place of ours; the place is given back if the call does not need it.

        An error ends this call only: a session that this version does not understand must not stop the others.
        """
        await self._or_give_up(self._resume(session, lease), session, lease)

    async def _or_give_up(self, work: Awaitable[None], session: Session, lease: Lease) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - see above
            self._log.failure("call {call_sid} cannot be resumed", call_sid=session.call_sid)
            if self._calls.find(session.call_sid) is None:
                self._environment.give_back(lease)
                self.give_up(session, "its session cannot be used by this gateway")

    async def _resume(self, session: Session, lease: Lease) -> None:
        if self._calls.has(session, lease):
            return
        session = evolve(session, takeovers=session.takeovers + 1)
        if session.status.is_final:
            self._environment.give_back(lease)
        elif session.answered_at is not None:
            self._resume_answered(session, lease)
        elif session.direction is Direction.INBOUND:
            self._resume_waiting(session, lease)
        else:
            await self._dial_or_adopt(session, lease)

    def give_up(self, session: Session, why: str) -> None:
        """End a call that no gateway goes on with; hang up its channel, which may still be up."""
        switch = self._environment.switches.get(session.asterisk or "")
        if switch is not None:
            for channel_id in session.channels(self._rules.now.routing.limits.attempts):
                switch.hang_up_lost(channel_id, HangUpCause.NORMAL_CLEARING)
        self.end(session, why)

    def end(self, session: Session, why: str) -> None:
        """Record that a call ended with its gateway."""
        ending = endings.gateway_lost(why, answered=session.answered_at is not None)
        self._calls.on_changed(self._environment.record_end(session, ending))
        self._log.warn("call {call_sid}: {reason}", call_sid=session.call_sid, reason=ending.reason)

    def _resume_answered(self, session: Session, lease: Lease) -> None:
        if session.is_between_phones:
            self._resume_phone(session, lease)
            return
        if session.flow is not None and session.flow.ended is not None:
            self._resume_flow(session, lease)
            return
        options = session.stream_options
        if options.on_gateway_loss == "hang-up":
            self._environment.give_back(lease)
            self.give_up(evolve(session, asterisk=lease.asterisk), "its bot is configured so that the call ends then")
            self._environment.metrics.add("takeovers_total", result="ended")
            return
        if options.resumed_sid == "new":
            session = evolve(session, stream_sid=self._environment.new_sid())
        self._resume_waiting(session, lease)

    def _resume_flow(self, session: Session, lease: Lease) -> None:
        """Go on with a call whose stream has ended, and whose caller waits for what follows."""
        call = self._begin(session, lease)
        if call is not None:
            call.feed(call.inputs.resume_flow)

    def _resume_phone(self, session: Session, lease: Lease) -> None:
        call = self._begin(session, lease)
        if call is not None:
            call.feed(call.inputs.resume_first if session.second else call.inputs.resume_second)

    def _resume_waiting(self, session: Session, lease: Lease) -> None:
        call = self._begin(session, lease)
        if call is not None:
            call.feed(call.inputs.resume)

    async def _dial_or_adopt(self, session: Session, lease: Lease) -> None:
        environment = self._environment
        try:
            may_dial = await self._may_dial(session)
        except BackendUnavailable as problem:
            self._environment.give_back(lease)
            self.give_up(session, f"this gateway could not find out whether it had been dialled: {problem}")
            return
        if self._calls.has(session, lease):
            return
        if not may_dial:
            call = self._begin(evolve(session, channel_id=session.channel_id or session.channel_of(1)), lease)
            if call is not None:
                call.feed(call.inputs.adopt_ringing)
        elif environment.wall_clock() - session.created_at <= STALE_S:
            dialling = self._or_give_up(self._outbound.try_to_dial(session, lease), session, lease)
            spawn(dialling, self._log, "dialling a call", call_sid=session.call_sid)  # The next call does not wait.
        else:
            self._environment.give_back(lease)
            self.end(session, f"no gateway dialled it for {STALE_S:g} s")

    async def _may_dial(self, session: Session) -> bool:
        """Claim a call that was never dialled.

        A claim alone does not tell: this process may have dialled the call, before another gateway took it over.
        """
        if session.channel_id is not None:
            return False
        environment = self._environment
        return await environment.of_store(environment.sessions.claim(session.call_sid, environment.process))

    def _begin(self, session: Session, lease: Lease) -> LiveCall | None:
        now = self._environment.wall_clock()
        session = evolve(session, gateway=self._environment.node, asterisk=lease.asterisk, updated_at=now)
        try:
            call = self._calls.begin(session, lease)
        except NoCapacity as problem:
            self.give_up(session, f"the gateway that took it over had no place: {problem}")
            return None
        self._environment.sessions.note(session)
        self._environment.metrics.add("takeovers_total", result="resumed")
        return call
