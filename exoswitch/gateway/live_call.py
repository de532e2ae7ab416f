"""Adapter: one live call: its machine, and the hands that carry out what the machine asks for.

Every result, failure and time-out becomes the machine's next input. Inputs queue up, so that one which arises while
an effect is being carried out waits until the effects before it are done.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from attrs import define, evolve, field, frozen
from automat import NoTransition
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call import effects as fx
from exoswitch.call import events as ev
from exoswitch.call.inputs import CallCore, CallInputs, apply_close, apply_event
from exoswitch.call.limits import CallLimits
from exoswitch.call.machine import machine
from exoswitch.call.session import Ending, Session
from exoswitch.call.stream_start import StreamStart
from exoswitch.errors import BackendUnavailable, CallTaken, TrunkError
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.environment import STORE_WAIT_S, Environment
from exoswitch.gateway.timers import CallTimers
from exoswitch.interfaces.bots import IBotConnection, IStreamListener
from exoswitch.interfaces.media import IMediaLeg, IMediaListener
from exoswitch.interfaces.switch import ISwitch, Origination
from exoswitch.tasks.retry import Retry
from exoswitch.tasks.spawn import spawn
from exoswitch.telephony.numbers import mask

PATIENCE_S = 20.0  # a call outlives a restart of what it needs to begin: of the database, or of the link to Asterisk
NEVER_DIALLED = 0  # the cause of a hang-up of a channel that was never asked for
ENDED_UNSEEN = 0  # the cause of a hang-up that nobody of us saw


@frozen(kw_only=True)
class OutboundRoute:
    """How an outbound call is dialled: the channel to dial, and how long to wait for the trunk's turn."""

    trunk: str
    channel: str = field(repr=False)
    wait_s: float


@implementer(IMediaListener, IStreamListener)
@define(eq=False)
class LiveCall:
    """A call that is not over yet, on the place of its `lease`.

    `on_over` is called when nothing of the call is left. `line` is how it is to be dialled; a call without one has a
    channel already. `has_channel` says whether Asterisk has been asked for the call's channel, so that a list of
    channels without this one means that the call has ended. A call that has been taken over may be announced with its
    former gateway's media first; any other is ours until it is announced with somebody else's.
    """

    session: Session
    lease: Lease
    switch: ISwitch
    on_over: Callable[["LiveCall"], None]
    _environment: Environment
    _limits: CallLimits
    _line: OutboundRoute | None = None
    life: CallInputs = field(init=False)
    _core: CallCore = field(init=False)
    _inbox: deque[tuple[Callable[..., None], tuple[Any, ...]]] = field(factory=deque, init=False)
    _is_busy: bool = field(default=False, init=False)
    _was_answered: bool = field(init=False)
    _is_directed: bool = field(default=False, init=False)
    has_channel: bool = field(init=False)
    _timers: CallTimers = field(init=False)
    _retry: Retry = field(init=False)
    _turn: Deferred[bool] | None = field(default=None, init=False)
    _leg: IMediaLeg | None = field(default=None, init=False)
    _bot: IBotConnection | None = field(default=None, init=False)
    _losses: int = field(default=0, init=False)
    _log: Logger = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start the machine; nothing happens before its first input."""
        self._was_answered = self.session.answered_at is not None
        self.has_channel = self._line is None
        self._retry = Retry(self._environment.clock, STORE_WAIT_S, PATIENCE_S)
        self._core = CallCore(self._limits)
        self.life = machine(self._core)
        self._timers = CallTimers.of(self.life, self._environment.clock, self.tell)
        self._log = Logger(namespace="exoswitch.call")

    def open_media(self) -> None:
        """Bind the call's RTP port, before its first input.

        Raises:
            NoCapacity: there is none.
        """
        self._leg = self._environment.media.open(self.switch.host, self)

    def abandon(self) -> None:
        """Leave nothing of a call that has had no input yet."""
        self._release()

    # --- Inputs -------------------------------------------------------------------------------------------------

    def switch_event(self, event: ev.ChannelEvent) -> None:
        """Hear what happened to the call's channel."""
        if isinstance(event, ev.MediaAnnounced) and not self._is_ours(event.leg):
            self.led_to(event.leg)
        else:
            self.tell(apply_event, self.life, event)

    def led_to(self, leg: ev.MediaAddress | None) -> None:
        """Hear where the audio is led: to another address than ours may be to another gateway."""
        if (self._is_directed or not self.session.takeovers) and not self._is_ours(leg):
            self._log.info("call {call_sid}: another gateway has it now", call_sid=self.call_sid)
            self.tell(self.life.moved)

    def tell(self, happened: Callable[..., None], *details: object) -> None:
        """Feed an input of `life` to the machine, then carry out what it asks for."""
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
        for effect in self._core.drain():
            self._carry_out(effect)

    def media_lost(self, silent_s: float) -> None:
        """Hear from the media plane that no RTP comes."""
        self.tell(self.life.media_lost, silent_s)

    def playout_overflowed(self, dropped_ms: int) -> None:
        """Hear from the media plane that the bot talks faster than we can hold."""
        self._log.warn(
            "call {call_sid}: the bot sent more audio than the playout queue holds; {dropped_ms} ms were dropped",
            call_sid=self.call_sid,
            dropped_ms=dropped_ms,
        )

    def playout_finished(self) -> None:
        """Hear from the media plane that the caller has heard the rest of what the bot said."""
        self.tell(self.life.playout_finished)

    def stream_opened(self) -> None:
        """Hear that the bot shook hands."""
        self.tell(self.life.stream_opened)

    def stream_failed(self, error: str) -> None:
        """Hear that an attempt to reach the bot came to nothing."""
        self._log.warn("call {call_sid}: {error}", call_sid=self.call_sid, error=error)
        self.tell(self.life.stream_failed, error)

    def stream_closed(self, code: int | None, reason: str) -> None:
        """Hear that the bot's connection is closed."""
        self.tell(apply_close, self.life, self.session.bot.options, self._losses, code, reason)

    # --- Effects ------------------------------------------------------------------------------------------------

    def _carry_out(self, effect: fx.Effect) -> None:  # noqa: C901, PLR0912 - one line for each effect there is
        match effect:
            case fx.Originate(ring_s):
                spawn(self._originate(ring_s), self._log, "origination", call_sid=self.call_sid)
            case fx.BridgeCall():
                spawn(self._bridge(), self._log, "bridging", call_sid=self.call_sid)
            case fx.TakeOverCall():
                spawn(self._take_over(), self._log, "taking a call over", call_sid=self.call_sid)
            case fx.DirectMedia(host, port):
                self._is_directed = True
                self._open_leg.direct(host, port)
            case fx.ConnectStream():
                self._bot = self._environment.bots.connect(self._stream_start(), self._open_leg, self)
            case fx.StartStream():
                self._start_stream()
            case fx.SendDigit(digit, duration_ms):
                self._open_bot.send_digit(digit, duration_ms)
            case fx.HoldCaller():
                self._hold_caller()
            case fx.RenewStream():
                self._renew_stream()
            case fx.DrainPlayout():
                self._open_leg.drain()
            case fx.CloseStream(stop):
                self._close_stream(stop)
            case fx.HangUp(cause):
                self._hang_up(cause)
            case fx.ReleaseCall():
                self._release()
            case fx.StartTimer(timer, seconds):
                self._timers.start(timer, seconds)
            case fx.StopTimer(timer):
                self._timers.stop(timer)
            case fx.RecordProgress(status):
                self._record(self.session.progressed(status, self._environment.wall_clock()))
            case fx.RecordEnding(ending):
                self._record_ending(ending)

    async def _originate(self, ring_s: float) -> None:
        turn = self._turn = Deferred.fromCoroutine(self._await_turn())
        try:
            is_ours = await turn
        except BackendUnavailable as problem:
            self.tell(self.life.refused, str(problem))
            return
        finally:
            self._turn = None
        if is_ours:
            await self._dial(ring_s)
        else:
            self.tell(self.life.moved)

    async def _await_turn(self) -> bool:
        """Wait for the trunk's turn, then make sure of it that nobody else dials this call, now or ever."""
        await deferLater(self._environment.clock, self._open_line.wait_s)
        return await self._retry.ask(
            lambda: self._environment.sessions.claim(self.call_sid, self._environment.process),
            "the session store",
        )

    async def _dial(self, ring_s: float) -> None:
        leg = self._open_leg
        origination = Origination(
            channel_id=self.channel_id,
            channel=self._open_line.channel,
            caller_id=self.session.exophone,
            media_host=leg.host,
            media_port=leg.port,
            ring_s=ring_s,
        )
        try:
            await self.switch.originate(origination)
        except (TrunkError, BackendUnavailable) as problem:
            self.tell(self.life.rejected, str(problem))
        else:
            self.has_channel = True

    async def _bridge(self) -> None:
        leg = self._open_leg
        try:
            await self.switch.bridge(self.channel_id, leg.host, leg.port)
        except CallTaken:
            self.tell(self.life.moved)
        except (TrunkError, BackendUnavailable) as problem:
            self.tell(self.life.rejected, str(problem))

    async def _take_over(self) -> None:
        leg = self._open_leg
        try:
            is_led_here = await self._retry.ask(
                lambda: self.switch.take_over(self.channel_id, leg.host, leg.port, is_bridged=self._was_answered),
                f"Asterisk {self.switch.name}",
            )
        except TrunkError:
            self.tell(self.life.channel_hung_up, ENDED_UNSEEN)
        except BackendUnavailable as problem:
            self.tell(self.life.rejected, str(problem))
        else:
            if is_led_here:
                self.tell(self.life.channel_answered)

    def _hang_up(self, cause: int) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.cancel()
            self.tell(self.life.channel_hung_up, NEVER_DIALLED)
        else:
            self.switch.hang_up(self.channel_id, cause)

    def _stream_start(self) -> StreamStart:
        session = self.session
        return StreamStart(
            call_sid=session.call_sid,
            stream_sid=session.stream_sid,
            account=session.account,
            customer=session.customer,
            exophone=session.exophone,
            bot=session.bot,
            direction=session.direction,
            custom_field=session.custom_field,
            is_resumed=self._was_answered,
        )

    def _start_stream(self) -> None:
        self._open_bot.start()
        self._open_leg.attach(self._open_bot)

    def _hold_caller(self) -> None:
        self._log.warn("call {call_sid}: the bot was lost; the caller waits", call_sid=self.call_sid)
        self._environment.metrics.add("lost_streams_total")
        self._open_leg.hold()
        self._bot = None

    def _renew_stream(self) -> None:
        self._losses += 1
        stream_sid, now = self._environment.new_sid(), self._environment.wall_clock()
        self._record(evolve(self.session, stream_sid=stream_sid, updated_at=now))

    def _close_stream(self, stop: fx.StopReason | None) -> None:
        if self._leg is not None:
            self._leg.detach()
        if self._bot is not None:
            self._bot.close(stop)
            self._bot = None

    def _release(self) -> None:
        self._retry.stop()
        if self._leg is not None:
            self._log.debug("call {call_sid}: {media}", call_sid=self.call_sid, media=self._leg.statistics())
            self._leg.close()
            self._leg = None
        spawn(self._environment.nodes.release(self.lease), self._log, "giving a place back", call_sid=self.call_sid)
        self.on_over(self)

    # --- Records ------------------------------------------------------------------------------------------------

    def _record(self, session: Session) -> None:
        self.session = session
        self._environment.sessions.note(session)

    def _record_ending(self, ending: Ending) -> None:
        self._record(self.session.ended(ending, self._environment.wall_clock()))
        self._environment.metrics.add(f"calls_{ending.status.value.replace('-', '_')}_total")
        self._log.info(
            "call {call_sid} {direction} {number}: {status}, {reason}",
            call_sid=self.call_sid,
            direction=self.session.direction.value,
            number=mask(self.session.customer),
            status=ending.status.value,
            reason=ending.reason,
        )

    # --- What it is ---------------------------------------------------------------------------------------------

    @property
    def call_sid(self) -> str:
        """The call's SID."""
        return self.session.call_sid

    @property
    def channel_id(self) -> str:
        """The Uniqueid of the channel towards the phone."""
        return self.session.channel_id or self.session.call_sid

    @property
    def is_answered(self) -> bool:
        """Whether person and bot may be talking."""
        return self.session.answered_at is not None

    @property
    def trunk(self) -> str | None:
        """The trunk whose line the call holds; None for an inbound call."""
        return None if self._line is None else self._line.trunk

    def _is_ours(self, leg: ev.MediaAddress | None) -> bool:
        return leg is None or self._leg is None or leg == (self._leg.host, self._leg.port)

    @property
    def _open_line(self) -> OutboundRoute:
        if self._line is None:
            raise LookupError(f"call {self.call_sid} is not ours to dial")
        return self._line

    @property
    def _open_leg(self) -> IMediaLeg:
        if self._leg is None:
            raise LookupError(f"call {self.call_sid} has no media yet, or no more")
        return self._leg

    @property
    def _open_bot(self) -> IBotConnection:
        if self._bot is None:
            raise LookupError(f"call {self.call_sid} has no stream")
        return self._bot
