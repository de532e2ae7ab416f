"""Core: the events of one stream, for an observer that writes them down or checks them."""

from collections.abc import Callable
from enum import Enum

from exoswitch.call.stream_start import StreamStart


class Side(Enum):
    """The side that sent a message or closed the connection."""

    GATEWAY = "gateway"
    BOT = "bot"


class StreamObserver:
    """Is told of one attempt to reach a bot and of its stream, in the order of events; this one does nothing."""

    def attempted(self, url: str) -> None:
        """The bot, or its resolver, is about to be dialled."""

    def opened(self) -> None:
        """The handshake succeeded."""

    def failed(self, error: str) -> None:
        """The handshake failed."""

    def sent(self, message: bytes) -> None:
        """A text message went to the bot."""

    def received(self, message: bytes) -> None:
        """A text message came from the bot."""

    def binary_received(self, size: int) -> None:
        """A binary message of `size` bytes came from the bot."""

    def closed(self, code: int | None, reason: str, *, by: Side) -> None:
        """The connection is closed."""

    def close(self) -> None:
        """Nothing follows."""


ObserverFactory = Callable[[StreamStart, int], StreamObserver]
"""Makes the observer of an attempt; the number is the bot's sample rate in Hz."""


def unobserved(_start: StreamStart, _sample_rate_hz: int) -> StreamObserver:
    """Make an observer that does nothing."""
    return StreamObserver()
