import base64
import ipaddress

import pytest
from cryptography import x509
from twisted.internet import ssl

from tests.harness.certificates import certificate, certificate_pem
from tests.harness.exotel_loopback import BotServer

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore:Passing pyOpenSSL"),  # Twisted 26.10 does it
]


LOCALHOST = certificate(x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_bot_with_a_valid_certificate_is_reached_over_tls(host, reactor, serve, tls_way):
    server = serve(BotServer(reactor, tls=LOCALHOST.options(), tls_options=tls_way.trusting(LOCALHOST)))
    _, leg, _ = server.connect(server.url(scheme="wss", host=host))
    await server.until(lambda: server.bots and len(server.bots[0].messages) == 2)
    server.bots[0].say(event="media", media={"payload": base64.b64encode(bytes(100_000)).decode()})
    await server.until(lambda: leg.asked)
    assert leg.asked == [("play", bytes(100_000))]


async def test_an_untrusted_certificate_fails_the_stream(reactor, serve, tls_way):
    server = serve(BotServer(reactor, tls=LOCALHOST.options(), tls_options=tls_way.client_tls))
    _, _, listener = server.connect(server.url(scheme="wss", host="localhost"))
    await server.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"
    assert "certificate verify failed" in listener.told[0][1]


async def test_a_certificate_of_a_configured_authority_is_trusted(tmp_path, reactor, serve, tls_way):
    ca_file = tmp_path / "ca.pem"
    own_pem, key_pem = certificate_pem(x509.DNSName("localhost"))
    ca_file.write_bytes(own_pem)
    tls = ssl.PrivateCertificate.loadPEM(own_pem + key_pem).options()
    server = serve(BotServer(reactor, tls=tls, tls_options=tls_way.client_tls))
    _, _, listener = server.connect(server.url(scheme="wss", host="localhost"), ca_file=str(ca_file))
    await server.until(lambda: server.bots and len(server.bots[0].messages) == 2)
    assert listener.told == ["opened"]


async def test_a_certificate_of_a_configured_authority_must_match_the_host(tmp_path, reactor, serve, tls_way):
    ca_file = tmp_path / "ca.pem"
    own_pem, key_pem = certificate_pem(x509.DNSName("bot.example.org"))
    ca_file.write_bytes(own_pem)
    tls = ssl.PrivateCertificate.loadPEM(own_pem + key_pem).options()
    server = serve(BotServer(reactor, tls=tls, tls_options=tls_way.client_tls))
    _, _, listener = server.connect(server.url(scheme="wss", host="localhost"), ca_file=str(ca_file))
    await server.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"


async def test_a_certificate_for_another_host_fails_the_stream(reactor, serve, tls_way):
    other = certificate(x509.DNSName("bot.example.org"))
    server = serve(BotServer(reactor, tls=other.options(), tls_options=tls_way.trusting(other)))
    _, _, listener = server.connect(server.url(scheme="wss", host="localhost"))
    await server.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"
    assert server.bots == []


async def test_the_bot_receives_exotels_request(reactor, serve):
    server = serve(BotServer(reactor))
    server.connect(server.url("/a%20b/?voice/1f2e").replace("ws://", "ws://user:pa%20ss@"))
    await server.until(lambda: server.bots and len(server.bots[0].messages) == 2)
    request = server.requests[0]
    assert request.headers["user-agent"] == "Go-http-client/1.1"
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"user:pa ss").decode()
    assert not {"origin", "sec-websocket-protocol", "sec-websocket-extensions"} & set(request.headers)
    assert server.bots[0].http_request_uri == "/a%20b/?voice/1f2e"
    assert server.bots[0].messages[1]["start"]["custom_parameters"] == {"voice/1f2e": ""}


async def test_all_audio_of_a_bot_that_sends_faster_than_real_time_is_played(reactor, serve):
    server = serve(BotServer(reactor))
    _, leg, _ = server.connect()
    await server.until(lambda: server.bots and len(server.bots[0].messages) == 2)
    for index in range(3000):
        server.bots[0].say(event="media", media={"payload": base64.b64encode(index.to_bytes(2) * 320).decode()})
    await server.until(lambda: len(leg.asked) == 3000)
    assert [int.from_bytes(pcm[:2]) for _, pcm in leg.asked] == list(range(3000))


async def test_data_for_a_bot_that_does_not_read_is_limited_and_sent_when_it_reads(reactor, serve):
    server = serve(BotServer(reactor))
    connection, leg, _ = server.connect()
    await server.until(lambda: server.bots and len(server.bots[0].messages) == 2)
    bot = server.bots[0]
    bot.transport.pauseProducing()
    for _ in range(400):
        for _ in range(100):
            leg.hear(bytes(320))
        await server.until(lambda: True)
        if connection._socket.is_congested:
            break
        await server.until(lambda: True)
    else:
        pytest.fail("the transport never was full")
    for _ in range(150):
        leg.hear(bytes(320))
    bot.transport.resumeProducing()
    await server.until(lambda: server.metrics["caller_audio_dropped_seconds_total"] > 0)
    await server.until(lambda: not connection._socket.is_congested)
    connection.send_mark("end")
    await server.until(lambda: bot.messages[-1]["event"] == "mark")
    numbers = [int(message["sequence_number"]) for message in bot.messages[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
