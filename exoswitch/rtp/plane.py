"""Core: all calls' media on one 20 ms tick; the readable reference of the media plane.

It knows no socket, no clock and no Twisted: see :mod:`exoswitch.rtp.session`.
"""

import random
from collections.abc import Callable
from math import inf
from typing import Any

from attrs import define, field

from exoswitch.call.media import MediaEncoding, RecordingSink, SocketOwner
from exoswitch.rtp.leg import LegState, MediaLeg
from exoswitch.rtp.message_encoder import MessageEncoder
from exoswitch.rtp.session import Address, Inbound, LegCounts, LegSettings, Listener, Stream, Wire

_DRAINED = LegState.DRAINED

_PAUSE_S = 1.0
"""A longer gap between two ticks means that this process was paused: by SIGSTOP, or on a stalled machine."""


@define(eq=False)
class MediaSession:
    """One call in the plane; once `closed`, a tick in progress skips it. See `Session`."""

    leg: MediaLeg
    wire: Wire
    listener: Listener
    stream: Stream | None = field(default=None, init=False)
    messages: MessageEncoder | None = field(default=None, init=False)
    connected: bool = field(default=False, init=False)
    closed: bool = field(default=False, init=False)
    failures: int = field(default=0, init=False)
    flooded: int = field(default=0, init=False)

    @property
    def queued_ms(self) -> int:
        """How much audio of the bot is not played yet."""
        return 0 if self.closed else self.leg.playout.queued_ms

    def accepts(self, address: Address) -> bool:
        """Tell whether a datagram from this address belongs to this call; if not, count it."""
        return not self.closed and self.leg.accepts(address)

    def direct(self, host: str, port: int) -> None:
        """Send RTP to this address from now on, and accept it from nowhere else."""
        if self.closed:
            return
        self.leg.direct(host, port)
        if self.connected:
            self.wire.connect((host, port))

    def attach(self, stream: Stream, encoding: MediaEncoding) -> MessageEncoder:
        """Let the caller's audio flow to this stream from the next tick on."""
        messages = MessageEncoder(encoding)
        if not self.closed:
            self.stream, self.messages = stream, messages
            self.leg.attach()
        return messages

    def serve(self, handle: int, owner: SocketOwner, engine: Any = None) -> None:
        """Leave the stream's socket to the stream."""

    def detach(self) -> None:
        """Stop the caller's audio, and drop the bot's audio with its marks."""
        if not self.closed:
            self.stream = None
            self.leg.detach()

    def hold(self) -> None:
        """Detach, and play the waiting sound until a stream is attached."""
        if not self.closed:
            self.stream = None
            self.leg.hold()

    def drain(self) -> None:
        """Stop the caller's audio, and play the bot's audio to its end."""
        if not self.closed:
            self.stream = None
            self.leg.drain()

    def play(self, pcm: bytes, *, continues: bool = False) -> int:
        """Queue audio of the bot; give the milliseconds that were dropped because the queue is full."""
        return 0 if self.closed else self.leg.playout.play(pcm, continues=continues)

    def mark(self, name: str) -> list[str]:
        """Queue a mark; give the marks to answer at once."""
        return [] if self.closed else self.leg.playout.mark(name)

    def clear(self, *, finish_message: bool = False) -> list[str]:
        """Drop the unplayed audio; give its marks, in order."""
        return [] if self.closed else self.leg.playout.clear(finish_message=finish_message)

    def record(self, sink: RecordingSink | None) -> None:
        """Give both sides of the call to this sink from the next tick on; None ends it, and gives the rest."""
        if not self.closed:
            self.leg.record(sink)

    def counts(self) -> LegCounts:
        """Give the counts so far."""
        return self.leg.counts()._replace(unsent=self.wire.send_errors, flooded=self.flooded)


@define
class Plane:
    """The sessions of all calls, and their tick; see `AnyPlane`.

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

    def open(
        self,
        settings: LegSettings,
        rng: random.Random,
        wire: Wire,
        listener: Listener,
        handle: int | None = None,  # noqa: ARG002 - this plane uses no socket itself
    ) -> MediaSession:
        """Add a call, from the next tick on."""
        session = MediaSession(MediaLeg(settings, rng), wire, listener)
        self._sessions.add(session)
        return session

    def remove(self, session: MediaSession) -> None:
        """Remove a call, at once even within a tick; a second call has no effect."""
        if session.closed:
            return
        session.closed = True
        session.stream = session.messages = None
        del session.listener  # the call has its leg, and so this session: a cycle is work for the garbage collector
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
                if session.stream is stream:  # the one before may have ended it
                    stream.send_mark(name)
        if silent_s is not None and not session.closed:
            session.listener.media_lost(silent_s)
        if leg.state is _DRAINED and not session.closed:
            leg.state = LegState.IDLE
            session.listener.playout_finished()

    def _note_failure(self, session: MediaSession) -> None:
        session.failures += 1
        self._failed(session)
