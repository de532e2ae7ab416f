"""Port: the way to voice bots."""

from attrs import field, frozen
from zope.interface import Interface

from exoswitch.call.effects import StopReason
from exoswitch.call.session import BotTarget, Direction
from exoswitch.interfaces.media import IMediaLeg, IStream


@frozen(kw_only=True)
class StreamStart:
    """What the bot is told of its call in `start`, and where to find it.

    `customer` is the person's number, `exophone` ours, whoever dialled; how a bot sees them is its own option.
    `is_resumed` says that the bot has had this call before, through another gateway.
    """

    call_sid: str
    stream_sid: str
    account: str
    customer: str = field(repr=False)
    exophone: str = field(repr=False)
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
