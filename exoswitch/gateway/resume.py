"""Adapter: one call that has no gateway any more is gone on with here, from its session and its place.

How depends on how far the call had come: one that was answered is led here by Asterisk while its bot is connected
anew, one that rings is attended until it is answered, and one that was accepted but never dialled is dialled.
"""

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
from exoswitch.tasks.spawn import spawn
from exoswitch.telephony.causes import HangUpCause

STALE_S = 300.0  # a call that was accepted longer ago, and never dialled, is not dialled any more


@define(eq=False)
class Resumption:
    """Who goes on with calls whose gateway is gone."""

    _environment: Environment
    _calls: LiveCalls
    _placing: Outbound
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.resume"), init=False)

    async def resume(self, session: Session, lease: Lease) -> None:
        """Go on with a call on this place of ours, which is given back if there is nothing to go on with."""
        if self._lives(session, lease):
            return
        session = evolve(session, takeovers=session.takeovers + 1)
        if session.status.is_final:
            self._give_back(lease)
        elif session.answered_at is not None:
            self._go_on(session, lease)
        elif session.direction is Direction.INBOUND:
            self._begin(session, lease, "resume")
        else:
            await self._dial_or_attend(session, lease)

    def _lives(self, session: Session, lease: Lease) -> bool:
        """Say whether the call is live here, on this place or on another, in which case this one is not needed."""
        call = self._calls.find(session.call_sid)
        if call is not None and call.lease.token != lease.token:
            self._give_back(lease)
        return call is not None

    def give_up(self, session: Session, why: str) -> None:
        """End a call that nobody will come for, and that may be up yet."""
        switch = self._environment.switches.get(session.asterisk or "")
        if switch is not None:
            switch.hang_up_lost(session.channel_id or session.call_sid, HangUpCause.NORMAL_CLEARING)
        self.end(session, why)

    def end(self, session: Session, why: str) -> None:
        """Write down that a call is over with its gateway."""
        ending = endings.gateway_lost(why, answered=session.answered_at is not None)
        self._environment.sessions.note(session.ended(ending, self._environment.wall_clock()))
        self._log.warn("call {call_sid}: {reason}", call_sid=session.call_sid, reason=ending.reason)

    def _go_on(self, session: Session, lease: Lease) -> None:
        options = session.bot.options
        if options.resumed_sid == "new":
            session = evolve(session, stream_sid=self._environment.new_sid())
        self._begin(session, lease, "resume" if options.on_gateway_loss == "resume" else "hang_up")

    async def _dial_or_attend(self, session: Session, lease: Lease) -> None:
        try:
            may_dial = await self._environment.in_time(
                self._environment.sessions.claim(session.call_sid, self._environment.process)
            )
        except BackendUnavailable as problem:
            self._give_back(lease)
            self.give_up(session, f"whether it had been dialled could not be found out: {problem}")
            return
        if self._lives(session, lease):
            return
        if not may_dial:
            self._begin(session, lease, "attend")
        elif self._environment.wall_clock() - session.created_at <= STALE_S:
            self._placing.try_to_dial(session, lease)
        else:
            self._give_back(lease)
            self.end(session, f"nobody came to dial it for {STALE_S:g} s")

    def _begin(self, session: Session, lease: Lease, how: str) -> None:
        now = self._environment.wall_clock()
        session = evolve(session, gateway=self._environment.node, asterisk=lease.asterisk, updated_at=now)
        try:
            call = self._calls.begin(session, lease)
        except NoCapacity as problem:
            self.give_up(session, f"the gateway that it fell to had no place: {problem}")
            return
        self._environment.sessions.note(session)
        self._environment.metrics.add("calls_taken_over_total")
        self._tell(call, how)

    def _tell(self, call: LiveCall, how: str) -> None:
        match how:
            case "resume":
                call.tell(call.life.resume)
            case "attend":
                call.tell(call.life.attend)
            case _:
                call.tell(call.life.hang_up, "its gateway was lost")

    def _give_back(self, lease: Lease) -> None:
        spawn(self._environment.nodes.release(lease), self._log, "giving a place back", call_sid=lease.call_sid)
