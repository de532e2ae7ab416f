"""Adapter: the connection below a bot's WebSocket: Twisted's transport, or its socket while a media plane serves it.

The plane reads and writes in its ticks, without Python; the transport has a cost for each message.
"""

from collections.abc import Callable
from typing import Any

from attrs import define, field

from exoswitch.call.media import ServedSocket, SocketOwner
from exoswitch.interfaces.media import IMediaLeg
from exoswitch.network.prompt import PromptTransport, prompt


@define(eq=False)
class Wire:
    """Sends and reads, by one of the two ways, in one order; `feed` takes what a plane had read and not used."""

    _transport: Any = field(converter=prompt)
    _feed: Callable[[bytes], None]
    _is_reading: bool = field(default=True, init=False)
    _served: ServedSocket | None = field(default=None, init=False)

    @property
    def is_served(self) -> bool:
        """Whether a plane reads and writes the socket."""
        return self._served is not None

    def write(self, data: bytes) -> None:
        """Send data, behind all that was sent."""
        if self._served is None:
            self._transport.write(data)
        elif not self._served.write(data):
            self.take_back()

    def pause(self) -> None:
        """Leave data in the network; a plane does so by itself until `go_on`."""
        self._is_reading = False
        if self._served is None:
            self._transport.pauseProducing()

    def resume(self) -> None:
        """Read again."""
        self._is_reading = True
        if self._served is None:
            self._transport.resumeProducing()

    @property
    def _engine(self) -> Any:
        """Give the engine of TLS that a plane can use, if there is one."""
        return getattr(self._transport, "engine", None)

    def let_serve(self, leg: IMediaLeg, owner: SocketOwner) -> bool:
        """Let the leg's plane read and write the socket, once no data waits for us; False: it never can."""
        engine = self._engine
        if engine is None and not isinstance(self._transport, PromptTransport):
            return False  # Twisted's own TLS
        if not self._transport.is_idle():
            return True
        self._served = leg.serve(self._transport.fileno(), owner, engine)
        if self._served is not None:
            self._transport.pauseProducing()
        return self._served is not None

    def read(self) -> bytes:
        """Take what the plane leaves to us; a socket that is full, or has ended, is taken back."""
        data = None if self._served is None else self._served.read()
        if data is None:
            self.take_back()
        return data or b""

    def go_on(self, form: tuple[bytes, bytes] | None) -> bool:
        """Let the plane read on; say whether there is more for us to read."""
        return self._served is not None and self._served.go_on(form)

    def take_back(self) -> None:
        """Read and write the socket ourselves again; without a plane it has no effect."""
        served, self._served = self._served, None
        if served is None:
            return
        unread, unsent = served.take_back()
        if unsent:
            self._transport.write(unsent)
        if unread:
            self._feed(unread)
        if self._engine is not None:
            self._transport.take_up()
        if self._is_reading:
            self._transport.resumeProducing()
