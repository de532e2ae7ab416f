"""Core: the record of a call, from its acceptance until long after its end."""

from enum import Enum

from attrs import Factory, evolve, field, frozen

from exoswitch.call.attempts import Attempt
from exoswitch.call.charge import Charge
from exoswitch.call.passthru import Passthru
from exoswitch.call.recording import Recorded, RecordingWish
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.status_callback import StatusCallback
from exoswitch.call.statuses import CallStatus as CallStatus  # noqa: PLC0414 - a word of the session
from exoswitch.call.stream_options import StreamOptions
from exoswitch.call.stream_tap import StreamTap


class Direction(Enum):
    """Which side began the call, in the words of Exotel's REST API (spec: `Direction`)."""

    INBOUND = "inbound"
    OUTBOUND = "outbound-api"

    @property
    def side(self) -> str:
        """The one word for it: ``inbound`` or ``outbound``."""
        return self.value.partition("-")[0]


class StreamStatus(Enum):
    """How the bot's stream ended, in the words of Exotel's `Stream[Status]`."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class DisconnectedBy(Enum):
    """Which side ended the stream, in the words of Exotel's `Stream[DisconnectedBy]`."""

    USER = "user"
    BOT = "bot"
    NONE = "NA"


@frozen(kw_only=True)
class BotTarget:
    """The bot of a call: its URL or its resolver's URL, as configured or requested, and its stream's options.

    `app` is the id of its app; None if a request named the bot by its URL. `passthru` is what follows its stream.
    `record` asks for recordings of its calls.
    """

    url: str = field(repr=False)
    options: StreamOptions = Factory(StreamOptions)
    app: str | None = None
    passthru: Passthru | None = None
    record: RecordingWish | None = None


@frozen(kw_only=True)
class Ending:
    """Why a call ended: its final status, a sentence for the operator, and the end of its stream.

    `cause` is the ITU-T Q.850 hang-up cause from Asterisk, or None if Asterisk gave none.
    """

    status: CallStatus
    reason: str
    cause: int | None = None
    stream_status: StreamStatus | None = None
    disconnected_by: DisconnectedBy = DisconnectedBy.NONE
    stream_error: str | None = None


@frozen(kw_only=True)
class Flow:
    """How far a call has gone from app to app, by passthru; times are seconds since the answer.

    `hops` counts the apps after the first one. The present one began at `began_s`, and `digits` were pressed in its
    stream. `ended` is how this stream ended while the caller stayed, at `ended_s`; None until then. `is_told` says
    that its passthru was asked, so that nothing more is sent to it.
    """

    hops: int = 0
    began_s: float = 0.0
    digits: str = field(default="", repr=False)
    ended: Ending | None = None
    ended_s: float = 0.0
    is_told: bool = False


@frozen(kw_only=True)
class Session:
    """One call in the stores and in the REST API; times are seconds since the epoch, UTC.

    `customer` is the person's number and `exophone` ours, in both directions. `gateway` carries the call or will dial
    it. `channel_id` is its channel at `asterisk`; it is set before the channel exists. `ring_s` and `max_duration_s`
    are the requested limits, or None; a gateway that takes over the call needs them. `takeovers` counts the gateways
    that took over the call; later notes of an earlier gateway are ignored. `talked_s` is the time from answer to end
    by a monotonic clock: the wall clock may be set during a call. `trunk` and `channel_id` are those of the last of
    the `attempts`, which an outbound call has. `charge` is set when the call has ended. `flow` tells how it
    came to its present bot, if it has gone on from one.

    `bot` is None for a call between two phones: then `customer` is the first one, and `second` tells of the other.
    The call of a second phone has no bot, too: `parent_call_sid` and `parent_channel_id` name the call of the first
    one, and its channel. `tap` is a one-way stream of a call between two phones. `callback` says who is told of the
    call.

    `recording` asks for a recording; `recorded` tells of it when the call has ended.
    """

    call_sid: str
    account: str
    direction: Direction
    customer: str = field(repr=False)
    exophone: str
    bot: BotTarget | None
    created_at: float
    updated_at: float
    status: CallStatus = CallStatus.QUEUED
    stream_sid: str = ""
    custom_field: str | None = field(default=None, repr=False)
    answered_at: float | None = None
    ended_at: float | None = None
    trunk: str | None = None
    asterisk: str | None = None
    gateway: str | None = None
    channel_id: str | None = None
    ring_s: float | None = None
    max_duration_s: float | None = None
    takeovers: int = 0
    talked_s: float | None = None
    attempts: tuple[Attempt, ...] = ()
    ending: Ending | None = None
    charge: Charge | None = None
    callback: StatusCallback | None = None
    parent_call_sid: str | None = None
    parent_channel_id: str | None = None
    second: SecondLeg | None = None
    tap: StreamTap | None = None
    flow: Flow | None = None
    recording: RecordingWish | None = None
    recorded: Recorded | None = None

    def progressed(self, status: CallStatus, now: float) -> "Session":
        """Give the session of a call that has reached a status which is not final."""
        answered_at = now if status is CallStatus.IN_PROGRESS and self.answered_at is None else self.answered_at
        return evolve(self, status=status, updated_at=now, answered_at=answered_at)

    def ended(self, ending: Ending, now: float, talked_s: float | None = None) -> "Session":
        """Give the session of a call that has ended; `talked_s` is None if it was never answered, or not known."""
        return evolve(self, status=ending.status, updated_at=now, ended_at=now, talked_s=talked_s, ending=ending)

    def channel_of(self, attempt: int) -> str:
        """Give the id of an outbound call's channel; attempts count from 1, and each has a channel of its own."""
        return self.call_sid if attempt == 1 else f"{self.call_sid}-{attempt}"

    def channels(self, attempts: int) -> tuple[str, ...]:
        """Give the ids of the channels that the call may have now, the likeliest first.

        It has at most one of them. At most `attempts` were made; the notes of the last ones may be lost, except that
        of an answer.
        """
        known = self.channel_id or self.channel_of(1)
        if self.direction is Direction.INBOUND or self.answered_at is not None:
            return (known,)
        later = range(max(len(self.attempts), 1) + 1, attempts + 1)
        return (known, *map(self.channel_of, later))

    @property
    def leaves_passthru_untold(self) -> bool:
        """Whether the call has ended, and its app's passthru is still to be told how the last stream ended."""
        had_stream = self.ending is not None and self.ending.stream_status is not None
        is_told = self.flow is not None and self.flow.is_told
        return had_stream and not is_told and self.bot is not None and self.bot.passthru is not None

    @property
    def is_between_phones(self) -> bool:
        """Whether Asterisk connects, or is to connect, the call's phone with another one."""
        return self.second is not None or self.parent_call_sid is not None

    def as_second(self) -> SecondLeg:
        """Give the facts of a second phone's call, as the first one's session shows them."""
        return SecondLeg(
            number=self.customer,
            call_sid=self.call_sid,
            channel_id=self.channel_id,
            status=self.status,
            answered_at=self.answered_at,
            ended_at=self.ended_at,
            talked_s=self.talked_s,
            trunk=self.trunk,
            charge=self.charge,
        )

    @property
    def token(self) -> str:
        """The token under which the call has a channel of its trunk."""
        return self.call_sid if self.direction is Direction.INBOUND else self.channel_id or self.channel_of(1)

    @property
    def app(self) -> str | None:
        """The id of the bot's app, if it has one."""
        return None if self.bot is None else self.bot.app

    @property
    def stream_options(self) -> StreamOptions:
        """The options of the bot's stream; the defaults for a call without a bot."""
        return StreamOptions() if self.bot is None else self.bot.options

    @property
    def duration_s(self) -> float | None:
        """Seconds from answer to end; None until the call has ended, 0.0 if it was never answered."""
        if self.ended_at is None:
            return None
        if self.answered_at is None:
            return 0.0
        return max(0.0, self.ended_at - self.answered_at) if self.talked_s is None else self.talked_s
