"""Core: all calls' media on one 20 ms tick; the readable reference of the media plane.

It knows no socket, no clock and no Twisted. Three things are given to it, and another plane, a compiled one for
instance, has to fit behind no more than these:

* an :class:`Inbound`, that gives the datagrams that have come since the last tick, of all lines together;
* for each :class:`MediaSession` a :class:`Wire` to send on, a :class:`Stream` to the bot and a :class:`Listener`;
* a call of `tick` every 20 ms.
"""

from collections.abc import Callable, Iterable
from math import inf
from typing import Protocol

from attrs import define, field

from exoswitch.call.media import MediaEncoding
from exoswitch.rtp.leg import Address, LegState, MediaLeg
from exoswitch.rtp.message_encoder import MessageEncoder

_DRAINED = LegState.DRAINED

_STANDSTILL_S = 1.0
"""A tick so long after the one before says that this process stood still: under SIGSTOP, or on a stalled machine."""


class Wire(Protocol):
    """The way to Asterisk for one call."""

    def send(self, packet: bytes, address: Address) -> None:
        """Send a packet now or never; a failure is the wire's to count, and so is a wire that is closed."""


class Stream(Protocol):
    """What the plane needs of a bot's connection; see IStream."""

    def send_media(self, message: bytes) -> None:
        """Send a message with the caller's audio."""

    def send_mark(self, name: str) -> None:
        """Tell the bot that everything before this mark has been played."""


class Listener(Protocol):
    """What the plane needs of a call; see IMediaListener."""

    def media_lost(self, silent_s: float) -> None:
        """No RTP has come from Asterisk for this long."""

    def playout_finished(self) -> None:
        """All of the bot's audio has been played, after the leg was told to drain."""


@define(eq=False)
class MediaSession:
    """One call in the plane. Whoever takes it out closes it, so that a tick under way passes it by."""

    leg: MediaLeg
    wire: Wire
    listener: Listener
    stream: Stream | None = None
    messages: MessageEncoder | None = None
    closed: bool = False
    failures: int = 0

    def attach(self, stream: Stream, encoding: MediaEncoding) -> MessageEncoder:
        """Let the caller's audio flow to this stream from the next tick on."""
        self.stream = stream
        self.messages = messages = MessageEncoder(encoding)
        self.leg.attach()
        return messages


class Inbound(Protocol):
    """Where all lines' datagrams come from."""

    def receive(self) -> Iterable[tuple[MediaSession, bytes, Address]]:
        """Give what has come since the last tick, a bounded number of datagrams for each line."""


@define
class Plane:
    """The lines, and what a tick does for each.

    What goes wrong in one line is told to `failed`, within the handler of the exception, and stays in that line. Time
    in which this process stood still is no caller's silence: nobody listened.
    """

    _inbound: Inbound
    _failed: Callable[[MediaSession], None]
    _lines: set[MediaSession] = field(factory=set, init=False)
    _ticked_at: float = field(default=inf, init=False)

    def __len__(self) -> int:
        """Count the calls."""
        return len(self._lines)

    def add(self, line: MediaSession) -> None:
        """Take a call in, from the next tick on."""
        self._lines.add(line)

    def remove(self, line: MediaSession) -> None:
        """Let a call go, at once even within a tick; harmless the second time."""
        line.closed = True
        self._lines.discard(line)

    def tick(self, now: float) -> None:
        """Let 20 ms pass for every call."""
        gap_s = now - self._ticked_at
        self._ticked_at = now
        if gap_s > _STANDSTILL_S:
            for line in self._lines:
                line.leg.forgive(gap_s)
        for line, data, address in self._inbound.receive():
            try:
                line.leg.datagram(data, address, now)
            except Exception:  # noqa: BLE001 - one call's trouble must not be all calls' trouble
                self._note_failure(line)
        for line in tuple(self._lines):
            if line.closed:
                continue
            try:
                self._tick_line(line, now)
            except Exception:  # noqa: BLE001 - as above
                self._note_failure(line)

    @staticmethod
    def _tick_line(line: MediaSession, now: float) -> None:
        """Serve the caller first: what the bot's stream or the call do with their part cannot delay it."""
        leg = line.leg
        pcm, packet, marks, silent_s = leg.tick(now)
        if packet is not None and leg.remote is not None:
            line.wire.send(packet, leg.remote)
        stream = line.stream
        if stream is not None:
            if pcm is not None and line.messages is not None:
                message = line.messages.add(pcm)
                if message is not None:
                    stream.send_media(message)
            for name in marks:
                stream.send_mark(name)
        if silent_s is not None:
            line.listener.media_lost(silent_s)
        if leg.state is _DRAINED:
            leg.state = LegState.IDLE
            line.listener.playout_finished()

    def _note_failure(self, line: MediaSession) -> None:
        line.failures += 1
        self._failed(line)
