"""Adapter: the driver of one call: it feeds the call's machine, and carries out the machine's effects.

Every result, failure and time-out becomes the machine's next input. Inputs queue up: an input that arises while
effects are carried out waits until they are done.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import define, field
from automat import NoTransition
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call import effects as fx
from exoswitch.call import events as ev
from exoswitch.call.core import CallCore, Role
from exoswitch.call.feeding import apply_answer, apply_close, apply_event, apply_listing
from exoswitch.call.flow import FindApp
from exoswitch.call.inputs import CallInputs
from exoswitch.call.limits import CallLimits
from exoswitch.call.machine import begin, has_channel, has_second, is_talking, is_waiting_for_second, owned_timers
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import Session
from exoswitch.errors import NoCapacity
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.attempts import CallAttempts
from exoswitch.gateway.channel import Channel
from exoswitch.gateway.conversation import Conversation
from exoswitch.gateway.dialling import CallDialling
from exoswitch.gateway.environment import ANSWER_S, Environment
from exoswitch.gateway.flow import CallFlow
from exoswitch.gateway.progress import CallProgress
from exoswitch.gateway.record import CallRecord
from exoswitch.gateway.timers import CallTimers
from exoswitch.gateway.trunk_choice import TrunkChoice
from exoswitch.interfaces.bots import IStreamListener
from exoswitch.interfaces.media import IMediaListener
from exoswitch.tasks.retry import Retry

ChannelKeys = tuple[tuple[str, str], ...]
RETRY_S = 20.0  # a call outlives a restart of the database, or of the link to Asterisk


@implementer(IMediaListener, IStreamListener)
@define(eq=False, kw_only=True)
class LiveCall:
    """A call that is not over, on the place of its `lease`; `on_over` is called when nothing of it is left.

    `find_app` gives the bot of an app. While it `is_fenced`, it is not dialled. `on_second` carries out effects about
    a second phone. `on_changed` is called with each session that is written, `on_channels` with channels it has left.
    """

    _session: Session
    lease: Lease
    _environment: Environment
    _limits: CallLimits
    _choice: TrunkChoice
    _find_app: FindApp
    _is_fenced: Callable[[], bool]
    _on_second: Callable[["LiveCall", fx.SecondEffect], None]
    _on_changed: Callable[[Session], None]
    _on_channels: Callable[["LiveCall", ChannelKeys], None]
    _on_over: Callable[["LiveCall"], None]
    inputs: CallInputs = field(init=False)
    channel: Channel = field(init=False)
    _core: CallCore = field(init=False)
    record: CallRecord = field(init=False)
    _progress: CallProgress = field(init=False)
    _attempts: CallAttempts = field(init=False)
    _conversation: Conversation = field(init=False)
    _flow: CallFlow = field(init=False)
    _timers: CallTimers = field(init=False)
    _dialling: CallDialling = field(init=False)
    _was_answered: bool = field(init=False)
    _inbox: deque[tuple[Callable[..., None], tuple[Any, ...]]] = field(factory=deque, init=False)
    _is_busy: bool = field(default=False, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.call"), init=False)

    def __attrs_post_init__(self) -> None:
        """Start the machine and make its parts; nothing happens before the first input."""
        environment, session = self._environment, self._session
        self._core = CallCore(self._limits, role=Role.of(session))
        self.inputs = begin(self._core)
        self._was_answered = session.answered_at is not None
        self.record = CallRecord(
            session=session,
            store=environment.sessions,
            wall_clock=environment.wall_clock,
            monotonic=environment.clock.seconds,
            prices=environment.prices,
            metrics=environment.metrics,
            log=self._log,
            changed=self._on_changed,
        )
        self._progress = CallProgress(self.record, environment.clock, environment.metrics, self._log)
        self._conversation = Conversation(
            environment.media, environment.bots, environment.recordings, environment.wall_clock
        )
        self._attempts = CallAttempts(environment, self._choice, self._limits.budget_s, self._log)
        self._flow = self._new_flow()
        self._flow.begin()
        self._timers = CallTimers(
            self.inputs, environment.clock, self.feed, self._turn_came, lambda: self.channel.switch.ready
        )
        self._dialling = CallDialling(
            environment=environment,
            core=self._core,
            inputs=self.inputs,
            feed=self.feed,
            record=self.record,
            attempts=self._attempts,
            timers=self._timers,
            is_fenced=self._is_fenced,
            originate=self._originate,
            log=self._log,
        )
        self.channel = self._new_channel(session.channel_id or session.call_sid)

    def _new_flow(self) -> CallFlow:
        return CallFlow(
            record=self.record,
            core=self._core,
            inputs=self.inputs,
            environment=self._environment,
            find_app=self._find_app,
            feed=self.feed,
            log=self._log,
        )

    def _new_channel(self, channel_id: str, *others: str) -> Channel:
        return Channel(
            switch=self._environment.switches[self.lease.asterisk],
            channel_id=channel_id,
            possible=others or (channel_id,),
            inputs=self.inputs,
            answered=partial(apply_answer, self.inputs, self._core),
            tell=self.feed,
            retry=Retry(self._environment.clock, ANSWER_S, RETRY_S),
            log=self._log,
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
        return self._dialling.accept()

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
            self._conversation.open(self.channel.switch.host, self, self.session)
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

    # --- A second phone ---------------------------------------------------------------------------------------------

    def name_second(self, number: str) -> None:
        """Note the number (E.164) of the phone that takes the bot's place."""
        self.record.set_second(SecondLeg(number=number, call_sid=self._environment.new_sid()))

    def second_changed(self, session: Session) -> None:
        """Take what has become of the second phone."""
        if not has_second(self._core):
            return
        self.record.set_second(session.as_second())
        if session.ending is not None:
            self.feed(self.inputs.second_over, session.ending)
        elif session.answered_at is not None:
            self.feed(self.inputs.second_joined)

    # --- Effects ------------------------------------------------------------------------------------------------

    def _carry_out(self, effect: fx.Effect) -> None:  # noqa: C901, PLR0912 - one line for each effect there is
        match effect:
            case fx.TrunkEffect():
                self._dialling.carry_out(effect, self.channel)
            case fx.StreamEffect():
                self._carry_out_on_stream(effect)
            case fx.FlowEffect():
                self._flow.carry_out(effect)
            case fx.SecondEffect():
                self._on_second(self, effect)
            case fx.BridgeCall():
                self.channel.bridge(self._conversation.address)
            case fx.TakeOverCall() if self.session.is_between_phones:
                self.channel.adopt()
            case fx.TakeOverCall():
                self.channel.take_over(self._conversation.address, is_bridged=self._was_answered)
            case fx.DirectMedia(host, port):
                self._conversation.direct(host, port)
            case fx.HoldCaller():
                self._conversation.hold()
            case fx.DrainPlayout():
                self._conversation.leg.drain()
            case fx.ReleaseMedia():
                self._release_media()
            case fx.HangUp(cause, is_lost):
                self.channel.hang_up(cause, is_lost=is_lost)
            case fx.ReleaseCall(is_elsewhere):
                self._release(is_elsewhere=is_elsewhere)
            case fx.StartTimer(timer, seconds):
                self._timers.start(timer, seconds)
            case fx.RecordProgress(status):
                self._progress.reached(status)
                self.record.progress(status)
                self._conversation.record(self.session)
            case fx.RecordEnding(ending):
                self._progress.ended()
                self.record.end(ending, self._conversation.end_recording(is_over=not self.session.is_between_phones))

    def _carry_out_on_stream(self, effect: fx.StreamEffect) -> None:
        match effect:
            case fx.ConnectStream():
                self._progress.asked_bot()
                is_resumed = self._was_answered and not self._flow.has_moved
                self._conversation.connect(self.record.stream_start(is_resumed=is_resumed), self)
            case fx.StartStream():
                self._conversation.bot.start()
                self._progress.started()
            case fx.SendDigit(digit, duration_ms):
                self._conversation.bot.send_digit(digit, duration_ms)
                self.record.press(digit)
            case fx.RenewStream():
                self._log.warn("call {call_sid}: the bot was lost; the caller waits", call_sid=self.call_sid)
                self.record.renew_stream(self._environment.new_sid())
            case fx.CloseStream(stop):
                self._conversation.close(stop)

    def _turn_came(self) -> None:
        self._dialling.turn_came()

    def _originate(self, timeout_s: float) -> None:
        """Dial the number on a channel of its own: late events of an earlier attempt must not reach this one."""
        attempt, route = self._attempts.dialled()
        if attempt.channel_id != self.channel.channel_id:
            former, self.channel = self.channel, self._new_channel(attempt.channel_id)
            former.release()
            self._on_channels(self, former.keys)
        self.record.begin_attempt(attempt)
        self._progress.dialled()
        leads_to = self.session.parent_channel_id or self._conversation.address
        self.channel.originate(route.dialling, timeout_s, leads_to)

    def _release(self, *, is_elsewhere: bool) -> None:
        if is_elsewhere:
            self._log.info("call {call_sid}: another gateway has it now", call_sid=self.call_sid)
        self.channel.release()
        self._attempts.release()
        self._release_media()
        self._environment.give_back(self.lease)
        self._on_over(self)
        self._dialling.released()

    def _release_media(self) -> None:
        statistics = self._conversation.release()
        if statistics is not None:
            self._log.debug("call {call_sid}: {media}", call_sid=self.call_sid, media=statistics)

    # --- What it is ---------------------------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        """The call's session, as it is now."""
        return self.record.session

    @property
    def call_sid(self) -> str:
        """The call's SID."""
        return self.session.call_sid

    @property
    def is_answered(self) -> bool:
        """Whether person and bot may be talking."""
        return self.session.answered_at is not None

    @property
    def is_waiting_for_second(self) -> bool:
        """Whether its person waits for the second phone."""
        return is_waiting_for_second(self._core)

    @property
    def has_second(self) -> bool:
        """Whether it awaits the end of a second phone."""
        return has_second(self._core)

    @property
    def is_talking(self) -> bool:
        """Whether person and bot are connected."""
        return is_talking(self._core)
