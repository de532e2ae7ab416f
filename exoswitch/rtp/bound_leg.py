"""Adapter: one call's IMediaLeg, over its session in the plane."""

from collections.abc import Callable

from attrs import define, field
from zope.interface import implementer

from exoswitch.call.media import MediaEncoding, MediaMessages, MediaStatistics, RecordingSink
from exoswitch.interfaces.media import IMediaLeg, IMediaListener, IStream
from exoswitch.rtp.plane import MediaSession


@implementer(IMediaLeg)
@define(eq=False)
class BoundLeg:
    """A leg bound to a port; after `close`, its counts stay, and its methods have no effect."""

    host: str
    port: int
    _session: MediaSession
    _listener: IMediaListener
    _unbind: Callable[[], None]
    _has_begun: bool = field(default=False, init=False)
    _overflow_told: bool = field(default=False, init=False)

    @property
    def queued_ms(self) -> int:
        """How much audio of the bot is not played yet."""
        return self._session.leg.playout.queued_ms

    def direct(self, host: str, port: int) -> None:
        """Send RTP to this address from now on, and accept it from nowhere else."""
        self._session.direct(host, port)

    def attach(self, stream: IStream, encoding: MediaEncoding) -> MediaMessages:
        """Let the caller's audio flow to this stream from the next tick on, as whole messages."""
        return self._session.attach(stream, encoding)

    def detach(self) -> None:
        """Stop the caller's audio, and drop the playout queue and its marks."""
        self._session.stream = None
        self._session.leg.detach()

    def hold(self) -> None:
        """Detach, and play the waiting sound to the caller until a stream is attached."""
        self._session.stream = None
        self._session.leg.hold()

    def drain(self) -> None:
        """Stop the caller's audio, play the queued audio, and report when it is played."""
        self._session.stream = None
        self._session.leg.drain()

    def play(self, pcm: bytes, *, continues: bool = False) -> None:
        """Queue audio of the bot; it may continue the last message."""
        if self._session.closed:
            return
        dropped_ms = self._session.leg.playout.play(pcm, continues=continues)
        if pcm and not self._has_begun:
            self._has_begun = True
            self._listener.playout_began()
        if dropped_ms and not self._overflow_told:
            self._overflow_told = True
            self._listener.playout_overflowed(dropped_ms)

    def mark(self, name: str) -> None:
        """Queue a mark, or answer it at once if no audio is queued."""
        self._answer(self._session.leg.playout.mark(name))

    def clear(self, *, finish_message: bool = False, answer_marks: bool = True) -> None:
        """Drop the unplayed audio, and answer its marks or drop them."""
        marks = self._session.leg.playout.clear(finish_message=finish_message)
        if answer_marks:
            self._answer(marks)

    def _answer(self, marks: list[str]) -> None:
        stream = self._session.stream
        if stream is not None and not self._session.closed:
            for name in marks:
                stream.send_mark(name)

    def record(self, sink: RecordingSink | None) -> None:
        """Give both sides of the call to this sink from the next tick on; None ends it, and gives the rest."""
        if not self._session.closed:
            self._session.leg.record(sink)

    def statistics(self) -> MediaStatistics:
        """Give the counts so far."""
        return self._session.leg.statistics()

    def close(self) -> None:
        """Unbind the port; a second call has no effect."""
        if not self._session.closed:
            self._session.leg.record(None)
            self._unbind()
