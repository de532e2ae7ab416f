"""Adapter: the driver of one call: it feeds the call's machine, and carries out the machine's effects.

Every result, failure and time-out becomes the machine's next input. Inputs queue up: an input that arises while
effects are carried out waits until they are done.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import define, field
from automat import NoTransition
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call import effects as fx
from exoswitch.call import events as ev
from exoswitch.call.core import CallCore
from exoswitch.call.inputs import CallInputs, apply_close, apply_event, apply_listing
from exoswitch.call.limits import CallLimits
from exoswitch.call.machine import begin, has_channel, is_talking, owned_timers
from exoswitch.call.session import Session
from exoswitch.errors import BackendUnavailable, ExoswitchError, NoCapacity, TrunkError
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.channel import Channel, OutboundRoute
from exoswitch.gateway.conversation import Conversation
from exoswitch.gateway.environment import ANSWER_S, Environment
from exoswitch.gateway.progress import CallProgress
from exoswitch.gateway.record import CallRecord
from exoswitch.gateway.timers import CallTimers
from exoswitch.interfaces.bots import IStreamListener
from exoswitch.interfaces.media import IMediaListener
from exoswitch.tasks.retry import Retry
from exoswitch.tasks.spawn import spawn

STOPPING = "this gateway is stopping: place the call on another one"
RETRY_S = 20.0  # a call outlives a restart of the database, or of the link to Asterisk


@implementer(IMediaListener, IStreamListener)
@define(eq=False)
class LiveCall:
    """A call that is not over, on the place of its `lease`; `on_over` is called when nothing of it is left.

    `choose_trunk` finds the way to dial an outbound call, or raises NoCapacity or TrunkError.
    """

    _session: Session
    lease: Lease
    _world: Environment
    _limits: CallLimits
    _on_over: Callable[["LiveCall"], None]
    _choose_trunk: Callable[[Session], Awaitable[OutboundRoute]]
    inputs: CallInputs = field(init=False)
    channel: Channel = field(init=False)
    _core: CallCore = field(init=False)
    _record: CallRecord = field(init=False)
    _progress: CallProgress = field(init=False)
    _conversation: Conversation = field(init=False)
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
        self._timers = CallTimers(self.inputs, world.clock, self.feed)
        self.channel = Channel(
            world.switches[self.lease.asterisk],
            session.channel_id or session.call_sid,
            self.inputs,
            self.feed,
            Retry(world.clock, ANSWER_S, RETRY_S),
            self._log,
        )

    # --- Beginnings ---------------------------------------------------------------------------------------------

    def accept(self) -> Deferred[None]:
        """Choose a trunk for an outbound call, before anything else.

        Raises:
            NoCapacity: no trunk has a channel for it.
            TrunkError: no trunk is configured.
            BackendUnavailable: this gateway stops.
        """
        self._accepted = accepted = Deferred[None]()
        self.feed(self.inputs.accept)
        return accepted

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
        self.feed(apply_event, self.inputs, self._core, event, self._conversation.here)

    def listed(self, found: ev.SwitchReady) -> None:
        """Take Asterisk's list of channels, which is complete: a channel that is not in it is gone."""
        if has_channel(self._core):
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
        self.feed(apply_close, self.inputs, self._core, self.session.bot.options, code, reason)

    # --- Effects ------------------------------------------------------------------------------------------------

    def _carry_out(self, effect: fx.Effect) -> None:  # noqa: C901, PLR0912 - one line for each effect there is
        match effect:
            case fx.ChooseTrunk():
                spawn(self._take_trunk(), self._log, "choosing a trunk", call_sid=self.call_sid)
            case fx.ClaimCall():
                self.channel.claim(lambda: self._world.sessions.claim(self.call_sid, self._world.process))
            case fx.Originate(ring_s):
                self._progress.dialled()
                self.channel.originate(self.session.exophone, self._conversation.address, ring_s)
            case fx.QualifyTrunk():
                self.channel.qualify()
            case fx.BridgeCall():
                self.channel.bridge(self._conversation.address)
            case fx.TakeOverCall():
                self.channel.take_over(self._conversation.address, is_bridged=self._was_answered)
            case fx.DirectMedia(host, port):
                self._conversation.direct(host, port)
            case fx.ConnectStream():
                self._progress.asked_bot()
                self._conversation.connect(self._record.stream_start(is_resumed=self._was_answered), self)
            case fx.StartStream():
                self._conversation.bot.start()
                self._progress.started()
            case fx.SendDigit(digit, duration_ms):
                self._conversation.bot.send_digit(digit, duration_ms)
            case fx.HoldCaller():
                self._log.warn("call {call_sid}: the bot was lost; the caller waits", call_sid=self.call_sid)
                self._conversation.hold()
            case fx.RenewStream():
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

    async def _take_trunk(self) -> None:
        try:
            route = await self._choose_trunk(self.session)
        except (NoCapacity, TrunkError) as problem:
            self._refusal = problem
            self.feed(self.inputs.no_trunk, str(problem))
        else:
            self.channel.route = route
            self._record.choose_trunk(route.trunk)
            self._world.metrics.observe("trunk_cps_wait_seconds", route.wait_s, trunk=route.trunk)
            self.feed(self.inputs.trunk_chosen, route.wait_s, f"trunk {route.trunk} ({route.address})")
            self._answer(None)

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
