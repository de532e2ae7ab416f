"""TLS towards servers that are not trusted, decrypted in turns."""

from contextlib import suppress

import pytest
from cryptography import x509
from OpenSSL import SSL
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from exoswitch.network.prompt import PromptTransport
from exoswitch.network.tls_in_turns import PIECE_BYTES, TlsInTurnsFactory
from exoswitch.tasks.fair_turns import TLS_S, FairTurns
from tests.harness.certificates import Authority

pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")  # Twisted 26.10 does it

AUTHORITY = Authority()
DNS = x509.DNSName("voice_bot")
RECORD_S = 0.00001
FLOOD = 2000  # records of one byte
ALERT = 21  # RFC 5246 §6.2.1; a handshake is 22


def record_types(data):
    while data:
        yield data[0]
        data = data[5 + int.from_bytes(data[3:5]) :]


class Bot(Protocol):
    def __init__(self):
        self.received, self.lost = b"", None

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.lost = (reason.type, len(self.received))


class SlowClock(Clock):
    """Each look at the clock takes as long as 4 KiB of records of one byte."""

    def seconds(self):
        self.rightNow += PIECE_BYTES / 23 * RECORD_S
        return self.rightNow


class Server:
    """A server with a client, and the wire between them in the test's hands."""

    def __init__(self, way, version=SSL.TLS1_3_VERSION, *, is_shaking=False):
        self.clock, self.bot = SlowClock(), Bot()
        check = way.check("voice_bot", AUTHORITY.certificate)
        factory = Factory()
        factory.buildProtocol = lambda _: self.bot
        turns = FairTurns(self.clock, TLS_S)
        self.client = TlsInTurnsFactory(check, factory, self.clock, turns).buildProtocol(None)
        self.wire = StringTransport(lenient=True)  # as a TCP transport, which may be resumed while it disconnects
        context = AUTHORITY.issue(DNS).options().getContext()
        context.set_max_proto_version(version)
        self.tls = SSL.Connection(context, None)
        self.tls.set_accept_state()
        self.client.makeConnection(self.wire)
        if not is_shaking:
            self.shake_hands()

    def shake_hands(self):
        return b"".join(self.exchange() for _ in range(4))

    def exchange(self):
        came = self.wire.value()
        if came:
            self.tls.bio_write(came)
            self.wire.clear()
        for step in (self.tls.do_handshake, lambda: self.tls.recv(100)):
            with suppress(SSL.Error):
                step()
        self.client.dataReceived(self.sent())
        self.take_turns()
        return came

    def sent(self):
        try:
            return self.tls.bio_read(1 << 20)
        except SSL.WantReadError:
            return b""

    def flood(self):
        for _ in range(FLOOD):
            self.tls.send(b"x")
        return self.sent()

    def take_turns(self):
        while self.clock.getDelayedCalls():
            self.clock.advance(0)


@pytest.fixture
def server(tls_way):
    return Server(tls_way)


def test_data_comes_at_once_while_there_is_time(server):
    server.tls.send(b"hello")
    server.client.dataReceived(server.sent())
    assert server.bot.received == b"hello"
    assert server.wire.producerState == "producing"


def test_many_records_are_decrypted_a_piece_at_a_time(server):
    server.client.dataReceived(server.flood())
    assert len(server.bot.received) <= PIECE_BYTES / 23
    assert server.wire.producerState == "paused"
    server.take_turns()
    assert len(server.bot.received) == FLOOD
    assert server.wire.producerState == "producing"


def test_a_pause_from_above_outlasts_the_turns(server):
    server.client.dataReceived(server.flood())
    server.bot.transport.pauseProducing()
    server.take_turns()
    assert server.wire.producerState == "paused"
    server.bot.transport.resumeProducing()
    assert server.wire.producerState == "producing"


def test_a_lost_connection_is_reported_after_its_data(server):
    server.client.dataReceived(server.flood())
    server.client.connectionLost(Failure(ConnectionDone()))
    assert server.bot.lost is None
    server.take_turns()
    assert server.bot.lost[1] == FLOOD


def test_an_aborted_connection_drops_what_waits(server):
    server.client.dataReceived(server.flood())
    server.bot.transport.abortConnection()
    received = len(server.bot.received)
    server.client.connectionLost(Failure(ConnectionDone()))
    server.take_turns()
    assert server.bot.lost[1] == received


def test_a_server_cannot_have_the_handshake_again(tls_way):
    server = Server(tls_way, SSL.TLS1_2_VERSION)
    server.tls.send(b"hello")
    server.client.dataReceived(server.sent())
    assert server.bot.received == b"hello"
    server.tls.renegotiate()
    answered = server.shake_hands()
    if not tls_way.is_native:
        assert server.client.getHandle().total_renegotiations() == 0
    assert set(record_types(answered)) == {ALERT}


def serve(server):
    """Let the client have a socket that a media plane can serve; give its engine."""
    assert server.client.engine is None  # a StringTransport is no socket
    server.client.transport = Tcp(server.wire)
    return server.client.engine


class Tcp(PromptTransport):
    has_sent = True

    def write(self, data):
        self.transport.write(data)

    def is_idle(self):
        return self.has_sent


def test_only_a_connection_in_c_can_be_served(server, tls_way):
    assert (serve(server) is not None) is tls_way.is_native


@pytest.mark.parametrize("tls_way", ["in C"], indirect=True)
class TestServing:
    """A media plane uses the engine, and gives the connection back."""

    def test_it_can_begin_when_all_is_decrypted_and_sent(self, server):
        serve(server)
        assert server.client.is_idle()
        server.client.transport.has_sent = False
        assert not server.client.is_idle()
        server.client.transport.has_sent = True
        server.client.dataReceived(server.flood())
        assert not server.client.is_idle()
        server.take_turns()
        assert server.client.is_idle()

    def test_it_cannot_begin_while_hands_are_shaken_or_after_the_end(self, tls_way):
        server = Server(tls_way, is_shaking=True)
        serve(server)
        assert not server.client.is_idle()
        server.shake_hands()
        assert server.client.is_idle()
        server.client.connectionLost(Failure(ConnectionDone()))
        assert not server.client.is_idle()

    def test_what_it_leaves_goes_on_in_order(self, server):
        engine = serve(server)
        engine.write(b"first, ")
        server.tls.send(b"left, ")
        engine.feed(server.sent())
        server.client.take_up()
        assert not server.client.is_idle()
        assert server.bot.received == b""
        server.bot.transport.write(b"then")
        server.tls.bio_write(server.wire.value())
        assert server.tls.recv(100) + server.tls.recv(100) == b"first, then"
        server.tls.send(b"read")
        server.client.dataReceived(server.sent())
        server.take_turns()
        assert server.bot.received == b"left, read"
        assert server.client.is_idle()

    def test_many_records_that_it_leaves_are_decrypted_in_parts(self, server):
        engine = serve(server)
        engine.feed(server.flood())
        server.client.take_up()
        assert server.client.work()
        assert 0 < len(server.bot.received) <= PIECE_BYTES / 22
        server.client.connectionLost(Failure(ConnectionDone()))
        server.take_turns()
        assert server.bot.lost == (ConnectionLost, FLOOD)

    def test_a_failure_ends_the_work_on_the_records_that_it_left(self, server):
        engine = serve(server)
        engine.feed(server.flood())
        server.client.take_up()
        assert server.client.work()
        engine.close()
        server.bot.transport.write(b"too late")
        assert server.wire.disconnecting
        assert not server.client.work()
        server.client.connectionLost(Failure(ConnectionDone()))
        server.take_turns()
        assert server.bot.lost[0] is SSL.Error

    @pytest.mark.parametrize("is_broken", [False, True], ids=["closed", "changed on the way"])
    def test_an_end_that_it_saw_is_found_again(self, is_broken, server):
        engine = serve(server)
        server.tls.send(b"hello")
        server.tls.shutdown()
        records = bytearray(server.sent())
        records[-1] ^= is_broken
        engine.feed(bytes(records))
        while engine.read() != b"":
            pass
        assert (engine.has_closed, engine.has_failed) == (not is_broken, is_broken)
        server.client.take_up()
        server.take_turns()
        assert server.wire.disconnecting
        server.client.connectionLost(Failure(ConnectionDone()))
        server.take_turns()
        assert server.bot.lost == (SSL.Error if is_broken else ConnectionDone, 0)

    def test_a_lost_connection_is_not_taken_up(self, server):
        serve(server)
        server.client.connectionLost(Failure(ConnectionDone()))
        server.client.take_up()
        server.take_turns()
        assert server.bot.lost == (ConnectionLost, 0)  # no close_notify came
