"""Adapter: the one-way streams of calls between two phones: a bot listens, and nothing of it is played.

The stream is that of any bot (`connected`, `start`, `media`, `stop`), without keys. It hears both phones, mixed. If
it cannot be opened, even at the second try, or breaks, the call goes on without it.
"""

from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.call.effects import StopReason
from exoswitch.call.events import MediaAnnounced, SwitchEvent
from exoswitch.call.media import MediaEncoding, MediaMessages, MediaStatistics, RecordingSink, SocketOwner
from exoswitch.call.session import BotTarget, Session
from exoswitch.call.stream_start import StreamStart
from exoswitch.call.stream_tap import StreamTap
from exoswitch.errors import NoCapacity
from exoswitch.gateway.audio_tap import AudioTap, TapListener, call_of_tap, hang_up_earlier, kind_of
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_call import LiveCall
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.interfaces.bots import IBotConnection, IStreamListener
from exoswitch.interfaces.media import IMediaLeg, IStream
from exoswitch.interfaces.switch import ISwitch

ATTEMPTS = 2  # Exotel retries a failed handshake once (spec §1)
_PREFIX = "tap"


@implementer(IMediaLeg)
@define(eq=False)
class SilencedLeg:
    """A leg that its bot hears, and on which it plays nothing."""

    _leg: IMediaLeg
    queued_ms: int = 0

    @property
    def host(self) -> str:
        """The address of the leg."""
        host: str = self._leg.host
        return host

    @property
    def port(self) -> int:
        """The UDP port of the leg."""
        port: int = self._leg.port
        return port

    def direct(self, host: str, port: int) -> None:
        """Exchange RTP with this address."""
        self._leg.direct(host, port)

    def attach(self, stream: IStream, encoding: MediaEncoding) -> MediaMessages:
        """Let the audio flow to this stream."""
        return self._leg.attach(stream, encoding)

    def serve(self, handle: int, owner: SocketOwner, engine: Any = None) -> None:
        """Leave the socket to the stream: a plane would play the bot's audio."""

    def detach(self) -> None:
        """Stop the audio to the stream."""
        self._leg.detach()

    def hold(self) -> None:
        """Stop the audio to the stream."""
        self._leg.detach()

    def drain(self) -> None:
        """Play nothing: nothing is queued."""

    def play(self, pcm: bytes, *, continues: bool = False) -> None:
        """Drop the bot's audio."""

    def mark(self, name: str) -> None:
        """Drop a mark."""

    def clear(self, *, finish_message: bool = False, answer_marks: bool = True) -> None:
        """Clear nothing: nothing is queued."""

    def record(self, sink: RecordingSink | None) -> None:
        """Give the audio to this sink."""
        self._leg.record(sink)

    def statistics(self) -> MediaStatistics:
        """Give the counts so far."""
        return self._leg.statistics()

    def close(self) -> None:
        """Unbind the port."""
        self._leg.close()


@implementer(IStreamListener)
@define(eq=False)
class OneWayStream(TapListener):
    """The one-way stream of one call, from its first attempt until it or the call is over."""

    _environment: Environment
    _session: Session
    _wanted: StreamTap
    tap: AudioTap
    _leg: IMediaLeg | None = field(default=None, init=False)
    _bot: IBotConnection | None = field(default=None, init=False)
    _attempts: int = field(default=0, init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.taps"), init=False)

    def begin(self) -> None:
        """Have a port for the audio of the call, and connect to the bot."""
        try:
            self._leg = SilencedLeg(self.tap.open(self))
        except NoCapacity as problem:
            self._give_up(str(problem))
        else:
            self._connect()

    def end(self, stop: StopReason | None) -> None:
        """Close the stream with a `stop` message, and the tap; a second call has no effect."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        bot, self._bot, self._leg = self._bot, None, None
        if bot is not None:
            bot.close(stop)
        self.tap.close()

    def _connect(self) -> None:
        session, self._attempts = self._session, self._attempts + 1
        if self._leg is None:
            return
        start = StreamStart(
            call_sid=session.call_sid,
            stream_sid=self._environment.new_sid(),
            account=session.account,
            customer=session.customer,
            exophone=session.exophone,
            bot=BotTarget(url=self._wanted.url),
            direction=session.direction,
            custom_field=session.custom_field,
            is_resumed=session.takeovers > 0,
        )
        self._bot = self._environment.bots.connect(start, self._leg, self)

    def _give_up(self, problem: str) -> None:
        self._log.warn(
            "call {call_sid} goes on without its one-way stream: {problem}",
            call_sid=self._session.call_sid,
            problem=problem,
        )
        self._bot = None
        self.end(None)

    def stream_opened(self) -> None:
        """The bot accepted the handshake."""
        if self._bot is None:
            return
        self._bot.start()
        if self._wanted.timeout_s is not None:
            self._timer = self._environment.clock.callLater(self._wanted.timeout_s, self.end, StopReason.STOPPED)

    def stream_failed(self, error: str) -> None:
        """An attempt failed: there is one more."""
        if self._bot is None:
            return
        if self._attempts < ATTEMPTS:
            self._connect()
        else:
            self._give_up(error)

    def stream_closed(self, code: int | None, reason: str) -> None:
        """The connection is closed, by the bot if not by us."""
        if self._bot is not None:
            self._give_up(f"the bot closed it ({code} {reason})")


@define(eq=False)
class OneWayStreams:
    """Begins the one-way streams of this gateway's calls, and ends each with its call."""

    _environment: Environment
    _calls: LiveCalls
    _streams: dict[str, OneWayStream] = field(factory=dict, init=False)

    def changed(self, session: Session) -> None:
        """Begin a call's stream if its time has come, and let it hear the second phone once that is connected."""
        wanted, call = session.tap, self._calls.find(session.call_sid)
        if wanted is None or call is None or session.status.is_final or not _is_due(session, wanted):
            return
        stream = self._streams.get(session.call_sid) or self._begin(call, session, wanted)
        stream.tap.hear_both(session, call.channel.channel_id)

    def over(self, call_sid: str) -> None:
        """End the stream of a call that is over, or that another gateway has now."""
        stream = self._streams.pop(call_sid, None)
        if stream is not None:
            stream.end(StopReason.CALL_ENDED)

    def observe(self, switch: ISwitch, event: SwitchEvent) -> bool:
        """Take the address of a tap; say whether the event is one of a tap."""
        if not isinstance(event, MediaAnnounced):
            return False
        stream = self._streams.get(call_of_tap(event.channel_id))
        return stream is not None and stream.tap.observe(switch, event)

    def _begin(self, call: LiveCall, session: Session, wanted: StreamTap) -> OneWayStream:
        environment, switch, call_sid = self._environment, call.channel.switch, session.call_sid
        hang_up_earlier(switch, _PREFIX, session)
        tap = AudioTap(switch, kind_of(_PREFIX, session), call_sid, environment.media, environment.clock)
        self._streams[call_sid] = stream = OneWayStream(environment, session, wanted, tap)
        stream.begin()
        return stream


def _is_due(session: Session, wanted: StreamTap) -> bool:
    if wanted.begins_at == "leg1":
        return session.answered_at is not None and session.second is not None
    return session.second is not None and session.second.answered_at is not None
