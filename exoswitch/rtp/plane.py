"""Core: all calls' media on one 20 ms tick; the readable reference of the media plane.

It knows no socket, no clock and no Twisted. It needs these three things; a compiled plane needs no more:

* an :class:`Inbound`, which gives the datagrams of all sessions since the last tick;
* for each :class:`MediaSession` a :class:`Wire`, a :class:`Listener`, and a :class:`Stream` with its MediaEncoding;
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

_PAUSE_S = 1.0
"""A longer gap between two ticks means that this process was paused: by SIGSTOP, or on a stalled machine."""


class Wire(Protocol):
    """The way to Asterisk for one call."""

    def connect(self, address: Address) -> None:
        """Take datagrams from this address only; a later call changes it. Those that have come may still be given."""

    def send(self, packet: bytes, address: Address) -> None:
        """Send a packet now or not at all; the wire counts failures."""


class Stream(Protocol):
    """The plane's part of a bot's connection; see IStream."""

    def send_media(self, message: bytes) -> None:
        """Send a message with the caller's audio."""

    def send_mark(self, name: str) -> None:
        """Tell the bot that all audio before this mark has been played."""


class Listener(Protocol):
    """The plane's part of a call; see IMediaListener."""

    def media_lost(self, silent_s: float) -> None:
        """No RTP has come from Asterisk for this long."""

    def playout_finished(self) -> None:
        """All audio of the bot has been played, after `drain`."""


@define(eq=False)
class MediaSession:
    """One call in the plane; once `closed`, a tick in progress skips it."""

    leg: MediaLeg
    wire: Wire
    listener: Listener
    stream: Stream | None = None
    messages: MessageEncoder | None = None
    connected: bool = False
    closed: bool = False
    failures: int = 0

    def direct(self, host: str, port: int) -> None:
        """Send RTP to this address from now on, and accept it from nowhere else."""
        self.leg.direct(host, port)
        if self.connected and not self.closed:
            self.wire.connect((host, port))

    def attach(self, stream: Stream, encoding: MediaEncoding) -> MessageEncoder:
        """Let the caller's audio flow to this stream from the next tick on."""
        self.stream = stream
        self.messages = messages = MessageEncoder(encoding)
        self.leg.attach()
        return messages


class Inbound(Protocol):
    """The source of the datagrams of all sessions."""

    def receive(self) -> Iterable[tuple[MediaSession, bytes, Address]]:
        """Give the datagrams since the last tick, a limited number for each session."""


@define
class Plane:
    """The sessions of all calls, and their tick.

    An error in one session is reported to `failed`, inside the exception handler, and does not affect the others. A
    pause of this process does not count as silence of the callers.
    """

    _inbound: Inbound
    _failed: Callable[[MediaSession], None]
    _sessions: set[MediaSession] = field(factory=set, init=False)
    _ticked_at: float = field(default=inf, init=False)

    def __len__(self) -> int:
        """Count the calls."""
        return len(self._sessions)

    def add(self, session: MediaSession) -> None:
        """Add a call, from the next tick on."""
        self._sessions.add(session)

    def remove(self, session: MediaSession) -> None:
        """Remove a call, at once even within a tick; a second call has no effect."""
        session.closed = True
        self._sessions.discard(session)

    def tick(self, now: float) -> None:
        """Let 20 ms pass for every call."""
        gap_s = now - self._ticked_at
        self._ticked_at = now
        if gap_s > _PAUSE_S:
            for session in self._sessions:
                session.leg.forgive(gap_s)
        for session, data, address in self._inbound.receive():
            try:
                session.leg.datagram(data, address, now)
            except Exception:  # noqa: BLE001 - an error in one call must not stop the others
                self._note_failure(session)
        for session in tuple(self._sessions):
            if session.closed:
                continue
            try:
                self._tick_session(session, now)
            except Exception:  # noqa: BLE001 - as above
                self._note_failure(session)

    @staticmethod
    def _tick_session(session: MediaSession, now: float) -> None:
        """Send the RTP packet first: the stream and the call cannot delay it."""
        leg = session.leg
        if not session.connected and leg.is_heard and leg.remote is not None:
            session.wire.connect(leg.remote)
            session.connected = True
        pcm, packet, marks, silent_s = leg.tick(now)
        if packet is not None and leg.remote is not None:
            session.wire.send(packet, leg.remote)
        stream = session.stream
        if stream is not None:
            if pcm is not None and session.messages is not None:
                message = session.messages.add(pcm)
                if message is not None:
                    stream.send_media(message)
            for name in marks:
                stream.send_mark(name)
        if silent_s is not None:
            session.listener.media_lost(silent_s)
        if leg.state is _DRAINED:
            leg.state = LegState.IDLE
            session.listener.playout_finished()

    def _note_failure(self, session: MediaSession) -> None:
        session.failures += 1
        self._failed(session)
