"""Adapter: the dialling of one live call: it carries out what the call's machine asks about trunks, turns and claims.

Every result and every failure becomes the machine's next input.
"""

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from exoswitch.call import effects as fx
from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.core import CallCore
from exoswitch.call.effects import Timer
from exoswitch.call.feeding import apply_claim, apply_judgement, apply_turn
from exoswitch.call.inputs import CallInputs
from exoswitch.call.machine import owned_timers
from exoswitch.errors import BackendUnavailable, ExoswitchError, InvalidValue, NoCapacity, TrunkError
from exoswitch.gateway.attempts import CallAttempts
from exoswitch.gateway.channel import Channel, Feed
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.record import CallRecord
from exoswitch.gateway.timers import CallTimers
from exoswitch.tasks.spawn import spawn

STOPPING = "this gateway is stopping: place the call on another one"
FENCED_S = 0.1  # until a call looks again whether it may be dialled


@define(eq=False, kw_only=True)
class CallDialling:
    """Chooses the trunks of one call, and waits for their turns. While it `is_fenced`, the call is not dialled.

    `originate` dials, with a time-out in seconds.
    """

    _environment: Environment
    _core: CallCore
    _inputs: CallInputs
    _feed: Feed
    _record: CallRecord
    _attempts: CallAttempts
    _timers: CallTimers
    _is_fenced: Callable[[], bool]
    _originate: Callable[[float], None]
    _log: Logger
    _accepted: Deferred[None] | None = field(default=None, init=False)
    _refusal: ExoswitchError = field(factory=lambda: BackendUnavailable(STOPPING), init=False)

    # --- Whether the call is accepted -------------------------------------------------------------------------------

    def accept(self) -> Deferred[None]:
        """Begin; see `LiveCall.accept`."""
        self._accepted = accepted = Deferred[None]()
        self._feed(self._inputs.accept)
        return accepted

    def released(self) -> None:
        """Tell that the call is over: one that was not accepted is refused."""
        self._answer(self._refusal)

    def _answer(self, refusal: ExoswitchError | None) -> None:
        """Tell whether the call was accepted, unless that has been told."""
        accepted, self._accepted = self._accepted, None
        if accepted is not None and refusal is None:
            accepted.callback(None)
        elif accepted is not None:
            accepted.errback(refusal)

    # --- Effects ----------------------------------------------------------------------------------------------------

    def carry_out(self, effect: fx.TrunkEffect, channel: Channel) -> None:  # noqa: C901 - one line for each effect
        """Carry out an effect about the trunk of an attempt."""
        match effect:
            case fx.ChooseTrunk():
                self._ask_for_trunk(self._attempts.choose(self._record.session))
            case fx.TakeTurnAgain():
                self._ask_for_trunk(self._attempts.turn_again(self._record.session))
            case fx.ClaimCall():
                self._claim(channel)
            case fx.WaitForTurn(to_claim):
                self._wait_for_turn(self._attempts.wait_s - self._environment.claim_lead.seconds * to_claim)
            case fx.Originate(timeout_s):
                self._originate(timeout_s)
            case fx.ReportSign():
                self._attempts.rang()
            case fx.ReportAnswer():
                self._attempts.answered()
            case fx.JudgeAttempt():
                elapsed_s, spent_s = self._attempts.elapsed_s, self._attempts.spent_s
                self._feed(apply_judgement, self._inputs, self._core, elapsed_s, spent_s)
            case fx.EndAttempt(how, end):
                self._attempts.ended(effect, self._call_sid)
                self._record.end_attempt(how.reason, end)
            case fx.QualifyTrunk():
                self._attempts.qualify(channel.switch)

    def _claim(self, channel: Channel) -> None:
        ask = partial(self._environment.sessions.claim, self._call_sid, self._environment.process)
        channel.claim(ask, partial(self._claimed, self._environment.clock.seconds()))

    def turn_came(self) -> None:
        """The time of the trunk's turn has come, or the moment before it."""
        if Timer.TURN not in owned_timers(self._core):
            return  # The call has ended meanwhile.
        if self._is_fenced():
            self._timers.start(Timer.TURN, FENCED_S)
            return
        apply_turn(self._inputs, self._core, self._attempts.late_s, self._attempts.spent_s)

    def _ask_for_trunk(self, work: Coroutine[Deferred[Any], Any, ChosenTrunk]) -> None:
        spawn(self._take_trunk(work), self._log, "choosing a trunk", call_sid=self._call_sid)

    async def _take_trunk(self, work: Awaitable[ChosenTrunk]) -> None:
        try:
            trunk = await work
        except (NoCapacity, TrunkError, InvalidValue, BackendUnavailable) as problem:
            self._refuse(problem)
        except Exception:  # noqa: BLE001 - a fault of ours must not leave the call, its place and its dialer waiting
            self._log.failure("call {call_sid}: no trunk could be chosen", call_sid=self._call_sid)
            self._refuse(TrunkError("no trunk could be chosen, by a fault of the gateway: see its log"))
        else:
            self._record.choose_trunk(trunk.name)
            self._feed(self._inputs.trunk_chosen, trunk)
            self._answer(None)

    def _refuse(self, problem: ExoswitchError) -> None:
        self._refusal = problem
        self._feed(self._inputs.no_trunk, str(problem))

    def _wait_for_turn(self, seconds: float) -> None:
        if seconds > 0:
            self._timers.start(Timer.TURN, seconds)
        else:
            self._feed(self.turn_came)

    def _claimed(self, asked_at: float) -> None:
        self._environment.claim_lead.took(self._environment.clock.seconds() - asked_at)
        apply_claim(self._inputs, self._core, self._attempts.late_s)

    @property
    def _call_sid(self) -> str:
        return self._record.session.call_sid
