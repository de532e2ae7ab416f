"""Adapter: simulated bots: WebSocket servers with Exotel's protocol, for demonstrations and tests.

This is autobahn's second home. The first is the gateway's side of the protocol, a client.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import define, field
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall

from exoswitch.sim.behaviour import Behaviour, clear_message, mark_message, media_message, parse_behaviour
from exoswitch.sim.conversation import Conversation, Media, Started, Told
from exoswitch.sim.latency import Meters
from exoswitch.sim.occasions import Occasions
from exoswitch.sim.sounds import frames
from exoswitch.telephony.numbers import mask


@define(eq=False)
class BotStream:
    """One stream at the bot: its `conversation`, and verbs to send messages.

    `uri` is the path and query of the request. The names of `headers` are in lower case. `told` gets every event but
    media, `closed` the code of the close.
    """

    uri: str
    headers: dict[str, str] = field(repr=False)
    _protocol: "BotProtocol" = field(repr=False)
    conversation: Conversation = field(init=False, factory=Conversation)
    told: Occasions[Told] = field(init=False, factory=Occasions)
    closed: Occasions[int | None] = field(init=False, factory=Occasions)

    @property
    def stream_sid(self) -> str:
        """Give the stream's id; empty before `start`."""
        return self.conversation.started.stream_sid if self.conversation.started else ""

    def say(self, pcm: bytes) -> None:
        """Send audio as one `media` message."""
        self.send(media_message(self.stream_sid, pcm))

    def mark(self, name: str) -> None:
        """Send a mark."""
        self.send(mark_message(self.stream_sid, name))

    def clear(self) -> None:
        """Ask the gateway to drop the unplayed audio."""
        self.send(clear_message(self.stream_sid))

    def send(self, message: str | bytes) -> None:
        """Send a text or a binary message. Does nothing on a closing connection."""
        if self._protocol.state != BotProtocol.STATE_OPEN:
            return
        if isinstance(message, str):
            self._protocol.sendMessage(message.encode())
        else:
            self._protocol.sendMessage(message, isBinary=True)

    def close(self, code: int = 1000) -> None:
        """Close the connection with a closing handshake."""
        self._protocol.sendClose(code)

    def vanish(self) -> None:
        """Drop the connection without a closing handshake, as a crashed bot does."""
        self._protocol.transport.abortConnection()


class BotProtocol(WebSocketServerProtocol):
    """One connection from a gateway."""

    stream: BotStream
    transport: Any
    _timers: tuple[IDelayedCall, ...] = ()

    def __init__(self, bot: "SimulatedBot") -> None:
        super().__init__()
        self._bot = bot
        self._behaviour = bot.behaviour
        self._answer = bot.behaviour.begin()

    def onConnect(self, request: ConnectionRequest) -> None:
        """Refuse or accept the handshake."""
        if self._behaviour.refuse_with:
            self._bot.refused += 1
            self._bot.tell(f"refused a call with HTTP {self._behaviour.refuse_with}")
            raise ConnectionDeny(self._behaviour.refuse_with)
        self.stream = BotStream(self.http_request_uri, dict(request.headers), self)

    def onOpen(self) -> None:
        """Start the behaviour of the bot."""
        self._bot.open_streams.append(self.stream)
        if self._behaviour.close_after_s is not None:
            self._later(self._behaviour.close_after_s, self.stream.close)
        self._bot.streams.happened(self.stream)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Take a message and answer it."""
        now = self._bot.reactor.seconds()
        told = self.stream.conversation.feed("(a binary message)" if isBinary else payload.decode(), now)
        if isinstance(told, Media):
            if (meters := self._bot.meters) is not None:
                for frame in frames(told.pcm):
                    meters.echoed(frame, now)
        else:
            self.stream.told.happened(told)
        if isinstance(told, Started):
            self._bot.tell(f"call {told.call_sid} from {mask(told.caller)} to {mask(told.callee)}")
            if self._behaviour.deaf_s:
                self.transport.pauseProducing()
                self._later(self._behaviour.deaf_s, self.transport.resumeProducing)
        for message in self._answer(told):
            self.stream.send(message)

    def onClose(self, _was_clean: bool, code: int | None, _reason: str | None) -> None:
        """Stop the timers. autobahn calls this also for a connection that never opened."""
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        if (stream := getattr(self, "stream", None)) in self._bot.open_streams:
            self._bot.open_streams.remove(stream)
            stream.closed.happened(code)
            self._bot.tell(stream.conversation.summary(code))

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        self._timers += (self._bot.reactor.callLater(seconds, work),)


class BotFactory(WebSocketServerFactory):
    """Makes the protocols of one bot."""

    noisy = False

    def __init__(self, bot: "SimulatedBot") -> None:
        super().__init__(reactor=bot.reactor)
        self.protocol = partial(BotProtocol, bot)  # type: ignore[assignment] # autobahn calls it


@define(eq=False, kw_only=True, slots=False)
class SimulatedBot(Service):
    """A bot that listens on `interface` and `port` (0: any free one). `behaviour` is for new connections.

    `streams` gets each connection when it opens; `open_streams` has the connections that are open now. `meters`
    measure each frame when it arrives; an echo leaves at the same time. `tell` is told of each call in words.
    """

    reactor: Any
    behaviour: Behaviour = field(factory=lambda: parse_behaviour("echo"))
    interface: str = "127.0.0.1"
    port: int = 0
    meters: Meters | None = None
    tell: Callable[[str], object] = field(default=lambda _text: None, repr=False)
    streams: Occasions[BotStream] = field(init=False, factory=Occasions)
    open_streams: list[BotStream] = field(init=False, factory=list)
    refused: int = field(init=False, default=0)
    _listening: Any = field(init=False, default=None)

    @property
    def url(self) -> str:
        """Give the bot's ws URL. The bot must be running."""
        return f"ws://{self.interface}:{self.port}/"

    def startService(self) -> None:
        """Listen."""
        super().startService()
        self._listening = self.reactor.listenTCP(self.port, BotFactory(self), interface=self.interface)
        self.port = self._listening.getHost().port

    def stopService(self) -> Deferred[None]:
        """Drop every connection and stop listening."""
        super().stopService()
        for stream in tuple(self.open_streams):
            stream.vanish()
        return maybeDeferred(self._listening.stopListening)
