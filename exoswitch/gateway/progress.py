"""Adapter: the stages of one live call: each is logged once, and measured."""

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exoswitch.call.session import CallStatus, Direction, Session
from exoswitch.gateway.record import CallRecord
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.telephony.numbers import mask

SHORT_S = 6.0
"""An answered call that is shorter is counted. Many of them mean that persons hear nothing, or hang up at once."""


@define(eq=False)
class CallProgress:
    """The time of each stage of a call, by the monotonic clock; None before it, and for a call of another gateway."""

    _record: CallRecord
    _clock: IReactorTime
    _metrics: IMetrics
    _log: Logger
    _dialled_at: float | None = field(default=None, init=False)
    _answered_at: float | None = field(default=None, init=False)
    _asked_bot_at: float = field(default=0.0, init=False)
    _connections: int = field(default=0, init=False)
    _is_started: bool = field(default=False, init=False)

    def dialled(self) -> None:
        """Asterisk is asked to dial."""
        self._dialled_at = self._clock.seconds()

    def reached(self, status: CallStatus) -> None:
        """The phone rings, or is answered; a call that another gateway had answered is not measured."""
        if status is CallStatus.RINGING:
            self._observe_setup("ringing")
        elif status is CallStatus.IN_PROGRESS and self._session.answered_at is None:
            self._answered_at = self._clock.seconds()
            self._observe_setup("answer")
            self._log_answer()

    def asked_bot(self) -> None:
        """A connection to the bot is begun."""
        self._asked_bot_at = self._clock.seconds()

    def connected(self) -> None:
        """The bot accepted the handshake."""
        self._observe_connection("opened")
        self._connections += 1
        text = "call {call_sid}: the bot is connected" + (" again" if self._connections > 1 else "")
        self._log_stage(text)

    def not_connected(self) -> None:
        """An attempt to reach the bot failed."""
        self._observe_connection("failed")

    def started(self) -> None:
        """The bot was told `start`: it can hear the caller."""
        bot = self._session.bot
        if self._answered_at is not None and not self._is_started and bot is not None:
            scheme = bot.url.partition(":")[0].lower()
            self._metrics.observe("answer_to_start_seconds", self._since_answer, scheme=scheme)
        self._is_started = True

    def spoke(self) -> None:
        """The first audio of the bot is there for the caller."""
        if self._answered_at is not None:
            self._metrics.observe("first_bot_audio_seconds", self._since_answer)
        self._log_stage("call {call_sid}: the bot's first audio is played")

    def ended(self) -> None:
        """The call is over."""
        if self._answered_at is None:
            return
        session, duration_s = self._session, self._since_answer
        self._metrics.observe("call_duration_seconds", duration_s, direction=session.direction.side)
        if duration_s < SHORT_S:
            self._metrics.add("short_calls_total", trunk=session.trunk or "")

    @property
    def _session(self) -> Session:
        return self._record.session

    @property
    def _since_dialled(self) -> float | None:
        return None if self._dialled_at is None else self._clock.seconds() - self._dialled_at

    @property
    def _since_answer(self) -> float:
        return 0.0 if self._answered_at is None else self._clock.seconds() - self._answered_at

    def _observe_setup(self, stage: str) -> None:
        setup_s = self._since_dialled
        if setup_s is not None:
            self._metrics.observe("call_setup_seconds", setup_s, trunk=self._session.trunk or "", stage=stage)

    def _observe_connection(self, result: str) -> None:
        self._metrics.observe("stream_connect_seconds", self._clock.seconds() - self._asked_bot_at, result=result)

    def _log_answer(self) -> None:
        session = self._session
        if session.direction is Direction.INBOUND:
            self._log.info(
                "call {call_sid} of {account} from {number} is answered",
                call_sid=session.call_sid,
                account=session.account,
                number=mask(session.customer),
            )
        else:
            self._log.info(
                "call {call_sid}: the phone was answered after {rang_s:.1f} s",
                call_sid=session.call_sid,
                rang_s=self._since_dialled or 0.0,
            )

    def _log_stage(self, text: str) -> None:
        if self._answered_at is None:
            self._log.info(text, call_sid=self._session.call_sid)
        else:
            self._log.info(
                text + ", {after_s:.2f} s after the answer",
                call_sid=self._session.call_sid,
                after_s=self._since_answer,
            )
