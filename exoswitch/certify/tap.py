"""Core: an observer that records a stream on a tape."""

from attrs import define, field

from exoswitch.certify.tape import Tape
from exoswitch.exotel.trace.observing import EntryObserver
from exoswitch.exotel.trace.trace import Entry


@define(eq=False)
class Tap(EntryObserver):
    """Writes each message to a tape, and the whole stream to the tape's `kept` trace, if it has one."""

    _tape: Tape
    _is_open: bool = field(default=False, init=False)

    def note(self, entry: Entry) -> None:
        """Keep an entry, if the call is kept."""
        if self._tape.kept is not None:
            self._tape.kept.add(entry)

    def opened(self) -> None:
        """The handshake succeeded."""
        self._is_open = True
        super().opened()

    def sent(self, message: bytes) -> None:
        """The gateway sent a message."""
        self._tape.sent(message, self._now())
        super().sent(message)

    def received(self, message: bytes) -> None:
        """The bot sent a message. Messages after the caller's hang-up are ignored."""
        if self._is_open and self._tape.hung_up_at is None:
            self._tape.received(message, self._now())
            super().received(message)

    def binary_received(self, size: int) -> None:
        """The bot sent a binary message, which Exotel's protocol does not have; ignored as in `received`."""
        if self._is_open and self._tape.hung_up_at is None:
            self._tape.said.binary_message()
            super().binary_received(size)

    def close(self) -> None:
        """Stop listening to the bot."""
        self._is_open = False
