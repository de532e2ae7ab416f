"""Adapter: one live call's session, written to the store whenever it changes."""

from collections.abc import Callable

from attrs import define, evolve, field
from twisted.logger import Logger

from exoswitch.call.attempts import Attempt
from exoswitch.call.recording import Recorded
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import BotTarget, CallStatus, Ending, Flow, Session
from exoswitch.call.status_callback import StatusCallback
from exoswitch.call.stream_start import StreamStart
from exoswitch.call.verdicts import AttemptEnd
from exoswitch.gateway.call_metrics import count_ended
from exoswitch.interfaces.billing import IPrices
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.sessions.interfaces import ISessionStore
from exoswitch.telephony.numbers import mask

MOST_DIGITS = 64
"""How many keys of one stream are kept; the bot is told all."""


@define(eq=False, kw_only=True)
class CallRecord:
    """The session of a call, as it is now; its times are the wall clock's, its duration is the monotonic clock's.

    `changed` hears of each change that is written.
    """

    session: Session
    _store: ISessionStore
    _wall_clock: Callable[[], float]
    _monotonic: Callable[[], float]
    _prices: Callable[[], IPrices]
    _metrics: IMetrics
    _log: Logger
    _changed: Callable[[Session], None] = field(default=lambda _session: None)
    _answered_at: float | None = field(default=None, init=False)  # by the monotonic clock

    def __attrs_post_init__(self) -> None:
        """Count what an earlier gateway of this call has noted, by the wall clock; it may have been set since."""
        if self.session.answered_at is not None:
            self._answered_at = self._monotonic() - max(0.0, self._wall_clock() - self.session.answered_at)

    def tell(self, callback: StatusCallback | None) -> Session:
        """Set who is told of the call; it is written with the next change."""
        self.session = evolve(self.session, callback=callback)
        return self.session

    def choose_trunk(self, trunk: str) -> None:
        """Set the trunk; it is written with the next change."""
        self.session = evolve(self.session, trunk=trunk)

    def progress(self, status: CallStatus) -> None:
        """Write a new status; the phone has rung by then."""
        if self.session.attempts:
            *earlier, last = self.session.attempts
            self.session = evolve(self.session, attempts=(*earlier, evolve(last, has_rung=True)))
        if status is CallStatus.IN_PROGRESS and self._answered_at is None:
            self._answered_at = self._monotonic()
        self._write(self.session.progressed(status, self._wall_clock()))

    def begin_attempt(self, attempt: Attempt) -> None:
        """Write that the number is dialled on a trunk."""
        self._write(
            evolve(
                self.session,
                trunk=attempt.trunk,
                channel_id=attempt.channel_id,
                attempts=(*self.session.attempts, attempt),
                updated_at=self._wall_clock(),
            )
        )

    def end_attempt(self, reason: str, end: AttemptEnd | None) -> None:
        """Write how the last attempt ended; `end` is None if we ended it ourselves."""
        *earlier, last = self.session.attempts or (None,)
        if last is None or last.reason is not None:
            return
        if end is not None:
            last = evolve(last, sip_status=end.sip_status, cause=end.cause, has_rung=end.has_rung)
        attempts = (*earlier, evolve(last, reason=reason))
        self._write(evolve(self.session, attempts=attempts, updated_at=self._wall_clock()))

    def set_second(self, second: SecondLeg) -> None:
        """Write what is known of the second phone, if it is news."""
        if second != self.session.second:
            self._write(evolve(self.session, second=second, updated_at=self._wall_clock()))

    def renew_stream(self, stream_sid: str) -> None:
        """Write the SID of the call's next stream."""
        self._metrics.add("stream_losses_total")
        self._write(evolve(self.session, stream_sid=stream_sid, updated_at=self._wall_clock()))

    def press(self, digit: str) -> None:
        """Keep a key that was pressed; it is written with the next change."""
        if len(self._flow.digits) < MOST_DIGITS:
            self.session = evolve(self.session, flow=evolve(self._flow, digits=self._flow.digits + digit))

    def end_stream(self, ended: Ending) -> None:
        """Write how a stream ended whose caller is still there."""
        self._write_flow(evolve(self._flow, ended=ended, ended_s=self._talked_s or 0.0))

    def told(self) -> None:
        """Keep that the passthru of the stream was told; it is written with the next change."""
        self.session = evolve(self.session, flow=evolve(self._flow, is_told=True))

    def enter_app(self, bot: BotTarget, stream_sid: str) -> None:
        """Write that the call has gone on to another app, whose stream has this SID."""
        self.session = evolve(self.session, bot=bot, stream_sid=stream_sid)
        self._write_flow(Flow(hops=self._flow.hops + 1, began_s=self._talked_s or 0.0))

    @property
    def _flow(self) -> Flow:
        return self.session.flow or Flow()

    def _write_flow(self, flow: Flow) -> None:
        self._write(evolve(self.session, flow=flow, updated_at=self._wall_clock()))

    @property
    def _talked_s(self) -> float | None:
        return None if self._answered_at is None else self._monotonic() - self._answered_at

    def end(self, ending: Ending, recorded: Recorded | None = None) -> None:
        """Write how the call ended, what it costs and what was recorded; count it and log it."""
        passthru = None if self.session.bot is None else self.session.bot.passthru
        if self._flow.ended is not None and passthru is not None and not passthru.is_async:
            self.told()  # or asked, and nobody waits for the answer now
        ended = self.session.ended(ending, self._wall_clock(), self._talked_s)
        self._write(evolve(ended, charge=self._prices().charge(ended), recorded=recorded))
        count_ended(self._metrics, self.session)
        self._log.info(
            "call {call_sid} {direction} {number}: {status}, {reason}",
            call_sid=self.session.call_sid,
            direction=self.session.direction.value,
            number=mask(self.session.customer),
            status=ending.status.value,
            reason=ending.reason,
        )

    def stream_start(self, *, is_resumed: bool) -> StreamStart:
        """Give what the bot is told of the call, which must have a bot."""
        session = self.session
        if session.bot is None:
            raise LookupError("a call between two phones has no bot")
        return StreamStart(
            call_sid=session.call_sid,
            stream_sid=session.stream_sid,
            account=session.account,
            customer=session.customer,
            exophone=session.exophone,
            bot=session.bot,
            direction=session.direction,
            custom_field=session.custom_field,
            is_resumed=is_resumed,
        )

    def _write(self, session: Session) -> None:
        self.session = session
        self._store.note(session)
        self._changed(session)
