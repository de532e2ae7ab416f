"""Core: the events of a stream become the entries of its trace."""

from collections.abc import Callable

from attrs import define, field

from exoswitch.exotel.stream.observer import Side, StreamObserver
from exoswitch.exotel.trace.trace import Attempted, Binary, Closed, Entry, Failed, Message, Opened


@define(eq=False)
class EntryObserver(StreamObserver):
    """Makes an entry of each event and gives it to `note`; `now` is a clock in seconds."""

    _now: Callable[[], float]
    _began_at: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._began_at = self._now()

    def note(self, entry: Entry) -> None:
        """Take an entry."""
        raise NotImplementedError

    def attempted(self, url: str) -> None:
        """The bot, or its resolver, is about to be dialled."""
        self.note(Attempted(self.ms(), url))

    def opened(self) -> None:
        """The handshake succeeded."""
        self.note(Opened(self.ms()))

    def failed(self, error: str) -> None:
        """The handshake failed."""
        self.note(Failed(self.ms(), error))

    def sent(self, message: bytes) -> None:
        """A text message went to the bot."""
        self.note(Message(self.ms(), Side.GATEWAY, message))

    def received(self, message: bytes) -> None:
        """A text message came from the bot."""
        self.note(Message(self.ms(), Side.BOT, message))

    def binary_received(self, size: int) -> None:
        """A binary message of `size` bytes came from the bot."""
        self.note(Binary(self.ms(), size))

    def closed(self, code: int | None, reason: str, *, by: Side) -> None:
        """The connection is closed."""
        self.note(Closed(self.ms(), code, reason, by))

    def ms(self) -> float:
        """Give the time since the beginning."""
        return 1000 * (self._now() - self._began_at)
