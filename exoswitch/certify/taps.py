"""Root: observers of streams that record each on a tape."""

import time
from collections.abc import Callable

from attrs import define, field

from exoswitch.call.stream_start import StreamStart
from exoswitch.certify.kept import Kept
from exoswitch.certify.tape import Tape
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.trace import Header


@define
class Taps:
    """Makes the observers of certified streams; `tapes` holds the tape of each call by its stream's SID."""

    _now: Callable[[], float]
    tapes: dict[str, Tape] = field(factory=dict, init=False)

    def observe(self, start: StreamStart, sample_rate_hz: int) -> "Tap":
        """Let the call's tape record the stream."""
        tape = self.tapes[start.stream_sid]
        if start.bot.options.trace == "audio":
            tape.kept = Kept(Header.of(start, sample_rate_hz, time.time()), self._now())
        return Tap(tape, self._now)


@define
class Tap:
    """Tells a tape of each message, as the gateway's own recording is told; and of everything, what is kept."""

    _tape: Tape
    _now: Callable[[], float]
    _is_open: bool = field(default=False, init=False)

    @property
    def _kept(self) -> Kept | None:
        return self._tape.kept

    def attempted(self, url: str) -> None:
        """Hear whom the gateway dials."""
        if self._kept is not None:
            self._kept.attempted(url, self._now())

    def opened(self) -> None:
        """Begin to listen."""
        self._is_open = True
        if self._kept is not None:
            self._kept.opened(self._now())

    def failed(self, error: str) -> None:
        """Hear that there will be no call."""
        if self._kept is not None:
            self._kept.failed(error, self._now())

    def sent(self, message: bytes) -> None:
        """Hear the gateway."""
        self._tape.sent(message, self._now())
        if self._kept is not None:
            self._kept.message(Side.GATEWAY, message, self._now())

    def received(self, message: bytes) -> None:
        """Hear the bot, until the caller has hung up."""
        if not self._is_open or self._tape.hung_up_at is not None:
            return
        self._tape.received(message, self._now())
        if self._kept is not None:
            self._kept.message(Side.BOT, message, self._now())

    def binary_received(self, size: int) -> None:
        """Hear the bot say what cannot be understood."""
        self._tape.said.binary_message()
        if self._kept is not None:
            self._kept.binary(size, self._now())

    def closed(self, code: int | None, reason: str, *, by: Side) -> None:
        """Hear the end."""
        if self._kept is not None:
            self._kept.closed(code, reason, by, self._now())

    def close(self) -> None:
        """Listen no more."""
        self._is_open = False
