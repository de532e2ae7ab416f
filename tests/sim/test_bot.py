import json
from base64 import b64decode

import pytest
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.endpoints import TCP4ClientEndpoint

from exoswitch.call.effects import StopReason
from exoswitch.sim.behaviour import parse_behaviour
from exoswitch.sim.bot import SimulatedBot
from exoswitch.sim.conversation import Digit, Mark, Started
from exoswitch.sim.latency import Meters
from exoswitch.sim.occasions import Occasions
from exoswitch.sim.sounds import babble
from tests.harness.wire import Messages

pytestmark = pytest.mark.loopback


class Client(WebSocketClientProtocol):
    """The gateway's side of a stream."""

    def __init__(self):
        super().__init__()
        self.opened, self.heard, self.closed = Occasions(), Occasions(), Occasions()
        self.writer = Messages(stream_sid="s" * 32, call_sid="c" * 32)

    def onOpen(self):
        self.opened.happened(self)

    def onMessage(self, payload, isBinary):
        self.heard.happened(payload if isBinary else json.loads(payload) if payload[:2] == b'{"' else payload)

    def onClose(self, wasClean, code, reason):
        self.closed.happened((code, reason))

    def begin(self):
        self.sendMessage(self.writer.connected())
        self.sendMessage(self.writer.start())

    def say(self, pcm):
        self.sendMessage(self.writer.media(pcm))


async def connect(reactor, bot, path="ws?lang=hi"):
    factory = WebSocketClientFactory(bot.url + path, reactor=reactor)
    factory.protocol = Client
    return await TCP4ClientEndpoint(reactor, "127.0.0.1", bot.port).connect(factory)


async def opened(reactor, bot):
    client = await connect(reactor, bot)
    await client.opened.next()
    client.begin()
    return client, await bot.streams.next()


@pytest.fixture
def simulate(reactor, serve):
    def simulate(behaviour="echo", **options):
        return serve(SimulatedBot(reactor=reactor, behaviour=parse_behaviour(behaviour), **options))

    return simulate


async def test_an_echo_bot_records_the_stream_and_returns_its_audio(reactor, simulate):
    bot = simulate()
    client, stream = await opened(reactor, bot)
    client.say(b"\1\2" * 160)
    client.sendMessage(client.writer.dtmf("7", 100))
    client.sendMessage(client.writer.stop(StopReason.CALL_ENDED))
    assert b64decode((await client.heard.next())["media"]["payload"]) == b"\1\2" * 160
    assert await stream.told.next(lambda told: isinstance(told, Digit)) == Digit("7", 100)
    assert (await stream.told.next(lambda told: isinstance(told, Started))).call_sid == "c" * 32
    client.sendClose()
    await stream.closed.next()
    assert stream.uri == "/ws?lang=hi"
    assert stream.conversation.faults == []
    assert stream.conversation.stopped.reason == "callended"
    assert bot.open_streams == []


async def test_a_test_can_send_messages_as_the_bot(reactor, simulate):
    bot = simulate("silent")
    client, stream = await opened(reactor, bot)
    await stream.told.next(lambda told: isinstance(told, Started))
    stream.say(bytes(640))
    stream.mark("m")
    stream.clear()
    said = [await client.heard.next() for _ in range(3)]
    assert [message["event"] for message in said] == ["media", "mark", "clear"]
    assert {message["stream_sid"] for message in said} == {"s" * 32}
    client.sendMessage(client.writer.mark("m"))
    assert await stream.told.next(lambda told: isinstance(told, Mark)) == Mark("m")
    stream.close(4001)
    assert (await client.closed.next())[0] == 4001


async def test_a_bot_that_vanishes_sends_no_close_frame(reactor, simulate):
    bot = simulate()
    client, stream = await opened(reactor, bot)
    stream.vanish()
    assert (await client.closed.next())[0] == 1006


async def test_a_refusing_bot_refuses_the_handshake(reactor, simulate):
    bot = simulate("refuse")
    client = await connect(reactor, bot)
    _, reason = await client.closed.next()
    assert "403" in reason
    assert bot.refused == 1
    assert list(bot.streams) == []


async def test_a_closing_bot_closes_after_its_time(reactor, simulate):
    bot = simulate("echo close-after=0.1")
    begun = reactor.seconds()
    client, _ = await opened(reactor, bot)
    assert (await client.closed.next())[0] == 1000
    assert reactor.seconds() - begun > 0.05


async def test_a_closing_bot_answers_no_message(reactor, simulate):
    bot = simulate()
    client, stream = await opened(reactor, bot)
    stream.close()
    stream.say(bytes(320))
    client.say(bytes(320))
    assert await client.closed.next() == (1000, None)
    await stream.closed.next()


async def test_a_flooding_bot_sends_a_minute_at_once(reactor, simulate):
    bot = simulate("flood=60")
    client, _ = await opened(reactor, bot)
    said = [await client.heard.next() for _ in range(300)]
    assert sum(len(b64decode(message["media"]["payload"])) for message in said) == 60 * 16000


async def test_a_deaf_bot_reads_late(reactor, simulate):
    bot = simulate("echo deaf=0.2")
    begun = reactor.seconds()
    client, stream = await opened(reactor, bot)
    await stream.told.next(lambda told: isinstance(told, Started))
    client.say(bytes(320))
    await client.heard.next()
    assert reactor.seconds() - begun > 0.1


async def test_a_garbage_bot_sends_malformed_messages(reactor, simulate):
    bot = simulate("garbage")
    client, _ = await opened(reactor, bot)
    for _ in range(17):
        client.say(bytes(320))
    said = [await client.heard.next() for _ in range(17)]
    assert b"no JSON at all" in said
    assert b"\x00\xff binary" in said


async def test_meters_measure_the_frames_of_an_echo(reactor, simulate):
    meters = Meters()
    bot = simulate(meters=meters)
    client, _ = await opened(reactor, bot)
    for frame in babble()[:5]:
        meters.out.sent(frame, reactor.seconds())
        client.say(frame)
    for _ in range(5):
        pcm = b64decode((await client.heard.next())["media"]["payload"])
        assert meters.back.heard(pcm, reactor.seconds()) is not None
    assert meters.out.summary().recognised == 5


async def test_the_stop_drops_the_bots_connections(reactor, simulate):
    bot = simulate()
    client, _ = await opened(reactor, bot)
    await bot.stopService()
    assert (await client.closed.next())[0] == 1006
    bot.startService()
