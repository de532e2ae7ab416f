"""Adapter: what follows the streams of one live call: its passthru is asked, and the next app is entered."""

from collections.abc import Callable

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from exoswitch.call import effects as fx
from exoswitch.call.core import CallCore
from exoswitch.call.flow import FindApp, apply_passthru_answer, apply_stream_end
from exoswitch.call.inputs import CallInputs
from exoswitch.call.passthru import HANG_UP
from exoswitch.call.session import BotTarget
from exoswitch.errors import ExoswitchError
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.record import CallRecord
from exoswitch.tasks.spawn import spawn

_STATUSES = frozenset({200, 302})


@define(eq=False, kw_only=True)
class CallFlow:
    """The way of one call from app to app.

    `has_moved` says that the call has entered an app here: then its bot has not been connected to it before.
    """

    _record: CallRecord
    _core: CallCore
    _inputs: CallInputs
    _environment: Environment
    _find_app: FindApp
    _feed: Callable[..., None]
    _log: Logger
    has_moved: bool = field(default=False, init=False)
    _question: object = field(default=None, init=False)  # the one whose answer the caller waits for

    def begin(self) -> None:
        """Go on where the call's session is, which another gateway may have written."""
        session = self._record.session
        self._core.passthru = None if session.bot is None else session.bot.passthru
        if session.flow is not None:
            self._core.hops, self._core.ending = session.flow.hops, session.flow.ended

    def carry_out(self, effect: fx.FlowEffect) -> None:
        """Carry out an effect of the call's machine."""
        match effect:
            case fx.FollowStream():
                self._follow_stream()
            case fx.AskPassthru(ended):
                self._record.end_stream(ended)
                self._question = question = object()
                spawn(self._ask(question), self._log, "asking a passthru", call_sid=self._call_sid)
            case fx.ChooseHop(status):
                self._question = None
                self._record.told()
                self._feed(apply_passthru_answer, self._inputs, self._core, status, self._find_app)
            case fx.EnterApp(bot):
                self._enter(bot)

    def _follow_stream(self) -> None:
        passthru, ending = self._core.passthru, self._core.ending
        if passthru is not None and passthru.is_async and ending is not None:
            self._record.end_stream(ending)
            if passthru.on_200 != HANG_UP:  # else the end of the call tells it, as a callback
                self._tell()
                self._record.told()
        self._feed(apply_stream_end, self._inputs, self._core, self._find_app)

    def _enter(self, bot: BotTarget) -> None:
        self.has_moved = True
        self._record.enter_app(bot, self._environment.new_sid())
        self._environment.metrics.add("app_hops_total")
        self._log.info("call {call_sid}: it goes on to app {app}", call_sid=self._call_sid, app=bot.app)

    # --- Questions ------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Ask, and wait for no answer."""
        spawn(self._ask(None), self._log, "telling a passthru", call_sid=self._call_sid)

    async def _ask(self, question: object) -> None:
        status = await self._answer(self._environment.passthru.ask(self._record.session))
        if question is not None and question is self._question:
            self._feed(self._inputs.passthru_answered, status)

    async def _answer(self, asked: Deferred[int]) -> int | None:
        """Wait for an answer and measure it; give its status, or None if none came."""
        environment, began_at = self._environment, self._environment.clock.seconds()
        try:
            status = await asked
        except ExoswitchError as problem:
            self._log.warn(
                "call {call_sid}: its passthru did not answer: {problem}",
                call_sid=self._call_sid,
                problem=str(problem),
            )
            environment.metrics.add("passthru_requests_total", result="failed")
            return None
        environment.metrics.observe("passthru_seconds", environment.clock.seconds() - began_at)
        environment.metrics.add("passthru_requests_total", result=str(status) if status in _STATUSES else "other")
        return status

    @property
    def _call_sid(self) -> str:
        return self._record.session.call_sid
