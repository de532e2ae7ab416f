"""Port: the way to voice bots."""

from zope.interface import Interface

from exoswitch.call.effects import StopReason
from exoswitch.call.stream_start import StreamStart
from exoswitch.interfaces.media import IMediaLeg, IStream


class IStreamListener(Interface):
    """Is told the fate of one attempt to reach a bot; exactly one of the last two methods ends it."""

    def stream_opened() -> None:
        """The handshake succeeded; nothing has been sent yet."""

    def stream_failed(error: str) -> None:
        """The bot could not be reached, refused, or did not complete the handshake in time."""

    def stream_closed(code: int | None, reason: str) -> None:
        """An open connection is closed, by either side; `code` is the WebSocket close code, if there was one."""


class IBotConnection(IStream):
    """A connection to a bot, as a call controls it."""

    def start() -> None:
        """Send `connected` and `start`, and attach the stream to the leg.

        From now on the bot hears the caller, and its media, marks and clears reach the leg.
        """

    def send_digit(digit: str, duration_ms: int) -> None:
        """Tell the bot of a key that was pressed."""

    def close(stop: StopReason | None) -> None:
        """Send `stop` where there is a reason, then close; also abandons a handshake that is under way."""


class IBots(Interface):
    """The way to bots."""

    def connect(start: StreamStart, leg: IMediaLeg, listener: IStreamListener) -> IBotConnection:
        """Begin one attempt to reach a bot; the listener is told its outcome, but never before this returns."""
