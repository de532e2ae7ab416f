"""A server's certificate is accepted for the host that was dialled, and for no other."""

import datetime as dt
from ipaddress import ip_address

import pytest
from cryptography import x509
from OpenSSL import SSL
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.test.iosim import connect, makeFakeClient, makeFakeServer

from exoswitch.errors import CertificateRefused
from exoswitch.network import tls
from tests.harness.certificates import Authority, certificate

pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")  # Twisted 26.10 does it

AUTHORITY = Authority()
PAST = -dt.timedelta(minutes=5)


class End(Protocol):
    def __init__(self):
        self.received, self.lost = b"", None

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.lost = reason.value


def shake_hands(served, check):
    """Connect a client to a server with this certificate; give the ends of both, after the client has spoken."""
    clock, protocols, ends = Clock(), [], [End(), End()]
    for end, options, is_client in zip(ends, (check, served.options()), (True, False), strict=True):
        factory = Factory()
        factory.buildProtocol = lambda _, end=end: end
        protocols.append(TLSMemoryBIOFactory(options, is_client, factory, clock).buildProtocol(None))
    client, server = protocols
    pump = connect(server, makeFakeServer(server), client, makeFakeClient(client), debug=False)
    pump.flush()
    if ends[0].lost is None:
        ends[0].transport.write(b"secret")
        clock.advance(0)
        pump.flush()
    return ends


def dial(way, host, served, authority=AUTHORITY):
    return shake_hands(served, way.check(host, authority.certificate))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("bot.example.org", x509.DNSName("bot.example.org")),
        ("BOT.example.org", x509.DNSName("bot.example.org")),
        ("bot.example.org.", x509.DNSName("bot.example.org")),
        ("bot.example.org", x509.DNSName("*.example.org")),
        ("voice_bot", x509.DNSName("voice_bot")),
        ("r3---sn-x.example.org", x509.DNSName("*.example.org")),
        ("xn--bcher-kva.example.org", x509.DNSName("xn--bcher-kva.example.org")),
        ("127.0.0.1", x509.IPAddress(ip_address("127.0.0.1"))),
        ("fd00::5", x509.IPAddress(ip_address("fd00::5"))),
    ],
)
def test_certificate_that_names_the_host_is_accepted(host, name, tls_way):
    client, server = dial(tls_way, host, AUTHORITY.issue(name))
    assert client.lost is None
    assert server.received == b"secret"


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("bot.example.org", ()),
        ("bot.example.org", (x509.DNSName("*"),)),
        ("bot.example.org", (x509.DNSName("*.org"),)),
        ("bot.example.org", (x509.DNSName("bot.example.*"),)),
        ("bot.example.org", (x509.DNSName("*.*.org"),)),
        ("a.bot.example.org", (x509.DNSName("*.example.org"),)),
        ("bot.example.org", (x509.DNSName("bot.example.net"),)),
        ("bot.example.org", (x509.DNSName(""),)),
        ("bot.example.org", (x509.DNSName("bot.example.org\0.evil.net"),)),
        ("bot.example.org", (x509.DNSName("*"), x509.DNSName("bot.example.net"))),
        ("bot.example.org", (x509.RFC822Name("bot@example.org"),)),
        ("bot.example.org", (x509.IPAddress(ip_address("127.0.0.1")),)),
        ("127.0.0.1", (x509.DNSName("127.0.0.1"),)),
        ("127.0.0.1", (x509.DNSName("*.0.0.1"),)),
        ("127.0.0.1", (x509.IPAddress(ip_address("127.0.0.2")),)),
        ("127.0.0.1", ()),
        ("voice_bot", (x509.DNSName("*"),)),
    ],
)
def test_certificate_that_does_not_name_the_host_is_refused_before_a_byte_is_sent(host, names, tls_way):
    client, server = dial(tls_way, host, AUTHORITY.issue(*names, common_name=host))
    assert isinstance(client.lost, CertificateRefused)
    assert server.received == b""


@pytest.mark.parametrize(
    ("served", "why"),
    [
        (AUTHORITY.issue(x509.DNSName("bot.example.org"), until=PAST), "it has expired"),
        (certificate(x509.DNSName("bot.example.org")), "it is signed by itself, and not trusted"),
        (Authority("another").issue(x509.DNSName("bot.example.org")), "its issuer is not trusted"),
        (AUTHORITY.issue(), "its subjectAltName cannot be used"),
        (AUTHORITY.issue(x509.DNSName("*")), "its subjectAltName cannot be used"),
        (AUTHORITY.issue(x509.DNSName("example.net")), "it is not valid for bot.example.org"),
    ],
)
def test_refusal_says_why(served, why, tls_way):
    client, server = dial(tls_way, "bot.example.org", served)
    assert isinstance(client.lost, CertificateRefused)
    assert str(client.lost).startswith(f"certificate verify failed: {why}")
    assert server.received == b""


def test_any_error_in_the_check_is_a_refusal(monkeypatch, tls_way):
    def broken(*_):
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr(tls, "check_host", broken)
    client, server = dial(tls_way, "bot.example.org", AUTHORITY.issue(x509.DNSName("bot.example.org")))
    assert str(client.lost) == "certificate verify failed: unforeseen"
    assert server.received == b""


def test_certificates_of_the_configured_file_are_trusted_and_read_once(tmp_path, tls_way):
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    options = [tls_way.client_tls(host, str(tmp_path / "ca.pem")) for host in ("bot.example.org", "voice_bot")]
    read = "_settings" if tls_way.is_native else "_context"
    assert getattr(options[0], read) is getattr(options[1], read)
    _, server = shake_hands(AUTHORITY.issue(x509.DNSName("voice_bot")), options[1])
    assert server.received == b"secret"
    client, _ = shake_hands(AUTHORITY.issue(x509.DNSName("voice_bot")), options[0])
    assert isinstance(client.lost, CertificateRefused)


def test_file_without_a_certificate_is_an_error(tmp_path, tls_way):
    (tmp_path / "ca.pem").write_bytes(b"")
    with pytest.raises(SSL.Error):
        tls_way.client_tls("bot.example.org", str(tmp_path / "ca.pem"))
