"""Port: the way to voice bots."""

from zope.interface import Interface

from exoswitch.call.effects import StopReason
from exoswitch.call.stream_start import StreamStart
from exoswitch.interfaces.media import IMediaLeg, IStream


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
