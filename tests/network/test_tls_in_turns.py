"""TLS towards servers that are not trusted, decrypted in turns."""

from contextlib import suppress

import pytest
from cryptography import x509
from OpenSSL import SSL
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from exoswitch.network.tls import ServerCheck, client_context
from exoswitch.network.tls_in_turns import PIECE_BYTES, TlsInTurnsFactory
from exoswitch.tasks.fair_turns import TLS_S, FairTurns
from tests.harness.certificates import Authority

pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")  # Twisted 26.10 does it

AUTHORITY = Authority()
DNS = x509.DNSName("voice_bot")
RECORD_S = 0.00001
FLOOD = 2000  # records of one byte


class Bot(Protocol):
    def __init__(self):
        self.received, self.lost = b"", None

    def dataReceived(self, data):  # noqa: N802
        self.received += data

    def connectionLost(self, reason):  # noqa: N802
        self.lost = (reason.type, len(self.received))


class SlowClock(Clock):
    """Each look at the clock takes as long as 4 KiB of records of one byte."""

    def seconds(self):
        self.rightNow += PIECE_BYTES / 23 * RECORD_S
        return self.rightNow


class Server:
    """A server with a client, and the wire between them in the test's hands."""

    def __init__(self, version=SSL.TLS1_3_VERSION):
        self.clock, self.bot = SlowClock(), Bot()
        trusting = client_context(AUTHORITY.certificate)
        factory = Factory()
        factory.buildProtocol = lambda _: self.bot
        turns = FairTurns(self.clock, TLS_S)
        self.client = TlsInTurnsFactory(ServerCheck("voice_bot", trusting), factory, self.clock, turns).buildProtocol(
            None
        )
        self.wire = StringTransport()
        context = AUTHORITY.issue(DNS).options().getContext()
        context.set_max_proto_version(version)
        self.tls = SSL.Connection(context, None)
        self.tls.set_accept_state()
        self.client.makeConnection(self.wire)
        self.shake_hands()

    def shake_hands(self):
        for _ in range(4):
            self.exchange()

    def exchange(self):
        if self.wire.value():
            self.tls.bio_write(self.wire.value())
            self.wire.clear()
        for step in (self.tls.do_handshake, lambda: self.tls.recv(100)):
            with suppress(SSL.Error):
                step()
        self.client.dataReceived(self.sent())
        self.take_turns()

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
def server():
    return Server()


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


def test_a_server_cannot_have_the_handshake_again():
    server = Server(SSL.TLS1_2_VERSION)
    server.tls.send(b"hello")
    server.client.dataReceived(server.sent())
    assert server.bot.received == b"hello"
    server.tls.renegotiate()
    server.shake_hands()
    assert server.client.getHandle().total_renegotiations() == 0
