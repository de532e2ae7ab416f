"""Core: what is remembered of a call, from the moment it is accepted until long after it ended."""

from enum import Enum

from attrs import Factory, evolve, field, frozen

from exoswitch.call.stream_options import StreamOptions


class Direction(Enum):
    """Who began the call, in the words of Exotel's REST API (spec: `Direction`)."""

    INBOUND = "inbound"
    OUTBOUND = "outbound-api"


class CallStatus(Enum):
    """Exotel's call statuses; the last five are final."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether a call with this status is over."""
        return self not in {CallStatus.QUEUED, CallStatus.RINGING, CallStatus.IN_PROGRESS}


class StreamStatus(Enum):
    """How the bot's stream ended, as Exotel's `Stream[Status]` says it."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class DisconnectedBy(Enum):
    """Which side ended the stream, as Exotel's `Stream[DisconnectedBy]` says it."""

    USER = "user"
    BOT = "bot"
    NONE = "NA"


@frozen(kw_only=True)
class BotTarget:
    """The bot that a call leads to: its URL or its resolver's, as configured or requested, and how to speak to it."""

    url: str = field(repr=False)
    options: StreamOptions = Factory(StreamOptions)


@frozen(kw_only=True)
class Ending:
    """Why a call ended: the final status, the stream's part in it, and a sentence for the operator.

    `cause` is the ITU-T Q.850 hang-up cause that Asterisk gave, or None where it gave none.
    """

    status: CallStatus
    reason: str
    cause: int | None = None
    stream_status: StreamStatus | None = None
    disconnected_by: DisconnectedBy = DisconnectedBy.NONE
    stream_error: str | None = None


@frozen(kw_only=True)
class Session:
    """One call as the stores keep it and the REST API shows it; times are seconds since the epoch, UTC.

    `customer` and `exophone` are Exotel's From and To: the person's number and ours, whoever dialled. `gateway`
    carries the call, or is to dial it; `channel_id` is its channel at `asterisk`, once it may have one. `ring_s` and
    `max_duration_s` are the waits that were asked for, None where none were: whoever takes the call over needs them.
    `takeovers` counts how often that has happened: what an earlier gateway still writes of the call counts no more.
    """

    call_sid: str
    account: str
    direction: Direction
    customer: str = field(repr=False)
    exophone: str
    bot: BotTarget
    created_at: float
    updated_at: float
    status: CallStatus = CallStatus.QUEUED
    stream_sid: str = ""
    custom_field: str | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    trunk: str | None = None
    asterisk: str | None = None
    gateway: str | None = None
    channel_id: str | None = None
    ring_s: float | None = None
    max_duration_s: float | None = None
    takeovers: int = 0
    ending: Ending | None = None

    def progressed(self, status: CallStatus, now: float) -> "Session":
        """Give the session as it is once the call has reached a status that is not its last."""
        answered_at = now if status is CallStatus.IN_PROGRESS and self.answered_at is None else self.answered_at
        return evolve(self, status=status, updated_at=now, answered_at=answered_at)

    def ended(self, ending: Ending, now: float) -> "Session":
        """Give the session as it is once the call is over."""
        return evolve(self, status=ending.status, updated_at=now, ended_at=now, ending=ending)

    @property
    def duration_s(self) -> float | None:
        """Seconds from answer to end; None until the call has ended, 0.0 if it was never answered."""
        if self.ended_at is None:
            return None
        return 0.0 if self.answered_at is None else self.ended_at - self.answered_at
