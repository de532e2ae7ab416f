"""Adapter: one live call: its machine, and the hands that carry out what the machine asks for.

Every result, failure and time-out becomes the machine's next input. Inputs queue up, so that one which arises while
an effect is being carried out waits until the effects before it are done.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, evolve, field, frozen
from automat import NoTransition
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch import events as ev
from exoswitch.call import machine
from exoswitch.call_inputs import CallCore, CallInputs, CallLimits, apply_close
from exoswitch.errors import BackendUnavailable, NoCapacity, TrunkError
from exoswitch.exotel.numbers import mask
from exoswitch.interfaces import (
    IBotConnection,
    IBots,
    IMediaLeg,
    IMediaListener,
    IMediaPlane,
    IMetrics,
    IStreamListener,
    ISwitch,
    Origination,
    StreamStart,
)
from exoswitch.interfaces_fleet import INodeAllocator, ISessionStore
from exoswitch.nodes import Lease
from exoswitch.session import Ending, Session
from exoswitch.spawn import spawn

STORE_WAIT_S = 5.0
NEVER_DIALLED = 0  # the cause of a hang-up of a channel that was never asked for


@frozen(kw_only=True)
class Ports:
    """The outside world of every call.

    `clock` is monotonic, `wall_clock` gives seconds since the epoch, `new_sid` an identifier for a call or a stream.
    """

    clock: IReactorTime
    wall_clock: Callable[[], float]
    new_sid: Callable[[], str]
    nodes: INodeAllocator
    media: IMediaPlane
    bots: IBots
    sessions: ISessionStore
    metrics: IMetrics
    switches: Mapping[str, ISwitch]


@frozen(kw_only=True)
class OutboundLine:
    """How an outbound call is dialled: the channel to dial, and how long to wait for the trunk's turn."""

    trunk: str
    channel: str = field(repr=False)
    wait_s: float


@implementer(IMediaListener, IStreamListener)
@define(eq=False)
class LiveCall:
    """A call that is not over yet.

    `admission` fires when the call has its place, and fails with NoCapacity or BackendUnavailable where there is
    none; `on_over` is called when nothing of the call is left. `has_channel` says whether Asterisk has been asked for
    the call's channel, so that a list of its channels without this one means that the call has ended.
    """

    session: Session
    channel_id: str
    on_over: Callable[["LiveCall"], None]
    _ports: Ports
    _limits: CallLimits
    _line: OutboundLine | None = None
    switch: ISwitch | None = None
    admission: Deferred[None] = field(factory=Deferred, init=False)
    life: CallInputs = field(init=False)
    _core: CallCore = field(init=False)
    _inbox: deque[tuple[Callable[..., None], tuple[Any, ...]]] = field(factory=deque, init=False)
    _is_busy: bool = field(default=False, init=False)
    has_channel: bool = field(default=False, init=False)
    _timers: dict[ev.Timer, IDelayedCall] = field(factory=dict, init=False)
    _turn: Deferred[None] | None = field(default=None, init=False)
    _lease: Lease | None = field(default=None, init=False)
    _leg: IMediaLeg | None = field(default=None, init=False)
    _bot: IBotConnection | None = field(default=None, init=False)
    _losses: int = field(default=0, init=False)
    _log: Logger = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start the machine; nothing happens before its first input."""
        self.has_channel = self.switch is not None
        self._core = CallCore(self._limits)
        self.life = machine(self._core)
        self._log = Logger(namespace="exoswitch.call")

    # --- Inputs -------------------------------------------------------------------------------------------------

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

    def _carry_out(self, effect: ev.Effect) -> None:  # noqa: C901, PLR0912 - one line for each effect there is
        match effect:
            case ev.Admit():
                spawn(self._admit(), self._log, "admission", call_sid=self.call_sid)
            case ev.Originate(ring_s):
                spawn(self._originate(ring_s), self._log, "origination", call_sid=self.call_sid)
            case ev.BridgeCall():
                spawn(self._bridge(), self._log, "bridging", call_sid=self.call_sid)
            case ev.DirectMedia(host, port):
                self._open_leg.direct(host, port)
            case ev.ConnectStream():
                self._bot = self._ports.bots.connect(self._stream_start(), self._open_leg, self)
            case ev.StartStream():
                self._start_stream()
            case ev.SendDigit(digit, duration_ms):
                self._open_bot.send_digit(digit, duration_ms)
            case ev.HoldCaller():
                self._hold_caller()
            case ev.RenewStream():
                self._renew_stream()
            case ev.DrainPlayout():
                self._open_leg.drain()
            case ev.CloseStream(stop):
                self._close_stream(stop)
            case ev.HangUp(cause):
                self._hang_up(cause)
            case ev.ReleaseCall():
                self._release()
            case ev.StartTimer(timer, seconds):
                self._start_timer(timer, seconds)
            case ev.StopTimer(timer):
                self._stop_timer(timer)
            case ev.RecordProgress(status):
                self._record(self.session.progressed(status, self._ports.wall_clock()))
            case ev.RecordEnding(ending):
                self._record_ending(ending)

    async def _admit(self) -> None:
        arrived_at = None if self.switch is None else self.switch.name
        session = self.session
        allocated = self._ports.nodes.allocate(session.call_sid, session.direction, asterisk=arrived_at)
        try:
            self._lease = await allocated.addTimeout(STORE_WAIT_S, self._ports.clock)
            self.switch = self._ports.switches[self._lease.asterisk]
            self._leg = self._ports.media.open(self.switch.host, self)
        except (NoCapacity, BackendUnavailable) as problem:
            self._refuse(problem)
        except DeferredTimeout:
            self._refuse(BackendUnavailable(f"the node allocator did not answer within {STORE_WAIT_S:g} s"))
        else:
            self.session = evolve(self.session, asterisk=self.switch.name)
            self.tell(self.life.admitted)
            self.admission.callback(None)

    def _refuse(self, problem: NoCapacity | BackendUnavailable) -> None:
        self.tell(self.life.refused, str(problem))
        self.admission.errback(problem)

    async def _originate(self, ring_s: float) -> None:
        if self._line is None or self.switch is None:
            raise LookupError("an outbound call has a line and an Asterisk by the time it is dialled")
        self._turn = deferLater(self._ports.clock, self._line.wait_s)
        await self._turn
        self._turn = None
        leg = self._open_leg
        origination = Origination(
            channel_id=self.channel_id,
            channel=self._line.channel,
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
        if self.switch is None:
            raise LookupError("an inbound call is at an Asterisk")
        leg = self._open_leg
        try:
            await self.switch.bridge(self.channel_id, leg.host, leg.port)
        except (TrunkError, BackendUnavailable) as problem:
            self.tell(self.life.rejected, str(problem))

    def _hang_up(self, cause: int) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.cancel()
            self.tell(self.life.channel_hung_up, NEVER_DIALLED)
        elif self.switch is not None:
            self.switch.hang_up(self.channel_id, cause)

    def _stream_start(self) -> StreamStart:
        session = self.session
        return StreamStart(
            call_sid=session.call_sid,
            stream_sid=session.stream_sid,
            account=session.account,
            caller=session.caller,
            callee=session.callee,
            bot=session.bot,
            direction=session.direction,
            custom_field=session.custom_field,
        )

    def _start_stream(self) -> None:
        self._open_bot.start()
        self._open_leg.attach(self._open_bot)

    def _hold_caller(self) -> None:
        self._log.warn("call {call_sid}: the bot was lost; the caller waits", call_sid=self.call_sid)
        self._ports.metrics.add("lost_streams_total")
        self._open_leg.hold()
        self._bot = None

    def _renew_stream(self) -> None:
        self._losses += 1
        stream_sid, now = self._ports.new_sid(), self._ports.wall_clock()
        self._record(evolve(self.session, stream_sid=stream_sid, updated_at=now))

    def _close_stream(self, stop: ev.StopReason | None) -> None:
        if self._leg is not None:
            self._leg.detach()
        if self._bot is not None:
            self._bot.close(stop)
            self._bot = None

    def _release(self) -> None:
        if self._leg is not None:
            self._log.debug("call {call_sid}: {media}", call_sid=self.call_sid, media=self._leg.statistics())
            self._leg.close()
            self._leg = None
        lease, self._lease = self._lease, None
        if lease is not None:
            spawn(self._ports.nodes.release(lease), self._log, "giving a place back", call_sid=self.call_sid)
        self.on_over(self)

    # --- Timers and records -------------------------------------------------------------------------------------

    def _start_timer(self, timer: ev.Timer, seconds: float) -> None:
        self._stop_timer(timer)
        expired = {
            ev.Timer.RING: self.life.ring_timed_out,
            ev.Timer.HANDSHAKE: self.life.handshake_timed_out,
            ev.Timer.DURATION: self.life.duration_reached,
            ev.Timer.RECONNECT: self.life.reconnect_due,
            ev.Timer.HANG_UP: self.life.hang_up_timed_out,
        }[timer]
        self._timers[timer] = self._ports.clock.callLater(seconds, self._expire, timer, expired)

    def _expire(self, timer: ev.Timer, expired: Callable[[], None]) -> None:
        del self._timers[timer]
        self.tell(expired)

    def _stop_timer(self, timer: ev.Timer) -> None:
        waiting = self._timers.pop(timer, None)
        if waiting is not None:
            waiting.cancel()

    def _record(self, session: Session) -> None:
        self.session = session
        self._ports.sessions.note(session)

    def _record_ending(self, ending: Ending) -> None:
        self._record(self.session.ended(ending, self._ports.wall_clock()))
        self._ports.metrics.add(f"calls_{ending.status.value.replace('-', '_')}_total")
        self._log.info(
            "call {call_sid} {direction} {number}: {status}, {reason}",
            call_sid=self.call_sid,
            direction=self.session.direction.value,
            number=mask(self.session.caller),
            status=ending.status.value,
            reason=ending.reason,
        )

    # --- What it is ---------------------------------------------------------------------------------------------

    @property
    def call_sid(self) -> str:
        """The call's SID."""
        return self.session.call_sid

    @property
    def trunk(self) -> str | None:
        """The trunk whose line the call holds; None for an inbound call."""
        return None if self._line is None else self._line.trunk

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
