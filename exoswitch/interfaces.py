"""Port: what the engine asks of the outside world, and what the outside world tells it.

These docstrings are the reference manual for whoever writes another implementation; `tests/contract/` holds one
suite per interface, run over every implementation. Methods that return a Deferred may fail with
:class:`~exoswitch.errors.BackendUnavailable` besides the errors that they name.
"""

from attrs import field, frozen
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.events import StopReason, SwitchEvent
from exoswitch.session import BotTarget, Direction, Session

# --- Asterisk ---------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Origination:
    """An outbound call as Asterisk needs it.

    `channel_id` becomes the channel's Uniqueid, `channel` is its dial string (``PJSIP/098…@lab``), `media_host` and
    `media_port` are where Asterisk shall send the call's RTP once it is answered.
    """

    channel_id: str
    channel: str = field(repr=False)
    caller_id: str
    media_host: str
    media_port: int
    ring_s: float


class ISwitch(Interface):
    """One Asterisk, as the engine sees it: it places, bridges and ends calls, and tells events."""

    name = Attribute("The name of this Asterisk in the configuration.")
    host = Attribute("The address that its RTP comes from until it has announced the exact one.")
    ready = Attribute("Whether we are logged in and Asterisk is fully booted (bool).")

    def originate(origination: Origination) -> Deferred[None]:
        """Queue an outbound call; what becomes of it is told in events.

        Raises:
            TrunkError: Asterisk refused the request.
            BackendUnavailable: not ready, or no answer in time.
        """

    def bridge(channel_id: str, media_host: str, media_port: int) -> Deferred[None]:
        """Claim an inbound channel that waits in the dialplan, answer it, and bridge it to an RTP address.

        Raises:
            CallTaken: another gateway's name is on it.
            TrunkError: the channel is gone.
        """

    def claim(channel_id: str) -> Deferred[None]:
        """Put our name on an inbound channel that waits in the dialplan; `bridge` does so, too.

        Raises:
            CallTaken: another gateway's name is on it.
            TrunkError: the channel is gone.
        """

    def take_over(channel_id: str, media_host: str, media_port: int, *, is_bridged: bool) -> Deferred[bool]:
        """Lead a call that was another gateway's to this RTP address, and put our name on it.

        `is_bridged` says that its audio is known to be led to the other gateway; otherwise Asterisk is asked how far
        the call has come. Fires with whether its audio comes here now. False is a phone that still rings: its audio
        will come here once it is answered, and events tell of both. What waits in the dialplan is answered.

        Raises:
            TrunkError: the channel is gone.
            BackendUnavailable: not ready, or no answer in time.
        """

    def turn_away(channel_id: str) -> Deferred[None]:
        """Let an inbound channel that waits in the dialplan hear that there is no place; it then ends with cause 34.

        Raises:
            CallTaken: another gateway's name is on it.
            TrunkError: the channel is gone.
            BackendUnavailable: not ready, or no answer in time.
        """

    def hang_up(channel_id: str, cause: int) -> None:
        """See to it that the channel is hung up: now, or as soon as Asterisk can be reached again.

        A channel that turns out to have another gateway's name on it by then is left alone.
        """

    def hang_up_lost(channel_id: str, cause: int) -> None:
        """Hang up a channel whose gateway is gone for good, if it is there, and if Asterisk can be reached now."""


class ISwitchListener(Interface):
    """Whoever is told what happens at an Asterisk."""

    def switch_event(switch: ISwitch, event: SwitchEvent) -> None:
        """Take one event; events of one Asterisk come in their order."""


# --- Media ------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class MediaStatistics:
    """What happened to a call's audio; counts are of 20 ms packets or frames unless the name says otherwise.

    `lost` and `concealed` are of the caller's audio; `overflowed_ms` is audio of the bot that found the playout queue
    full.
    """

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicate: int = 0
    malformed: int = 0
    foreign: int = 0
    concealed: int = 0
    sent: int = 0
    underruns: int = 0
    overflowed_ms: int = 0
    jitter_ms: float = 0.0


class IStream(Interface):
    """A connection to a bot, once `start` has been sent: what goes to the bot through it.

    Every method is harmless after the connection has closed.
    """

    def send_media(pcm: bytes) -> None:
        """Pass on 20 ms of the caller's audio: 320 bytes of signed 16-bit little-endian mono at 8,000 Hz."""

    def send_mark(name: str) -> None:
        """Tell the bot that everything before this mark has been played."""


class IMediaListener(Interface):
    """Whoever is told what a call's media plane noticed."""

    def media_lost(silent_s: float) -> None:
        """No RTP has come from Asterisk for this long; said once."""

    def playout_overflowed(dropped_ms: int) -> None:
        """The bot sent more than the playout queue holds, and this much was dropped; said once per call."""

    def playout_finished() -> None:
        """The leg was told to `drain`, and has nothing more to play; said once, and never before `drain` returned."""


class IMediaLeg(Interface):
    """One call's media: an RTP port towards Asterisk, and a playout queue that the bot fills."""

    host = Attribute("The address to give to Asterisk (str).")
    port = Attribute("The UDP port to give to Asterisk (int).")
    queued_ms = Attribute("How much of the bot's audio is yet to be played (int).")

    def direct(host: str, port: int) -> None:
        """Send RTP to this address from now on, and accept it from nowhere else."""

    def attach(stream: IStream) -> None:
        """Let the caller's audio flow to this stream, from the next tick on; what came before is dropped."""

    def detach() -> None:
        """Stop the flow of the caller's audio to the stream, and drop the playout queue and its marks.

        It also ends what `hold` or `drain` began.
        """

    def hold() -> None:
        """Detach, and let the caller hear the plane's waiting sound, if it has one, until a stream is attached.

        Both take effect within 20 ms.
        """

    def drain() -> None:
        """Stop the flow of the caller's audio to the stream, and play what is queued to its end.

        The listener is told in the first tick that finds nothing more to play, so that the last packet has had its
        20 ms. Marks that are reached meanwhile are not answered.
        """

    def play(pcm: bytes) -> None:
        """Queue audio of the bot, any number of bytes: signed 16-bit little-endian mono at 8,000 Hz."""

    def mark(name: str) -> None:
        """Queue a mark; the stream's `send_mark` is called when the audio before it has been sent."""

    def clear(*, finish_message: bool = False, answer_marks: bool = True) -> None:
        """Drop the audio that is yet unplayed; its marks are answered at once, in order, or dropped with it.

        With `finish_message` a message, which is what one `play` brought, goes on to its end once its first sample
        has been sent, and keeps its marks; one that has not begun is dropped. Messages that fit into 20 ms together
        may count as one.
        """

    def statistics() -> MediaStatistics:
        """Count what has happened so far."""

    def close() -> None:
        """Unbind the port, which goes back to the pool after its quarantine; harmless the second time."""


class IMediaPlane(Interface):
    """All calls' media on this node, on one 20 ms tick."""

    def open(source_host: str, listener: IMediaListener) -> IMediaLeg:
        """Bind a port for a call whose RTP will come from this host.

        Raises:
            NoCapacity: every port of the range is taken or in quarantine.
        """


# --- Bots -------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class StreamStart:
    """What the bot is told of its call in `start`, and where to find it.

    `caller` and `callee` are the person's number and ours, whoever dialled; how a bot sees them is its own option.
    `is_resumed` says that the bot has had this call before, through another gateway.
    """

    call_sid: str
    stream_sid: str
    account: str
    caller: str = field(repr=False)
    callee: str = field(repr=False)
    bot: BotTarget
    direction: Direction
    custom_field: str | None = field(default=None, repr=False)
    is_resumed: bool = False


class IStreamListener(Interface):
    """Whoever is told what becomes of a connection to a bot; exactly one of the last two ends it."""

    def stream_opened() -> None:
        """The handshake succeeded; nothing has been sent yet."""

    def stream_failed(error: str) -> None:
        """The bot could not be reached, refused, or did not shake hands in time."""

    def stream_closed(code: int | None, reason: str) -> None:
        """An open connection is closed, whoever closed it; `code` is the WebSocket close code, if there was one."""


class IBotConnection(IStream):
    """An IStream with its whole life: what the engine does with a connection to a bot."""

    def start() -> None:
        """Send `connected` and `start`; from now on the bot's media, marks and clears reach the leg."""

    def send_digit(digit: str, duration_ms: int) -> None:
        """Tell the bot of a key that was pressed."""

    def close(stop: StopReason | None) -> None:
        """Send `stop` where there is a reason, then close; also abandons a handshake that is under way."""


class IBots(Interface):
    """The way to bots."""

    def connect(start: StreamStart, leg: IMediaLeg, listener: IStreamListener) -> IBotConnection:
        """Begin one attempt to reach a bot; its outcome is told to the listener, never before this has returned."""


# --- Calls --------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class CallRequest:
    """A call that somebody with an account asks for: ring `number`, showing `exophone`, and lead it to `bot`."""

    account: str
    number: str = field(repr=False)
    exophone: str
    bot: BotTarget
    custom_field: str | None = None
    ring_s: float | None = None
    max_duration_s: float | None = None


class ICalls(Interface):
    """The calls of this node, as the REST API sees them."""

    ready = Attribute("Whether a call could be placed now: at least one Asterisk is ready, and we are not stopping.")

    def place(request: CallRequest) -> Deferred[Session]:
        """Accept a call; its session is durable when the Deferred fires, and dialling has begun or is about to.

        Raises:
            NoCapacity: the gateway, every Asterisk or the account is full.
            TrunkError: no trunk is configured.
            BackendUnavailable: no Asterisk is ready.
        """

    def find(account: str, call_sid: str) -> Deferred[Session]:
        """Show one call, live or ended.

        Raises:
            CallNotFound: this account has no such call.
        """


# --- Metrics -----------------------------------------------------------------------------------------------------


class IMetrics(Interface):
    """Counters of things that happen; names are ``snake_case`` and end in their unit."""

    def add(name: str, amount: int = 1) -> None:
        """Count something."""


# --- Trunks -----------------------------------------------------------------------------------------------------


class ITrunk(Interface):
    """A SIP trunk: how to dial a number on it, and what Asterisk must be told of it."""

    name = Attribute("The trunk's name in the configuration; also its PJSIP endpoint.")
    channels = Attribute("How many calls it carries at once (int).")

    def dial_string(number: str) -> str:
        """Give the channel that dials this number on the trunk, e.g. ``PJSIP/098…@lab``."""

    def pjsip() -> str:
        """Give the trunk's sections of pjsip.conf, ready to be written."""
