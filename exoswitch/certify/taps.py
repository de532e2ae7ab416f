"""Root: observers of streams that record each on a tape."""

import time
from collections.abc import Callable

from attrs import define, field

from exoswitch.call.stream_start import StreamStart
from exoswitch.certify.kept import Kept
from exoswitch.certify.tape import Tape
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.trace import Attempted, Binary, Closed, Entry, Failed, Header, Message, Opened


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
        return Tap(tape, self._now)


@define
class Tap:
    """Writes each message to a tape, and the whole stream to the tape's `kept` trace, if it has one."""

    _tape: Tape
    _now: Callable[[], float]
    _began_at: float = field(init=False)
    _is_open: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._began_at = self._now()

    def attempted(self, url: str) -> None:
        """The gateway dials the bot."""
        self._keep(Attempted(self._ms(), url))

    def opened(self) -> None:
        """The handshake succeeded."""
        self._is_open = True
        self._keep(Opened(self._ms()))

    def failed(self, error: str) -> None:
        """The handshake failed."""
        self._keep(Failed(self._ms(), error))

    def sent(self, message: bytes) -> None:
        """The gateway sent a message."""
        self._tape.sent(message, self._now())
        self._keep(Message(self._ms(), Side.GATEWAY, message))

    def received(self, message: bytes) -> None:
        """The bot sent a message. Messages after the caller's hang-up are ignored."""
        if not self._is_open or self._tape.hung_up_at is not None:
            return
        self._tape.received(message, self._now())
        self._keep(Message(self._ms(), Side.BOT, message))

    def binary_received(self, size: int) -> None:
        """The bot sent a binary message, which Exotel's protocol does not have."""
        self._tape.said.binary_message()
        self._keep(Binary(self._ms(), size))

    def closed(self, code: int | None, reason: str, *, by: Side) -> None:
        """The connection is closed."""
        self._keep(Closed(self._ms(), code, reason, by))

    def close(self) -> None:
        """Stop listening to the bot."""
        self._is_open = False

    def _ms(self) -> float:
        return 1000 * (self._now() - self._began_at)

    def _keep(self, entry: Entry) -> None:
        if self._tape.kept is not None:
            self._tape.kept.add(entry)
