"""Adapter: the two ends of one call's audio: the RTP leg towards the person, the stream to the bot."""

from collections.abc import Callable

from attrs import define, field
from zope.interface import implementer

from exoswitch.call.effects import StopReason
from exoswitch.call.events import MediaAddress
from exoswitch.call.media import MediaStatistics
from exoswitch.call.recording import Recorded
from exoswitch.call.session import CallStatus, Session
from exoswitch.call.stream_start import StreamStart
from exoswitch.interfaces.bots import IBotConnection, IBots, IStreamListener
from exoswitch.interfaces.media import IMediaLeg, IMediaListener, IMediaPlane
from exoswitch.interfaces.recordings import IRecording, IRecordings


@implementer(IStreamListener)
@define(eq=False)
class _Attempt:
    """One attempt to reach a bot, and its stream; one that is given up may tell so when the next one has begun."""

    _listener: IStreamListener
    is_over: bool = field(default=False, init=False)

    def stream_opened(self) -> None:
        if not self.is_over:
            self._listener.stream_opened()

    def stream_failed(self, error: str) -> None:
        if not self.is_over:
            self._listener.stream_failed(error)

    def stream_closed(self, code: int | None, reason: str) -> None:
        if not self.is_over:
            self._listener.stream_closed(code, reason)


@define(eq=False)
class Conversation:
    """A conversation, from the binding of its RTP port to its release; it has at most one stream at a time.

    `source` is HOST:PORT that Asterisk announced for its audio; empty until then.
    """

    _plane: IMediaPlane
    _bots: IBots
    _recordings: IRecordings
    _wall_clock: Callable[[], float]
    source: str = field(default="", init=False)
    _leg: IMediaLeg | None = field(default=None, init=False)
    _bot: IBotConnection | None = field(default=None, init=False)
    _attempt: _Attempt | None = field(default=None, init=False)
    _recording: IRecording | None = field(default=None, init=False)

    def open(self, source_host: str, listener: IMediaListener, session: Session) -> None:
        """Bind an RTP port for audio that comes from this host; go on with the recording of a call that was answered.

        Raises:
            NoCapacity: no port is free.
        """
        self._leg = self._plane.open(source_host, listener)
        if session.answered_at is not None:
            self._begin_recording(session, max(0.0, self._wall_clock() - session.answered_at))

    def record(self, session: Session) -> None:
        """Begin to record the call if it asks for it and has just been answered."""
        if session.status is CallStatus.IN_PROGRESS:
            self._begin_recording(session, 0.0)

    def end_recording(self, *, is_over: bool = True) -> Recorded | None:
        """End the recording, and tell what there is, if anything; a call that is not over goes on elsewhere."""
        if self._recording is None:
            return None
        if self._leg is not None:
            self._leg.record(None)
        return self._recording.end(is_over=is_over)

    def _begin_recording(self, session: Session, offset_s: float) -> None:
        is_wanted = session.recording is not None and not session.is_between_phones  # of which Asterisk has the audio
        if is_wanted and self._recording is None and self._leg is not None:
            self._recording = self._recordings.begin(session, offset_s)
            self._leg.record(self._recording)

    @property
    def here(self) -> MediaAddress | None:
        """Our RTP address; None before it is bound and after it is released."""
        return None if self._leg is None else (self._leg.host, self._leg.port)

    @property
    def address(self) -> MediaAddress:
        """Our RTP address, which must be bound."""
        return self.leg.host, self.leg.port

    @property
    def leg(self) -> IMediaLeg:
        """The RTP leg, which must be bound."""
        if self._leg is None:
            raise LookupError("the call's RTP port is not bound")
        return self._leg

    @property
    def bot(self) -> IBotConnection:
        """The stream, which there must be."""
        if self._bot is None:
            raise LookupError("the call has no stream")
        return self._bot

    def direct(self, host: str, port: int) -> None:
        """Send audio to this address from now on, and accept it from nowhere else, while our RTP port is bound."""
        self.source = f"{host}:{port}"
        if self._leg is not None:
            self._leg.direct(host, port)

    def connect(self, start: StreamStart, listener: IStreamListener) -> None:
        """Begin an attempt to reach the bot; an earlier attempt tells nothing more."""
        if self._attempt is not None:
            self._attempt.is_over = True
        self._attempt = _Attempt(listener)
        self._bot = self._bots.connect(start, self.leg, self._attempt)

    def hold(self) -> None:
        """Let the caller hear the waiting sound while our RTP port is bound; there is no stream."""
        if self._leg is not None:
            self._leg.hold()
        self._bot = None

    def close(self, stop: StopReason | None) -> None:
        """End the stream, with a `stop` message if there is a reason; drop audio that is not played yet."""
        if self._leg is not None:
            self._leg.detach()
        if self._bot is not None:
            self._bot.close(stop)
            self._bot = None

    def release(self) -> MediaStatistics | None:
        """Unbind the RTP port; give the counts of its audio, None if it was not bound."""
        self.end_recording(is_over=False)  # one that has ended already stays as it is
        leg, self._leg = self._leg, None
        if leg is None:
            return None
        statistics = leg.statistics()
        leg.close()
        return statistics
