"""Adapter: the second phones of calls: each is dialled as a call of its own, and its call is told of it.

A gateway that takes over a call finds its second phone in the session store: it may be live here, be live at another
gateway, or be over. A phone at another gateway is looked for in the store until it is over.
"""

from attrs import define, evolve, field
from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.call import effects as fx
from exoswitch.call import endings
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import Direction, Session
from exoswitch.errors import InvalidValue
from exoswitch.gateway.call_metrics import REFUSALS
from exoswitch.gateway.environment import ANSWER_S, SESSION_STORE, Environment
from exoswitch.gateway.live_call import LiveCall
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.gateway.rules import CurrentRules
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.retry import Retry
from exoswitch.tasks.spawn import spawn
from exoswitch.telephony.causes import HangUpCause

LOOK_EVERY_S = 1.0
UNWANTED = "the first phone hung up"


@define(eq=False)
class SecondPhones(Service):
    """Dials the second phones of this gateway's calls, ends them, and tells the calls what becomes of them."""

    _environment: Environment
    _rules: CurrentRules
    _calls: LiveCalls
    _dialling: set[str] = field(factory=set, init=False)
    _retry: Retry = field(init=False)
    _loop: LoopingCall | None = field(default=None, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.second"), init=False)

    def __attrs_post_init__(self) -> None:
        """Ask the store until it answers."""
        self._retry = Retry(self._environment.clock, ANSWER_S)

    def startService(self) -> None:
        """Look for phones at other gateways from now on."""
        self._loop = repeat(self._look, LOOK_EVERY_S, self._environment.clock, self._log)

    def stopService(self) -> None:
        """Look for them no longer."""
        self._retry.stop()
        if self._loop is not None and self._loop.running:
            self._loop.stop()

    def carry_out(self, first: LiveCall, effect: fx.SecondEffect) -> None:
        """Carry out what the call of a first phone asks."""
        match effect:
            case fx.DialSecond(number):
                if number is not None:
                    first.name_second(number)
                spawn(self._find_or_dial(first), self._log, "dialling a second phone", call_sid=first.call_sid)
            case fx.HangUpSecond(reason):
                self._hang_up(first, reason)

    def changed(self, session: Session) -> None:
        """Take a change of a session: the call of a first phone is told of its second one."""
        first_sid = session.parent_call_sid or session.call_sid
        first = self._calls.find(first_sid)
        if first is not None and session.parent_call_sid is not None:
            first.second_changed(session)
        elif first is None and session.is_between_phones and session.status.is_final:
            spawn(self._settle(first_sid), self._log, "settling a call between two phones", call_sid=first_sid)

    # --- Dialling ---------------------------------------------------------------------------------------------------

    async def _find_or_dial(self, first: LiveCall) -> None:
        """Dial the second phone, unless an earlier gateway of the call has begun to."""
        session = self._session(first)
        if self._calls.find(session.call_sid) is not None:
            self.changed(self._calls_session(session))
            return
        self._dialling.add(session.call_sid)
        try:
            known = await self._known(first, session)
            ended = await self._dial(first, session) if known is None else known
        finally:
            self._dialling.discard(session.call_sid)
        if ended is not None:
            self.changed(ended)

    def _calls_session(self, session: Session) -> Session:
        call = self._calls.find(session.call_sid)
        return session if call is None else call.session

    async def _known(self, first: LiveCall, session: Session) -> Session | None:
        if not first.session.takeovers:
            return None
        return next(iter(await self._recall(session.call_sid)), None)

    async def _dial(self, first: LiveCall, session: Session) -> Session | None:
        """Dial the second phone at the Asterisk of the first one; give the session of one that is not dialled.

        The two are connected as soon as it is answered, so it is dialled once the audio of the first one is led here.
        """
        environment, second = self._environment, None
        await first.channel.led()
        if self._calls.find(first.call_sid) is not first:
            return None  # It is over, or another gateway has it.
        session = evolve(session, parent_channel_id=first.channel.channel_id)  # A take-over finds out which it is.
        try:
            place = environment.nodes.allocate(session.call_sid, asterisk=first.lease.asterisk)
            lease = await environment.of_fleet(place)
            if self._is_unwanted(first):
                environment.give_back(lease)
                return environment.record_end(session, endings.canceled(UNWANTED))
            second = await self._calls.begin_outbound(session, lease)
            await environment.of_store(environment.sessions.save(second.session))
        except (*REFUSALS, InvalidValue) as problem:
            if second is not None and second.session.ending is not None:
                return None  # It has ended meanwhile, and has told so.
            if second is not None:
                second.feed(second.inputs.abandon)
            how = endings.canceled(UNWANTED) if self._is_unwanted(first) else endings.not_placed(str(problem))
            return environment.record_end(session, how)
        if self._is_unwanted(first):
            second.feed(second.inputs.hang_up, UNWANTED)
        else:
            self._begin(first, second)
        return None

    def _begin(self, first: LiveCall, second: LiveCall) -> None:
        sids = {"call_sid": first.call_sid, "second": second.call_sid}
        self._log.info("call {call_sid}: its second phone is dialled as call {second}", **sids)
        second.feed(second.inputs.dial)

    def _is_unwanted(self, first: LiveCall) -> bool:
        """Whether a first phone waits no longer; one that another gateway has now may still wait there."""
        is_live = self._calls.find(first.call_sid) is first
        return not first.is_waiting_for_second and (is_live or first.session.status.is_final)

    def _session(self, first: LiveCall) -> Session:
        now, call = self._environment.wall_clock(), first.session
        if call.second is None:
            raise LookupError("the call has no second phone")
        return Session(
            call_sid=call.second.call_sid,
            account=call.account,
            direction=Direction.OUTBOUND,
            customer=call.second.number,
            exophone=call.exophone,
            bot=None,
            created_at=now,
            updated_at=now,
            gateway=self._environment.node,
            asterisk=first.lease.asterisk,
            ring_s=call.ring_s,
            max_duration_s=call.max_duration_s,
            parent_call_sid=call.call_sid,
        )

    # --- Ending -----------------------------------------------------------------------------------------------------

    def _hang_up(self, first: LiveCall, reason: str) -> None:
        second = first.session.second
        if second is None:
            return
        if second.call_sid in self._dialling:
            first.channel.stop_waiting()  # It is ended before it is dialled.
            return
        call = self._calls.find(second.call_sid)
        if call is not None:
            call.feed(call.inputs.hang_up, reason)
        elif second.status is None or not second.status.is_final:
            spawn(self._hang_up_elsewhere(first, second.call_sid), self._log, "hanging a second phone up")

    async def _hang_up_elsewhere(self, first: LiveCall, call_sid: str) -> None:
        """Hang up a phone of another gateway; one that was connected ends with the first phone."""
        for session in await self._environment.of_store(self._environment.sessions.recall([call_sid])):
            for channel_id in session.channels(self._rules.now.routing.limits.attempts):
                if not session.status.is_final:
                    first.channel.switch.hang_up_lost(channel_id, HangUpCause.NORMAL_CLEARING)

    # --- Phones at other gateways -----------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Look for the phones that are not live here.

        Raises:
            BackendUnavailable: the session store did not answer.
        """
        away = {second.call_sid: first for first in self._calls if (second := self._away(first)) is not None}
        if away:
            for session in await self._environment.of_store(self._environment.sessions.recall(list(away))):
                away[session.call_sid].second_changed(session)

    def _away(self, first: LiveCall) -> SecondLeg | None:
        second = first.session.second
        if second is None or not first.has_second or second.call_sid in self._dialling:
            return None
        return second if self._calls.find(second.call_sid) is None else None

    async def _settle(self, first_sid: str) -> None:
        """Tell the record of a call that has ended how its second phone ended, if it does not know."""
        store = self._environment.sessions
        for first in await self._recall(first_sid):
            if first.second is None or not first.status.is_final:
                continue
            for second in await self._recall(first.second.call_sid):
                if second.status.is_final and second.as_second() != first.second:
                    store.note(evolve(first, second=second.as_second()))

    async def _recall(self, call_sid: str) -> tuple[Session, ...]:
        sessions = self._environment.sessions
        return await self._retry.ask(lambda: sessions.recall([call_sid]), SESSION_STORE)
