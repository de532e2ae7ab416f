"""Adapter: one call's IMediaLeg, over its session in the plane."""

from collections.abc import Callable
from typing import Any

from attrs import define, field
from zope.interface import implementer

from exoswitch.call.media import (
    MediaEncoding,
    MediaMessages,
    MediaStatistics,
    RecordingSink,
    ServedSocket,
    SocketOwner,
)
from exoswitch.interfaces.media import IMediaLeg, IMediaListener, IStream
from exoswitch.rtp.session import Session


@implementer(IMediaLeg)
@define(eq=False)
class BoundLeg:
    """A leg bound to a port; after `close`, its counts stay, and its methods have no effect."""

    host: str
    port: int
    _session: Session
    _listener: IMediaListener
    _unbind: Callable[[], None]
    _stream: IStream | None = field(default=None, init=False)  # the one that is attached
    _socket_owner: SocketOwner | None = field(default=None, init=False)  # its socket is served
    _has_begun: bool = field(default=False, init=False)
    _overflow_told: bool = field(default=False, init=False)

    @property
    def queued_ms(self) -> int:
        """How much audio of the bot is not played yet."""
        return self._session.queued_ms

    def direct(self, host: str, port: int) -> None:
        """Send RTP to this address from now on, and accept it from nowhere else."""
        self._session.direct(host, port)

    def attach(self, stream: IStream, encoding: MediaEncoding) -> MediaMessages:
        """Let the caller's audio flow to this stream from the next tick on, as whole messages."""
        self._begin_without_socket(stream)
        return self._session.attach(stream, encoding)

    def serve(self, handle: int, owner: SocketOwner, engine: Any = None) -> ServedSocket | None:
        """Read and write the attached stream's socket in the ticks, if the plane can."""
        served = self._session.serve(handle, owner, engine)
        self._socket_owner = None if served is None else owner
        return served

    def _begin_without_socket(self, stream: IStream | None) -> None:
        """Let the owner of a served socket take it back before another stream, or none, is attached."""
        owner, self._socket_owner = self._socket_owner, None
        if owner is not None:
            owner.take_socket_back()
        self._stream = stream

    def detach(self) -> None:
        """Stop the caller's audio, and drop the playout queue and its marks."""
        self._begin_without_socket(None)
        self._session.detach()

    def hold(self) -> None:
        """Detach, and play the waiting sound to the caller until a stream is attached."""
        self._begin_without_socket(None)
        self._session.hold()

    def drain(self) -> None:
        """Stop the caller's audio, play the queued audio, and report when it is played."""
        self._begin_without_socket(None)
        self._session.drain()

    def play(self, pcm: bytes, *, continues: bool = False) -> None:
        """Queue audio of the bot; it may continue the last message."""
        if self._session.closed:
            return
        dropped_ms = self._session.play(pcm, continues=continues)
        if pcm and not self._has_begun:
            self._has_begun = True
            self._listener.playout_began()
        if dropped_ms and not self._overflow_told:
            self._overflow_told = True
            self._listener.playout_overflowed(dropped_ms)

    def mark(self, name: str) -> None:
        """Queue a mark, or answer it at once if no audio is queued."""
        self._answer(self._session.mark(name))

    def clear(self, *, finish_message: bool = False, answer_marks: bool = True) -> None:
        """Drop the unplayed audio, and answer its marks or drop them."""
        marks = self._session.clear(finish_message=finish_message)
        if answer_marks:
            self._answer(marks)

    def _answer(self, marks: list[str]) -> None:
        stream = self._stream
        if stream is not None:
            for name in marks:
                stream.send_mark(name)

    def record(self, sink: RecordingSink | None) -> None:
        """Give both sides of the call to this sink from the next tick on; None ends it, and gives the rest."""
        self._session.record(sink)

    def statistics(self) -> MediaStatistics:
        """Give the counts so far."""
        return self._session.counts().statistics()

    def close(self) -> None:
        """Unbind the port; a second call has no effect."""
        if not self._session.closed:
            self._begin_without_socket(None)
            self._session.record(None)
            self._unbind()
            del self._listener, self._unbind  # the call has this leg: a cycle is work for the garbage collector
