"""AMI over TLS: the secret goes to the Asterisk whose certificate names the dialled host, and to no other."""

import pytest
from cryptography import x509
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.tls import TLSMemoryBIOFactory

from exoswitch.errors import CertificateRefused, InvalidValue
from exoswitch.network.client_endpoint import client_endpoint
from tests.harness.certificates import Authority

AUTHORITY = Authority()


class Speaker(Protocol):
    """Speaks as soon as it is connected, as a client may: the bytes wait for the handshake."""

    def connectionMade(self):
        self.transport.write(b"secret")

    def connectionLost(self, reason):
        self.factory.losses.append(reason.value)


class Listener(Protocol):
    def dataReceived(self, data):
        self.factory.received.append(data)


class Server:
    def __init__(self, reactor, *names):
        self.factory = Factory.forProtocol(Listener)
        self.factory.received = []
        options = AUTHORITY.issue(*names, common_name="localhost").options()
        secured = TLSMemoryBIOFactory(options, isClient=False, wrappedFactory=self.factory, clock=reactor)
        self.port = reactor.listenTCP(0, secured, interface="127.0.0.1")
        self.number = self.port.getHost().port

    def startService(self):
        """Do nothing: it listens already."""

    def stopService(self):
        return self.port.stopListening()


@pytest.fixture
def trusted(tmp_path):
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    return tmp_path


@pytest.mark.loopback
@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")  # Twisted 26.10 does it
@pytest.mark.parametrize(
    ("names", "is_accepted"),
    [
        ([x509.DNSName("localhost")], True),
        ([], False),
        ([x509.DNSName("*")], False),
        ([x509.DNSName("pbx.example.org")], False),
    ],
)
async def test_only_the_named_server_receives_a_byte(names, is_accepted, trusted, reactor, serve):
    server = serve(Server(reactor, *names))
    factory = Factory.forProtocol(Speaker)
    factory.losses = []
    endpoint = client_endpoint(reactor, f"tls:localhost:{server.number}:trustRoots={trusted}")
    protocol = await endpoint.connect(factory)
    while not server.factory.received and not factory.losses:
        await deferLater(reactor, 0.01)
    assert (server.factory.received == [b"secret"]) is is_accepted
    if is_accepted:
        protocol.transport.loseConnection()
        while not factory.losses:
            await deferLater(reactor, 0.01)
    else:
        assert isinstance(factory.losses[0], CertificateRefused)


@pytest.mark.parametrize(
    "text",
    ["tls:pbx:5039:x=1", "tls:pbx", "tls:pbx:5039:30", "tls:pbx:5039:timeout=soon", "tls:pbx:5039:trustRoots={}"],
)
def test_endpoint_that_cannot_be_meant_is_refused(text, tmp_path):
    with pytest.raises(InvalidValue, match="is no endpoint"):
        client_endpoint(MemoryReactorClock(), text.format(tmp_path))


def test_certificates_that_cannot_be_read_are_refused_and_no_fewer_trusted(tmp_path):
    (tmp_path / "ca.pem").write_bytes(b"garbled")
    with pytest.raises(InvalidValue, match="is no endpoint"):
        client_endpoint(MemoryReactorClock(), f"tls:pbx:5039:trustRoots={tmp_path}")
