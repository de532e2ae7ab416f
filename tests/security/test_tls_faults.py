"""A server that breaks TLS, or offers less than is safe, gets no data; both ways of TLS end alike."""

import datetime as dt
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import SSL
from twisted.internet import ssl
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from exoswitch.errors import CertificateRefused
from exoswitch.network.tls_in_turns import TlsInTurnsFactory
from exoswitch.tasks.fair_turns import TLS_S, FairTurns
from tests.harness.certificates import Authority

pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")  # Twisted 26.10 does it

AUTHORITY = Authority()
BOT = x509.DNSName("bot.example.org")
SOUND = AUTHORITY.issue(BOT)
SHORT_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
HOUR = dt.timedelta(hours=1)


class Client(Protocol):
    """Sends a secret as soon as it can, and records what comes."""

    def __init__(self, way):
        self.received, self.lost = b"", None
        self.clock, self.wire = Clock(), StringTransport(lenient=True)
        factory = Factory()
        factory.buildProtocol = lambda _: self
        check = way.check("bot.example.org", AUTHORITY.certificate)
        tls = TlsInTurnsFactory(check, factory, self.clock, FairTurns(self.clock, TLS_S))
        self.tls = tls.buildProtocol(None)
        self.tls.makeConnection(self.wire)

    def connectionMade(self):
        self.transport.write(b"secret")

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.lost = reason.value

    def hear(self, data):
        self.tls.dataReceived(data)
        self.clock.advance(0)

    def end(self):
        """Lose the connection below; give the reason that is told."""
        self.tls.connectionLost(Failure(ConnectionDone()))
        self.clock.advance(0)
        return self.lost


class Server:
    """A server of pyOpenSSL; `received` is the data that it could decrypt."""

    def __init__(self, own=SOUND, *, version=SSL.TLS1_3_VERSION, ciphers=b"ALL:@SECLEVEL=0"):
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_max_proto_version(version)
        context.set_cipher_list(ciphers)
        context.use_certificate(own.original)
        context.use_privatekey(own.privateKey.original)
        self.tls = SSL.Connection(context, None)
        self.tls.set_accept_state()
        self.received = b""

    def talk(self, client):
        for _ in range(4):
            if client.wire.value():
                self.tls.bio_write(client.wire.value())
                client.wire.clear()
            with suppress(SSL.Error):
                self.tls.do_handshake()
                self.received += self.tls.recv(100)
            client.hear(self.sent())
        return self

    def sent(self):
        try:
            return self.tls.bio_read(1 << 20)
        except SSL.WantReadError:
            return b""


@pytest.fixture
def client(tls_way):
    return Client(tls_way)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "wrong version number"),
        (bytes(100), "wrong version number"),
        (b"\x16\x03\x03\xff\xff\x02", "length too long"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "alert handshake failure"),
        (b"\x15\x03\x03\x00\x02\x02\x70", "unrecognized name"),
        (b"\x17\x03\x03\x00\x05hello", ""),
    ],
)
def test_an_answer_that_is_no_handshake_ends_the_connection(answer, why, client):
    client.hear(answer)
    assert client.wire.disconnecting
    assert isinstance(client.end(), SSL.Error)
    assert why in str(client.lost)


@pytest.mark.parametrize("answer", [b"", b"\x16\x03\x03\x00\x40\x02"], ids=["at once", "in a record"])
def test_a_connection_that_ends_in_the_handshake_is_lost(answer, client):
    client.hear(answer)
    assert isinstance(client.end(), ConnectionLost)


@pytest.mark.parametrize(
    ("version", "ciphers"),
    [
        (SSL.TLS1_1_VERSION, b"ALL:@SECLEVEL=0"),
        (SSL.TLS1_2_VERSION, b"ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0"),
        (SSL.TLS1_2_VERSION, b"AECDH-AES128-SHA:@SECLEVEL=0"),
        (SSL.TLS1_2_VERSION, b"ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0"),
    ],
    ids=["TLS 1.1", "a short tag", "no certificate", "no encryption"],
)
def test_a_server_that_offers_less_than_is_safe_is_refused(version, ciphers, client):
    server = Server(version=version, ciphers=ciphers).talk(client)
    assert client.wire.disconnecting
    assert isinstance(client.end(), SSL.Error)
    assert server.received == b""


def groups(hello):
    """Give the groups that a request of TLS 1.3 offers: RFC 8446 §4.1.2, §4.2.7."""
    at = 5 + 4 + 2 + 32
    for size_bytes in (1, 2, 1):  # the session, the ciphers and the compression
        at += size_bytes + int.from_bytes(hello[at : at + size_bytes])
    at += 2
    while hello[at : at + 2] != b"\0\x0a":
        at += 4 + int.from_bytes(hello[at + 2 : at + 4])
    size = int.from_bytes(hello[at + 4 : at + 6])
    return {int.from_bytes(hello[code : code + 2]) for code in range(at + 6, at + 6 + size, 2)}


def test_no_server_can_ask_for_a_key_exchange_that_takes_long(client):
    """Over integers, of 8,192 bits: 0.2 s in TLS 1.3, and 0.4 s in TLS 1.2, where a server may ask for more."""
    offered = groups(client.wire.value())
    assert 0x001D in offered  # X25519
    assert not offered & {0x0102, 0x0103, 0x0104}  # ffdhe4096 and longer
    server = Server(
        issue(rsa.generate_private_key(65537, 2048)), version=SSL.TLS1_2_VERSION, ciphers=b"DHE:@SECLEVEL=0"
    )
    server.talk(client)
    assert isinstance(client.end(), SSL.Error)
    assert "handshake failure" in str(client.lost)


def issue(key=None, *, usage=ExtendedKeyUsageOID.SERVER_AUTH, digest=None, since=-HOUR):
    """Sign a certificate that is sound but for one thing."""
    key, now = key or ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    signer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY.name)])
    made = (
        x509.CertificateBuilder(signer, x509.Name([]), key.public_key(), x509.random_serial_number())
        .not_valid_before(now + since)
        .not_valid_after(now + 2 * HOUR)
        .add_extension(x509.SubjectAlternativeName([BOT]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .sign(AUTHORITY.key, digest or hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return ssl.PrivateCertificate.loadPEM(made.public_bytes(pem) + private)


@pytest.mark.parametrize(
    ("own", "why"),
    [
        (issue(SHORT_KEY), "OpenSSL's error 66"),  # X509_V_ERR_EE_KEY_TOO_SMALL
        (issue(usage=ExtendedKeyUsageOID.CLIENT_AUTH), "OpenSSL's error 26"),  # X509_V_ERR_INVALID_PURPOSE
        (issue(since=HOUR), "it is not valid yet"),
    ],
    ids=["a short key", "for clients", "from tomorrow"],
)
def test_a_certificate_that_is_not_sound_is_refused(own, why, client):
    server = Server(own).talk(client)
    assert isinstance(client.end(), CertificateRefused)
    assert str(client.lost) == f"certificate verify failed: {why}"
    assert server.received == b""


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["TLS 1.2", "TLS 1.3"])
class TestOpen:
    """Hands are shaken, and the secret has come."""

    @pytest.fixture
    def server(self, version, client):
        server = Server(issue(), version=version).talk(client)
        assert server.received == b"secret"
        client.wire.clear()
        return server

    def test_a_changed_byte_ends_the_connection_without_its_data(self, server, client):
        server.tls.send(b"hello")
        records = bytearray(server.sent())
        records[-1] ^= 1
        client.hear(bytes(records))
        assert client.wire.disconnecting
        assert isinstance(client.end(), SSL.Error)
        assert "bad record mac" in str(client.lost)
        assert client.received == b""

    def test_a_record_that_comes_twice_ends_the_connection(self, server, client):
        server.tls.send(b"hello")
        client.hear(2 * server.sent())
        assert client.received == b"hello"
        assert isinstance(client.end(), SSL.Error)

    def test_the_servers_end_is_answered_and_is_a_clean_end(self, server, client):
        server.tls.send(b"last")
        server.tls.shutdown()
        client.hear(server.sent())
        assert client.received == b"last"
        assert client.wire.disconnecting
        server.tls.bio_write(client.wire.value())
        with pytest.raises(SSL.ZeroReturnError):
            server.tls.recv(100)
        assert isinstance(client.end(), ConnectionDone)

    def test_the_networks_end_without_the_servers_is_not_clean(self, server, client):
        server.tls.send(b"last")
        client.hear(server.sent())
        assert isinstance(client.end(), ConnectionLost)
        assert client.received == b"last"

    def test_our_end_is_told_and_waits_for_the_servers(self, server, client):
        client.transport.write(b" kept")
        client.transport.loseConnection()
        client.transport.write(b" dropped")
        assert not client.wire.disconnecting
        server.talk(client)
        assert server.received == b"secret kept"
        server.tls.shutdown()
        client.hear(server.sent())
        assert client.wire.disconnecting

    def test_an_abort_does_not_wait(self, server, client):
        client.transport.abortConnection()
        assert client.wire.disconnecting
        server.tls.send(b"hello")
        client.hear(server.sent())
        assert client.received == b""

    def test_a_fatal_alert_is_an_error(self, server, client, version):
        server.tls.bio_write(b"\x17\x03\x03\x00\x20" + bytes(32))
        with pytest.raises(SSL.Error):
            server.tls.recv(100)
        client.hear(server.sent())
        assert isinstance(client.end(), SSL.Error)
        assert "bad record mac" in str(client.lost)

    def test_data_comes_whole_however_it_is_cut(self, server, client):
        server.tls.sendall(b"hello " * 4000)
        records = server.sent()
        for at in range(0, len(records), 997):
            client.hear(records[at : at + 997])
        assert client.received == b"hello " * 4000
