"""Adapter: the driver of one call: it feeds the call's machine, and carries out the machine's effects.

Every result, failure and time-out becomes the machine's next input. Inputs queue up: an input that arises while
effects are carried out waits until they are done.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from attrs import define, field
from automat import NoTransition
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call import effects as fx
from exoswitch.call import events as ev
from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.core import CallCore
from exoswitch.call.effects import Timer
from exoswitch.call.flow import FindApp
from exoswitch.call.inputs import (
    CallInputs,
    apply_claim,
    apply_close,
    apply_event,
    apply_judgement,
    apply_listing,
    apply_turn,
)
from exoswitch.call.limits import CallLimits
from exoswitch.call.machine import begin, has_channel, is_talking, owned_timers
from exoswitch.call.session import Session
from exoswitch.errors import BackendUnavailable, ExoswitchError, InvalidValue, NoCapacity, TrunkError
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.attempts import CallAttempts
from exoswitch.gateway.channel import Channel
from exoswitch.gateway.conversation import Conversation
from exoswitch.gateway.environment import ANSWER_S, Environment
from exoswitch.gateway.flow import CallFlow
from exoswitch.gateway.progress import CallProgress
from exoswitch.gateway.record import CallRecord
from exoswitch.gateway.timers import CallTimers
from exoswitch.gateway.trunk_choice import TrunkChoice
from exoswitch.interfaces.bots import IStreamListener
from exoswitch.interfaces.media import IMediaListener
from exoswitch.tasks.retry import Retry
from exoswitch.tasks.spawn import spawn

STOPPING = "this gateway is stopping: place the call on another one"
ChannelKeys = tuple[tuple[str, str], ...]
FENCED_S = 0.1  # until a call looks again whether it may be dialled
RETRY_S = 20.0  # a call outlives a restart of the database, or of the link to Asterisk


@implementer(IMediaListener, IStreamListener)
@define(eq=False)
class LiveCall:
    """A call that is not over, on the place of its `lease`; `on_over` is called when nothing of it is left.

    `find_app` gives the bot of an app. While the call `is_fenced`, it is not dialled. When it has other channels,
    `on_channels` is called with the former ones.
    """

    _session: Session
    lease: Lease
    _world: Environment
    _limits: CallLimits
    _choice: TrunkChoice
    _find_app: FindApp
    _is_fenced: Callable[[], bool]
    _on_channels: Callable[["LiveCall", ChannelKeys], None]
    _on_over: Callable[["LiveCall"], None]
    inputs: CallInputs = field(init=False)
    channel: Channel = field(init=False)
    _core: CallCore = field(init=False)
    _record: CallRecord = field(init=False)
    _progress: CallProgress = field(init=False)
    _attempts: CallAttempts = field(init=False)
    _conversation: Conversation = field(init=False)
    _flow: CallFlow = field(init=False)
    _timers: CallTimers = field(init=False)
    _was_answered: bool = field(init=False)
    _accepted: Deferred[None] | None = field(default=None, init=False)
    _refusal: ExoswitchError = field(factory=lambda: BackendUnavailable(STOPPING), init=False)
    _inbox: deque[tuple[Callable[..., None], tuple[Any, ...]]] = field(factory=deque, init=False)
    _is_busy: bool = field(default=False, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.call"), init=False)

    def __attrs_post_init__(self) -> None:
        """Start the machine and make its parts; nothing happens before the first input."""
        world, session = self._world, self._session
        self._core = CallCore(self._limits)
        self.inputs = begin(self._core)
        self._was_answered = session.answered_at is not None
        self._record = CallRecord(
            session, world.sessions, world.wall_clock, world.clock.seconds, world.prices, world.metrics, self._log
        )
        self._progress = CallProgress(self._record, world.clock, world.metrics, self._log)
        self._conversation = Conversation(world.media, world.bots)
        self._attempts = CallAttempts(world, self._choice, self._limits.budget_s, self._log)
        self._flow = CallFlow(self._record, self._core, self.inputs, world, self._find_app, self.feed, self._log)
        self._flow.begin()
        self._timers = CallTimers(self.inputs, world.clock, self.feed, self._turn_came)
        self.channel = self._new_channel(session.channel_id or session.call_sid)

    def _new_channel(self, channel_id: str, *others: str) -> Channel:
        return Channel(
            self._world.switches[self.lease.asterisk],
            channel_id,
            others or (channel_id,),
            self.inputs,
            self.feed,
            Retry(self._world.clock, ANSWER_S, RETRY_S),
            self._log,
        )

    # --- Beginnings ---------------------------------------------------------------------------------------------

    def accept(self) -> Deferred[None]:
        """Choose a trunk for an outbound call, before anything else.

        Raises:
            NoCapacity: no trunk has a channel for it.
            TrunkError: no trunk takes it.
            InvalidValue: no trunk can dial its number.
            BackendUnavailable: this gateway stops, or the trunks of the fleet cannot be counted.
        """
        self._accepted = accepted = Deferred[None]()
        self.feed(self.inputs.accept)
        return accepted

    def go_on(self) -> None:
        """Expect a call that has a channel already, perhaps a later one than its session says."""
        known, possible = self.session.channel_id or self.call_sid, self.session.channels(self._limits.attempts)
        former, self.channel = self.channel, self._new_channel(known, *possible)
        self._on_channels(self, former.keys)
        self._core.failures.extend(attempt.reason for attempt in self.session.attempts if attempt.reason)
        self._attempts.hold(self.session)

    def open_media(self) -> None:
        """Bind the call's RTP port; a call without one is abandoned.

        Raises:
            NoCapacity: no port is free.
        """
        try:
            self._conversation.open(self.channel.switch.host, self)
        except NoCapacity:
            self.feed(self.inputs.abandon)
            raise

    # --- Inputs -------------------------------------------------------------------------------------------------

    def feed(self, happened: Callable[..., None], *details: object) -> None:
        """Feed one of `inputs` to the machine, then carry out the effects that it asks for."""
        self._inbox.append((happened, details))
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._inbox:
                self._handle(*self._inbox.popleft())
        finally:
            self._is_busy = False

    def _handle(self, happened: Callable[..., None], details: tuple[Any, ...]) -> None:
        try:
            happened(*details)
        except NoTransition:
            self._log.failure("call {call_sid}: an input that its state does not allow", call_sid=self.call_sid)
        self._timers.keep(owned_timers(self._core))
        for effect in self._core.drain():
            self._carry_out(effect)

    def switch_event(self, event: ev.ChannelEvent) -> None:
        """Take an event of the call's channel."""
        if self.channel.concerns(event):
            self.feed(apply_event, self.inputs, self._core, event, self._conversation.here)

    def listed(self, found: ev.SwitchReady) -> None:
        """Take Asterisk's list of channels, which is complete: a channel that is not in it is gone."""
        if has_channel(self._core):
            self.channel.listed(found)
            self.feed(apply_listing, self.inputs, self._core, found, self.channel.channel_id, self._conversation.here)

    def media_lost(self, silent_s: float) -> None:
        """No RTP has come for this long."""
        self._log.warn(
            "call {call_sid}: no audio came for {silent_s:.0f} s. Asterisk {asterisk} announced {source} for its "
            "audio, its host: is {host}, and it sends to {here}. If it is behind NAT or in Docker, set "
            "media_address: host for it.",
            call_sid=self.call_sid,
            silent_s=silent_s,
            asterisk=self.channel.switch.name,
            source=self._conversation.source or "no address",
            host=self.channel.switch.host,
            here="{}:{}".format(*self._conversation.address),
        )
        self.feed(self.inputs.media_lost, silent_s)

    def playout_began(self) -> None:
        """The bot's first audio has come."""
        self._progress.spoke()

    def playout_overflowed(self, dropped_ms: int) -> None:
        """The bot sent audio faster than it can be played."""
        self._log.warn(
            "call {call_sid}: the bot sent more audio than the playout queue holds; {dropped_ms} ms were dropped",
            call_sid=self.call_sid,
            dropped_ms=dropped_ms,
        )

    def playout_finished(self) -> None:
        """The caller has heard the rest of the bot's audio."""
        self.feed(self.inputs.playout_finished)

    def stream_opened(self) -> None:
        """The bot accepted the handshake."""
        self._progress.connected()
        self.feed(self.inputs.stream_opened)

    def stream_failed(self, error: str) -> None:
        """An attempt to reach the bot failed."""
        self._progress.not_connected()
        self._log.warn("call {call_sid}: {error}", call_sid=self.call_sid, error=error)
        self.feed(self.inputs.stream_failed, error)

    def stream_closed(self, code: int | None, reason: str) -> None:
        """The bot's connection is closed."""
        self.feed(apply_close, self.inputs, self._core, self.session.stream_options, code, reason)

    # --- Effects ------------------------------------------------------------------------------------------------

    def _carry_out(self, effect: fx.Effect) -> None:  # noqa: C901, PLR0912 - one line for each effect there is
        match effect:
            case fx.TrunkEffect():
                self._carry_out_on_trunk(effect)
            case fx.FlowEffect():
                self._flow.carry_out(effect)
            case fx.ClaimCall():
                claim = partial(self._world.sessions.claim, self.call_sid, self._world.process)
                self.channel.claim(claim, partial(self._claimed, self._world.clock.seconds()))
            case fx.BridgeCall():
                self.channel.bridge(self._conversation.address)
            case fx.TakeOverCall():
                self.channel.take_over(self._conversation.address, is_bridged=self._was_answered)
            case fx.DirectMedia(host, port):
                self._conversation.direct(host, port)
            case fx.ConnectStream():
                self._progress.asked_bot()
                is_resumed = self._was_answered and not self._flow.has_moved
                self._conversation.connect(self._record.stream_start(is_resumed=is_resumed), self)
            case fx.StartStream():
                self._conversation.bot.start()
                self._progress.started()
            case fx.SendDigit(digit, duration_ms):
                self._conversation.bot.send_digit(digit, duration_ms)
                self._record.press(digit)
            case fx.HoldCaller():
                self._conversation.hold()
            case fx.RenewStream():
                self._log.warn("call {call_sid}: the bot was lost; the caller waits", call_sid=self.call_sid)
                self._record.renew_stream(self._world.new_sid())
            case fx.DrainPlayout():
                self._conversation.leg.drain()
            case fx.CloseStream(stop):
                self._conversation.close(stop)
            case fx.HangUp(cause, is_lost):
                self.channel.hang_up(cause, is_lost=is_lost)
            case fx.ReleaseCall(is_elsewhere):
                self._release(is_elsewhere=is_elsewhere)
            case fx.StartTimer(timer, seconds):
                self._timers.start(timer, seconds)
            case fx.RecordProgress(status):
                self._progress.reached(status)
                self._record.progress(status)
            case fx.RecordEnding(ending):
                self._progress.ended()
                self._record.end(ending)
                self._flow.ended()

    def _carry_out_on_trunk(self, effect: fx.TrunkEffect) -> None:
        match effect:
            case fx.ChooseTrunk():
                self._ask_for_trunk(self._attempts.choose(self.session))
            case fx.TakeTurnAgain():
                self._ask_for_trunk(self._attempts.turn_again(self.session))
            case fx.WaitForTurn(to_claim):
                self._wait_for_turn(self._attempts.wait_s - self._world.claim_lead.seconds * to_claim)
            case fx.Originate(timeout_s):
                self._originate(timeout_s)
            case fx.ReportSign():
                self._attempts.rang()
            case fx.ReportAnswer():
                self._attempts.answered()
            case fx.JudgeAttempt():
                self.feed(apply_judgement, self.inputs, self._core, self._attempts.elapsed_s, self._attempts.spent_s)
            case fx.EndAttempt(how, end):
                self._attempts.ended(effect, self.call_sid)
                self._record.end_attempt(how.reason, end)
            case fx.QualifyTrunk():
                self._attempts.qualify(self.channel.switch)

    def _ask_for_trunk(self, work: Coroutine[Deferred[Any], Any, ChosenTrunk]) -> None:
        spawn(self._take_trunk(work), self._log, "choosing a trunk", call_sid=self.call_sid)

    async def _take_trunk(self, work: Awaitable[ChosenTrunk]) -> None:
        try:
            trunk = await work
        except (NoCapacity, TrunkError, InvalidValue, BackendUnavailable) as problem:
            self._refuse(problem)
        except Exception:  # noqa: BLE001 - a fault of ours must not leave the call, its place and its dialer waiting
            self._log.failure("call {call_sid}: no trunk could be chosen", call_sid=self.call_sid)
            self._refuse(TrunkError("no trunk could be chosen, by a fault of the gateway: see its log"))
        else:
            self._record.choose_trunk(trunk.name)
            self.feed(self.inputs.trunk_chosen, trunk)
            self._answer(None)

    def _refuse(self, problem: ExoswitchError) -> None:
        self._refusal = problem
        self.feed(self.inputs.no_trunk, str(problem))

    def _wait_for_turn(self, seconds: float) -> None:
        if seconds > 0:
            self._timers.start(Timer.TURN, seconds)
        else:
            self.feed(self._turn_came)

    def _turn_came(self) -> None:
        if Timer.TURN not in owned_timers(self._core):
            return  # The call has ended meanwhile.
        if self._is_fenced():
            self._timers.start(Timer.TURN, FENCED_S)
            return
        apply_turn(self.inputs, self._core, self._attempts.late_s, self._attempts.spent_s)

    def _claimed(self, asked_at: float) -> None:
        self._world.claim_lead.took(self._world.clock.seconds() - asked_at)
        apply_claim(self.inputs, self._core, self._attempts.late_s)

    def _originate(self, timeout_s: float) -> None:
        """Dial the number on a channel of its own: late events of an earlier attempt must not reach this one."""
        attempt, route = self._attempts.dialled()
        if attempt.channel_id != self.channel.channel_id:
            former, self.channel = self.channel, self._new_channel(attempt.channel_id)
            former.release()
            self._on_channels(self, former.keys)
        self._record.begin_attempt(attempt)
        self._progress.dialled()
        self.channel.originate(route.dialling, self._conversation.address, timeout_s)

    def _answer(self, refusal: ExoswitchError | None) -> None:
        """Tell whether the call was accepted, unless that has been told."""
        accepted, self._accepted = self._accepted, None
        if accepted is not None and refusal is None:
            accepted.callback(None)
        elif accepted is not None:
            accepted.errback(refusal)

    def _release(self, *, is_elsewhere: bool) -> None:
        if is_elsewhere:
            self._log.info("call {call_sid}: another gateway has it now", call_sid=self.call_sid)
        self.channel.release()
        self._attempts.release()
        statistics = self._conversation.release()
        if statistics is not None:
            self._log.debug("call {call_sid}: {media}", call_sid=self.call_sid, media=statistics)
        self._world.give_back(self.lease)
        self._on_over(self)
        self._answer(self._refusal)

    # --- What it is ---------------------------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        """The call's session, as it is now."""
        return self._record.session

    @property
    def call_sid(self) -> str:
        """The call's SID."""
        return self.session.call_sid

    @property
    def is_answered(self) -> bool:
        """Whether person and bot may be talking."""
        return self.session.answered_at is not None

    @property
    def is_talking(self) -> bool:
        """Whether person and bot are connected."""
        return is_talking(self._core)
