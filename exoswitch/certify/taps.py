"""Root: observers of streams that record each on a tape."""

import time
from collections.abc import Callable

from attrs import define, field

from exoswitch.call.stream_start import StreamStart
from exoswitch.certify.kept import Kept
from exoswitch.certify.tape import Tape
from exoswitch.exotel.trace.observing import EntryObserver
from exoswitch.exotel.trace.trace import Entry, Header


@define
class Taps:
    """Makes the observers of certified streams. `tapes` holds the tape of each call by its stream's SID."""

    _now: Callable[[], float]
    tapes: dict[str, Tape] = field(factory=dict, init=False)

    def observe(self, start: StreamStart, sample_rate_hz: int) -> "Tap":
        """Let the call's tape record the stream."""
        tape = self.tapes[start.stream_sid]
        if start.bot.options.trace == "audio":
            tape.kept = Kept(Header.of(start, sample_rate_hz, time.time()))
        return Tap(self._now, tape)


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
        """The bot sent a binary message, which Exotel's protocol does not have."""
        self._tape.said.binary_message()
        super().binary_received(size)

    def close(self) -> None:
        """Stop listening to the bot."""
        self._is_open = False
