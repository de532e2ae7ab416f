"""Root: the gateway's own way to bots, with a tape running in place of a transcript."""

from collections.abc import Callable
from typing import Any

from attrs import define, field

from exoswitch.certify.tape import Tape
from exoswitch.exotel.stream import ExotelBots
from exoswitch.exotel.transcript import Side
from exoswitch.interfaces import StreamStart


class TappedBots(ExotelBots):
    """Reaches bots as a gateway does; `tapes` holds the tape of each call by its stream's SID."""

    def __init__(self, reactor: Any, **options: Any) -> None:
        super().__init__(reactor, **options)
        self.tapes: dict[str, Tape] = {}

    def record(self, start: StreamStart, sample_rate_hz: int) -> Any:  # what a Recording is asked, a Tap answers
        """Let the tape hear what is said."""
        del sample_rate_hz
        return Tap(self.tapes[start.stream_sid], self.reactor.seconds)


@define
class Tap:
    """Tells a tape of each message, as a recording of the gateway's is told."""

    _tape: Tape
    _now: Callable[[], float]
    _is_open: bool = field(default=False, init=False)

    def attempted(self, url: str) -> None:
        """Do nothing: the tape knows."""

    def opened(self) -> None:
        """Begin to listen."""
        self._is_open = True

    def failed(self, error: str) -> None:
        """Do nothing: the call tells the tape."""

    def closed(self, code: int | None, reason: str, *, by: Side) -> None:
        """Do nothing: the call tells the tape."""

    def sent(self, message: bytes) -> None:
        """Hear the gateway."""
        self._tape.sent(message, self._now())

    def received(self, message: bytes) -> None:
        """Hear the bot, until the caller has hung up."""
        if self._is_open and self._tape.hung_up_at is None:
            self._tape.received(message, self._now())

    def binary_received(self, size: int) -> None:
        """Hear the bot say what cannot be understood."""
        del size
        self._tape.said.binary_message()

    def close(self) -> None:
        """Listen no more."""
        self._is_open = False
