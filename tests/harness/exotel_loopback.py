"""A bot on 127.0.0.1: a real WebSocket server."""
# ruff: noqa: N815

import json

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.protocols.tls import TLSMemoryBIOFactory

from exoswitch.exotel.stream.connection import ExotelBots
from exoswitch.telemetry.memory import MemoryMetrics
from tests.harness.recorders import RecordedLeg
from tests.harness.wire import RecordedListener, stream_start


class Bot(WebSocketServerProtocol):
    """Records the messages it receives, and sends those of the test."""

    openHandshakeTimeout = closeHandshakeTimeout = 0
    failByDrop = False

    def onConnect(self, request):
        server = self.factory.bot_server
        if server.refuses:
            raise ConnectionDeny(403, "not you")
        server.requests.append(request)

    def onOpen(self):
        self.factory.bot_server.bots.append(self)
        self.messages, self.closed = [], None

    def onMessage(self, payload, isBinary):
        self.messages.append(json.loads(payload))

    def onClose(self, wasClean, code, reason):
        self.closed = (wasClean, code)

    def say(self, **message):
        self.sendMessage(json.dumps(message).encode())


class BotServer:
    """A server with bots, and an IBots that reaches them, for the contract suite."""

    def __init__(self, reactor, tls=None, **options):
        self.reactor = reactor
        metrics = MemoryMetrics()
        self.metrics = metrics.counts
        self.implementation = ExotelBots(reactor, metrics=metrics, **options)
        self.requests, self.bots, self.refuses = [], [], False
        factory = WebSocketServerFactory(reactor=reactor)
        factory.protocol, factory.bot_server = Bot, self
        if tls is not None:
            factory = TLSMemoryBIOFactory(tls, isClient=False, wrappedFactory=factory, clock=reactor)
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.attempts = []

    def url(self, path="/ws?lang=hi", scheme="ws", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port.getHost().port}{path}"

    def connect(self, url=None, *, starts=True, **options):
        """Begin an attempt with these options of its stream; give its connection, leg and listener."""
        leg, listener = RecordedLeg(), RecordedListener()
        connection = self.implementation.connect(stream_start(url or self.url(), **options), leg, listener)
        assert listener.told == []
        if starts:
            listener.on_open = connection.start
        self.attempts.append((connection, listener))
        return connection, leg, listener

    async def until(self, condition, seconds=30.0):
        """Wait until the condition is true."""
        for _ in range(int(seconds / 0.01)):
            if condition():
                return
            await deferLater(self.reactor, 0.01)
        raise AssertionError("it did not become true in time")

    def startService(self):
        """Do nothing: the server listens already."""

    def stopService(self):
        """Close open connections, and check that every attempt had exactly one end."""
        return Deferred.fromCoroutine(self._leave())

    async def _leave(self):
        for connection, listener in self.attempts:
            if len(listener.told) == listener.told.count("opened"):
                connection.close(None)
            await self.until(lambda told=listener.told: len(told) > told.count("opened"))
            assert len(listener.told) == listener.told.count("opened") + 1
        await self.port.stopListening()
