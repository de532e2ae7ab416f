"""Core: what whoever writes a stream down is told of it, in the order in which it happens."""

from typing import Protocol

from exoswitch.exotel.trace.trace import Side


class StreamObserver(Protocol):
    """One attempt to reach a bot, and the stream that may come of it, as somebody else follows it."""

    def attempted(self, url: str) -> None:
        """The bot, or its resolver, is about to be dialled."""

    def opened(self) -> None:
        """The handshake succeeded."""

    def failed(self, error: str) -> None:
        """The handshake did not succeed."""

    def sent(self, message: bytes) -> None:
        """A text message went to the bot."""

    def received(self, message: bytes) -> None:
        """A text message came from the bot."""

    def binary_received(self, size: int) -> None:
        """A binary message came from the bot."""

    def closed(self, code: int | None, reason: str, *, by: Side) -> None:
        """The connection is closed."""

    def close(self) -> None:
        """Nothing more is going to happen."""
