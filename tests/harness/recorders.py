"""Ports that only record their calls, for tests of the calls that the gateway makes."""

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from exoswitch.call.media import MediaStatistics
from exoswitch.call.recording import Recorded
from exoswitch.errors import ChannelGone, NoCapacity
from exoswitch.interfaces.bots import IBotConnection, IBots
from exoswitch.interfaces.media import IMediaLeg, IMediaPlane
from exoswitch.interfaces.recordings import IRecording, IRecordings
from exoswitch.interfaces.switch import ISwitch
from exoswitch.rtp.message_encoder import MessageEncoder


@implementer(ISwitch)
@define(eq=False)
class RecordedSwitch:
    name: str = "pbx1"
    host: str = "10.0.1.5"
    ready: bool = True
    asked: list = field(factory=list)
    answer: Exception | Deferred | None = None
    is_led: bool = True
    waits: bool | Exception = True
    gone: set = field(factory=set)

    def _reply(self, *request, result=None):
        self.asked.append(request)
        if isinstance(self.answer, Deferred):
            return self.answer
        return succeed(result) if self.answer is None else fail(self.answer)

    def originate(self, origination):
        return self._reply("originate", origination)

    def bridge(self, channel_id, media_host, media_port):
        return self._reply("bridge", channel_id, media_host, media_port)

    def is_waiting(self, channel_id):
        return fail(self.waits) if isinstance(self.waits, Exception) else succeed(self.waits)

    def claim(self, channel_id):
        return self._reply("claim", channel_id)

    def take_over(self, channel_id, media_host, media_port, *, is_bridged):
        led = self._reply("take_over", channel_id, media_host, media_port, is_bridged, result=self.is_led)
        return fail(ChannelGone("it has ended")) if channel_id in self.gone else led

    def adopt(self, channel_id):
        answered = self._reply("adopt", channel_id, result=self.is_led)
        return fail(ChannelGone("it has ended")) if channel_id in self.gone else answered

    def tap(self, tap_id, channel_id, media_host, media_port, *, one_side=False):
        return self._reply("tap", tap_id, channel_id, media_host, media_port, one_side)

    def turn_away(self, channel_id):
        return self._reply("turn_away", channel_id)

    def hang_up(self, channel_id, cause):
        self.asked.append(("hang_up", channel_id, cause))

    def hang_up_lost(self, channel_id, cause):
        self.asked.append(("hang_up_lost", channel_id, cause))

    def qualify(self, trunk):
        self.asked.append(("qualify", trunk))

    def verbs(self):
        return [request[0] for request in self.asked]


@implementer(IMediaLeg)
@define(eq=False)
class RecordedLeg:
    host: str = "10.0.0.5"
    port: int = 20000
    queued_ms: int = 0
    asked: list = field(factory=list)
    stream: object = None
    messages: object = None
    sink: object = None

    def direct(self, host, port):
        self.asked.append(("direct", host, port))

    def attach(self, stream, encoding):
        self.stream = stream
        self.messages = None if encoding is None else MessageEncoder(encoding)
        return self.messages

    def serve(self, handle, owner, engine=None):
        """Leave the socket to its owner."""

    def hear(self, pcm):
        """Let 20 ms of the caller's audio pass, as a media plane does."""
        if self.stream is not None:
            message = self.messages.add(pcm)
            if message is not None:
                self.stream.send_media(message)

    def detach(self):
        self.stream = None

    def hold(self):
        self.stream = None
        self.asked.append(("hold",))

    def drain(self):
        self.stream = None
        self.asked.append(("drain",))

    def play(self, pcm, *, continues=False):
        if continues:
            pcm = self.asked.pop()[1] + pcm
        self.asked.append(("play", pcm))

    def mark(self, name):
        self.asked.append(("mark", name))

    def clear(self, *, finish_message=False, answer_marks=True):
        wishes = {"finish message": finish_message, "drop marks": not answer_marks}
        self.asked.append(("clear", *(wish for wish, is_wished in wishes.items() if is_wished)))

    def record(self, sink):
        self.sink = sink
        self.asked.append(("record", sink is not None))

    def statistics(self):
        return MediaStatistics()

    def close(self):
        self.asked.append(("close",))


@implementer(IMediaPlane)
@define(eq=False)
class RecordedMedia:
    is_full: bool = False
    legs: list = field(factory=list)
    listeners: list = field(factory=list)

    def open(self, source_host, listener):
        del source_host
        if self.is_full:
            raise NoCapacity("every RTP port is taken")
        self.legs.append(RecordedLeg())
        self.listeners.append(listener)
        return self.legs[-1]


@implementer(IBotConnection)
@define(eq=False)
class RecordedBot:
    told: object
    leg: object
    listener: object
    asked: list = field(factory=list)

    def start(self):
        self.asked.append(("start",))
        self.leg.attach(self, None)

    def send_media(self, message):
        self.asked.append(("media", message))

    def send_mark(self, name):
        self.asked.append(("mark", name))

    def send_digit(self, digit, duration_ms):
        self.asked.append(("digit", digit, duration_ms))

    def close(self, stop):
        self.asked.append(("close", stop))


@implementer(IBots)
@define(eq=False)
class RecordedBots:
    connections: list = field(factory=list)

    def connect(self, start, leg, listener):
        self.connections.append(RecordedBot(start, leg, listener))
        return self.connections[-1]


@define
class Unanswered:
    """A method of a port; the test answers its Deferreds."""

    waiting: list = field(factory=list)

    def __call__(self, *_, **__):
        self.waiting.append(Deferred())
        return self.waiting[-1]


@implementer(IRecording)
@define(eq=False)
class RecordedRecording:
    call_sid: str
    offset_s: float
    ended: list = field(factory=list)

    def take(self, said, played):
        """Take nothing: a recorded leg gives no audio."""

    def end(self, *, is_over):
        self.ended.append(is_over)
        return Recorded(seconds=7.5)


@implementer(IRecordings)
@define(eq=False)
class RecordedRecordings:
    begun: list = field(factory=list)

    def begin(self, session, offset_s):
        self.begun.append(RecordedRecording(session.call_sid, offset_s))
        return self.begun[-1]
