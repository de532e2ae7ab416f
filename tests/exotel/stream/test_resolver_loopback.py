import json

import pytest
from cryptography import x509
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.tls import TLSMemoryBIOFactory

from tests.harness.certificates import certificate
from tests.harness.exotel_loopback import BotServer

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore:Passing pyOpenSSL"),  # Twisted 26.10 does it
]

LOCALHOST = certificate(x509.DNSName("localhost"))
DETAILS = (
    "CallFrom=09812345610&CallSid=8a2b1d3c4e5f60718293a4b5c6d718bl&CallTo=08047491899"
    "&Direction=incoming&From=09812345610&To=08047491899"
)


def http(body=b"", status=b"200 OK", head=b""):
    size = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + head + size + b"\r\n" + body


class Asked(Protocol):
    """One connection to the resolver: records the request and sends the test's answer."""

    def connectionMade(self):
        self.factory.server.lines.append(self)
        self.lost = False

    def dataReceived(self, data):
        server = self.factory.server
        server.questions.append(data.decode())
        if server.says is not None:
            self.transport.write(server.says)
        if server.hangs_up:
            self.transport.loseConnection()

    def connectionLost(self, _reason):
        self.lost = True


class Resolving:
    """A resolver on 127.0.0.1, with its bots."""

    def __init__(self, server, tls=None):
        self.server, self.questions, self.lines = server, [], []
        self.says, self.hangs_up = http(json.dumps({"url": server.url()}).encode()), False
        factory = Factory.forProtocol(Asked)
        factory.server = self
        if tls is not None:
            factory = TLSMemoryBIOFactory(tls, isClient=False, wrappedFactory=factory, clock=server.reactor)
        self.port = server.reactor.listenTCP(0, factory, interface="127.0.0.1")

    def startService(self):
        """Do nothing: the resolver is open already."""

    def stopService(self):
        """Stop, and check that no connection to the resolver is left."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self):
        await self.server.until(lambda: all(line.lost for line in self.lines))
        await maybeDeferred(self.port.stopListening)

    def url(self, path="/where", scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port.getHost().port}{path}"

    def connect(self, **url):
        return self.server.connect(self.url(**url))

    async def failure(self, **url):
        """Connect, and give the error; the attempt must fail."""
        _, _, listener = self.connect(**url)
        await self.server.until(lambda: listener.told)
        ((kind, text),) = listener.told
        assert kind == "failed"
        assert text.startswith("3009 failed to establish ws conn: the resolver ")
        assert not [secret for secret in ("hunter2", "9812345610", "8047491899") if secret in text]
        return text


@pytest.fixture
def resolve(reactor, serve):
    """Give a function that starts a resolver and bots with these options."""

    def resolve(resolver_tls=None, **options):
        server = serve(BotServer(reactor, **options))
        return serve(Resolving(server, resolver_tls))

    return resolve


async def test_a_resolver_is_asked_as_exotel_does_and_the_bot_in_its_answer_is_reached(resolve):
    resolving = resolve()
    server = resolving.server
    _, _, listener = server.connect(resolving.url("/a%20b?x=%2F&y").replace("://", "://user:hunter2@"))
    await server.until(lambda: server.bots and len(server.bots[0].messages) == 2)
    assert listener.told == ["opened"]
    assert server.bots[0].http_request_uri == "/ws?lang=hi"
    assert server.bots[0].messages[1]["start"]["custom_parameters"] == {"lang": "hi"}
    (question,) = resolving.questions
    first, *headers = question.removesuffix("\r\n\r\n").split("\r\n")
    assert first == f"GET /a%20b?x=%2F&y&{DETAILS} HTTP/1.1"
    assert dict(line.split(": ", 1) for line in headers) == {
        "Host": resolving.url("").removeprefix("http://"),
        "User-Agent": "Go-http-client/1.1",
        "Authorization": "Basic dXNlcjpodW50ZXIy",
        "Connection": "close",
    }


@pytest.mark.parametrize("how", ["chunked", "until the connection ends"])
async def test_an_answer_can_end_in_every_way_that_http_allows(how, resolve):
    resolving = resolve()
    body = json.dumps({"url": resolving.server.url()}).encode()
    resolving.hangs_up = how != "chunked"
    resolving.says = b"HTTP/1.1 200 OK\r\n" + (
        b"\r\n" + body
        if resolving.hangs_up
        else b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    )
    _, _, listener = resolving.connect()
    await resolving.server.until(lambda: listener.told)
    assert listener.told == ["opened"]


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (http(status=b"404 hunter2"), "it answered with status 404, and 200 is expected"),
        (http(status=b"302 Found", head=b"Location: http://127.0.0.1/hunter2\r\n"), "it answered with status 302"),
        (http(b"hunter2"), "its answer is not JSON"),
        (http(b'{"hunter2": 1}'), 'its answer is not an object with a "url"'),
        (http(b'{"url": "https://u:hunter2@h/"}'), "must be written as ws://"),
        (http(b'{"url": "ws://h/?sample-rate=44100&k=hunter2"}'), "write sample-rate=8000"),
        (http(b" " * 70_000 + b'{"url": "ws://h/"}'), "its answer is longer than 65536 bytes"),
        (b"hunter2\r\n\r\n", "its answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: hunter2\r\n\r\n", "its answer is not HTTP"),
    ],
)
async def test_an_unusable_answer_fails_the_stream(says, why, resolve):
    resolving = resolve()
    resolving.says = says
    assert why in await resolving.failure(path="/where?key=hunter2")
    assert resolving.server.requests == []


@pytest.mark.parametrize("says", [None, http(b"{}" * 9)[:-3]], ids=["at once", "in the middle"])
async def test_a_resolver_that_closes_the_connection_fails_the_stream(says, resolve):
    resolving = resolve()
    resolving.says, resolving.hangs_up = says, True
    assert "the connection was lost before its answer ended" in await resolving.failure()


async def test_an_unreachable_resolver_fails_the_stream(resolve):
    resolving = resolve()
    nowhere = resolving.url()
    await resolving.port.stopListening()
    resolving.url = lambda: nowhere
    assert "refused" in await resolving.failure()


@pytest.mark.parametrize("says", [None, http(b"{}" * 9)[:-3]], ids=["of all", "of the rest"])
async def test_the_time_out_of_the_handshake_includes_resolving(says, resolve):
    resolving = resolve(handshake_s=0.2)
    resolving.says = says
    assert "no answer within 0.2 s" in await resolving.failure()


@pytest.mark.parametrize("says", [None, http(b"{}" * 9)[:-3]], ids=["asking", "reading"])
async def test_closing_abandons_resolving_and_leaves_no_connection(says, resolve):
    resolving = resolve()
    server, resolving.says = resolving.server, says
    connection, _, listener = resolving.connect()
    await server.until(lambda: resolving.questions)
    connection.close(None)
    await server.until(lambda: listener.told)
    assert "given up before the bot answered" in listener.told[0][1]


async def test_each_attempt_asks_the_resolver(resolve):
    resolving = resolve()
    for attempt in (1, 2):
        _, _, listener = resolving.connect()
        await resolving.server.until(lambda told=listener.told: told)
        assert len(resolving.questions) == attempt


async def test_the_error_names_an_unreachable_bot_from_the_answer(resolve):
    resolving = resolve()
    resolving.says = http(b'{"url": "ws://127.0.0.1:9/hunter2"}')
    _, _, listener = resolving.connect()
    await resolving.server.until(lambda: listener.told)
    assert listener.told[0][1].startswith("3009 failed to establish ws conn: 127.0.0.1:9: ")


async def test_a_resolver_with_a_valid_certificate_is_asked_over_tls(resolve, tls_way):
    resolving = resolve(resolver_tls=LOCALHOST.options(), tls_options=tls_way.trusting(LOCALHOST))
    _, _, listener = resolving.connect(scheme="https", host="localhost")
    await resolving.server.until(lambda: listener.told)
    assert listener.told == ["opened"]


async def test_a_resolver_with_an_untrusted_certificate_receives_no_request(resolve, tls_way):
    resolving = resolve(resolver_tls=LOCALHOST.options(), tls_options=tls_way.client_tls)
    assert "certificate verify failed" in await resolving.failure(scheme="https", host="localhost")
    assert resolving.questions == []


async def test_a_resolver_with_the_certificate_of_another_host_receives_no_request(resolve, tls_way):
    other = certificate(x509.DNSName("bot.example.org"))
    resolving = resolve(resolver_tls=other.options(), tls_options=tls_way.trusting(other))
    assert "TLS failed" in await resolving.failure(scheme="https", host="localhost")
    assert resolving.questions == []
