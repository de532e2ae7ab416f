"""Adapter: one live call's session, written to the store whenever it changes."""

from collections.abc import Callable

from attrs import define, evolve, field
from twisted.logger import Logger

from exoswitch.call.attempts import Attempt
from exoswitch.call.session import CallStatus, Ending, Session
from exoswitch.call.stream_start import StreamStart
from exoswitch.call.verdicts import AttemptEnd
from exoswitch.gateway.call_metrics import count_ended
from exoswitch.interfaces.billing import IPrices
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.sessions.interfaces import ISessionStore
from exoswitch.telephony.numbers import mask


@define(eq=False)
class CallRecord:
    """The session of a call, as it is now; its times are the wall clock's, its duration is the monotonic clock's."""

    session: Session
    _store: ISessionStore
    _wall_clock: Callable[[], float]
    _monotonic: Callable[[], float]
    _prices: Callable[[], IPrices]
    _metrics: IMetrics
    _log: Logger
    _answered_at: float | None = field(default=None, init=False)  # by the monotonic clock

    def __attrs_post_init__(self) -> None:
        """Count what an earlier gateway of this call has noted, by the wall clock; it may have been set since."""
        if self.session.answered_at is not None:
            self._answered_at = self._monotonic() - max(0.0, self._wall_clock() - self.session.answered_at)

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

    def renew_stream(self, stream_sid: str) -> None:
        """Write the SID of the call's next stream."""
        self._metrics.add("stream_losses_total")
        self._write(evolve(self.session, stream_sid=stream_sid, updated_at=self._wall_clock()))

    def end(self, ending: Ending) -> None:
        """Write how the call ended and what it costs, count it and log it."""
        talked_s = None if self._answered_at is None else self._monotonic() - self._answered_at
        ended = self.session.ended(ending, self._wall_clock(), talked_s)
        self._write(evolve(ended, charge=self._prices().charge(ended)))
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
