"""One bot, or the bots of many calls, cannot fill the gateway's memory."""

import json
import struct

import pytest
from cryptography import x509
from twisted.internet.task import deferLater

from exoswitch.audio.g711 import ULAW
from exoswitch.exotel.stream import unfinished
from exoswitch.rtp.playout import Playout
from tests.harness.certificates import certificate
from tests.harness.exotel_loopback import BotServer
from tests.harness.recorders import RecordedLeg
from tests.harness.turns import SlowReactor
from tests.harness.wire import CLOSE, PING, TEXT, Wire, frame

MIB = 1024 * 1024
UNREAD_AT_MOST = MIB + 128 * 1024  # the marks that may wait, behind the transport's own buffer
MARK = {"event": "mark", "mark": {"name": "m" * 256}}


def close_codes(wire):
    return [struct.unpack("!H", payload[:2])[0] for opcode, payload in wire.received() if opcode == CLOSE]


def unfinished_bytes(wire):
    return wire.connection._socket._incoming.unfinished_bytes


def test_marks_with_long_names_are_not_kept():
    wire = Wire()
    for size in (257, 60_000, 1_500_000):
        wire.send({"event": "mark", "mark": {"name": "m" * size}})
    assert wire.leg.asked == []
    assert wire.metrics['bot_faults_total{kind="malformed"}'] == 3


def test_the_names_of_waiting_marks_take_at_most_a_mebibyte():
    playout = Playout(ULAW, max_s=300)
    playout.play(bytes(16_000))
    answered = [playout.mark("m" * 256) for _ in range(10_000)]
    waiting = 10_000 - sum(map(len, answered))
    assert waiting * 256 <= MIB


@pytest.mark.parametrize("size", [1000, 65_000])
def test_an_unfinished_message_takes_at_most_2_mib_however_it_is_cut(size):
    wire = Wire()
    wire.messages()
    wire.send(frame(b"x" * size, TEXT, final=False))
    for _ in range(30):
        wire.send(frame(b"x" * size, 0, final=False) * (80_000 // size + 1))
        assert unfinished_bytes(wire) <= 2 * MIB
    assert close_codes(wire) == [1009]
    assert unfinished_bytes(wire) == 0


def test_the_unfinished_messages_of_all_calls_take_at_most_12_mib_and_the_longest_is_refused():
    wires = [Wire()]
    wires += [Wire(beside=wires[0]) for _ in range(29)]
    for wire in wires:
        wire.messages()
        wire.send(frame(b"x" * 2 * MIB)[: MIB + 10])
        assert sum(unfinished_bytes(one) for one in wires) <= unfinished._ALL_BYTES + MIB
    held = [unfinished_bytes(wire) for wire in wires]
    assert sum(held) <= unfinished._ALL_BYTES
    assert [close_codes(wire) for wire in wires] == [[1009]] * 18 + [[]] * 12
    for wire in wires:
        wire.transport.loseConnection()
    wires[0].reactor.advance(0)
    assert wires[0].bots.shared.unfinished.all_bytes == 0


def test_of_a_flood_only_the_data_that_was_read_before_the_pause_waits():
    wire = Wire(reactor=SlowReactor())
    wire.send(frame(b"", PING) * 32_000)
    assert not wire.transport.is_reading
    assert len(wire.connection._socket._incoming._data) <= 64_000


# --- with the socket full: a real connection, whose bot reads nothing


def waiting_bytes(connection):
    transport = connection._socket.transport
    return len(transport.dataBuffer) + transport._tempDataLen


class Unqueued(RecordedLeg):
    """Has no audio that waits, so it answers marks at once."""

    def mark(self, name):
        self.stream.send_mark(name)


async def deaf_bot(server):
    connection, leg, listener = server.connect()
    connection._leg = Unqueued(asked=leg.asked)
    await server.until(lambda: server.bots and len(server.bots[0].messages) == 2)
    bot = server.bots[0]
    bot.transport.pauseProducing()
    return connection, listener, bot


@pytest.mark.loopback
async def test_a_bot_that_sends_marks_and_reads_nothing_is_dropped_after_a_mebibyte(reactor, serve):
    server = serve(BotServer(reactor))
    connection, listener, bot = await deaf_bot(server)
    most = 0
    for _ in range(1000):
        bot.transport.write(frame(json.dumps(MARK).encode()) * 100)
        await deferLater(reactor, 0)
        most = max(most, waiting_bytes(connection))
        if len(listener.told) > 1:
            break
    assert listener.told[1:] == [("closed", None, "the bot does not read what it is sent")]
    assert 16 * 1024 < most < UNREAD_AT_MOST
    bot.transport.abortConnection()


@pytest.mark.loopback
async def test_a_bot_that_sends_pings_and_reads_nothing_fills_no_more_than_the_transports_buffer(reactor, serve):
    server = serve(BotServer(reactor))
    connection, listener, bot = await deaf_bot(server)
    waiting = []

    def is_congested():
        waiting.append(waiting_bytes(connection))
        return connection._socket.is_congested

    for _ in range(300):
        bot.transport.write(frame(b"p" * 125, PING) * 500)
        await deferLater(reactor, 0)
        is_congested()
    await server.until(is_congested, seconds=30)
    assert 16 * 1024 < max(waiting) < 64 * 1024
    assert listener.told == ["opened"]
    bot.transport.abortConnection()
    await server.until(lambda: len(listener.told) == 2)


@pytest.mark.loopback
@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")  # Twisted 26.10 does it
@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_at_most_16_kib_of_a_connection_are_read_at_once(scheme, reactor, serve, monkeypatch, tls_way):
    own = certificate(x509.DNSName("localhost"))
    tls = own.options() if scheme == "wss" else None
    server = serve(BotServer(reactor, tls=tls, tls_options=tls_way.trusting(own)))
    connection, leg, _ = server.connect(server.url(scheme=scheme, host="localhost"))
    await server.until(lambda: server.bots and len(server.bots[0].messages) == 2)
    waiting = []
    take = connection._socket.dataReceived
    monkeypatch.setattr(
        connection._socket,
        "dataReceived",
        lambda data: (take(data), waiting.append(len(connection._socket._incoming._data))),
    )
    server.bots[0].transport.write(frame(MARK) * 1000)
    await server.until(lambda: len(leg.asked) == 1000)
    assert max(waiting) <= 16 * 1024
