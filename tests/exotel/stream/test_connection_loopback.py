import base64
import ipaddress

import pytest
from cryptography import x509
from twisted.internet import ssl

from tests.harness.certificates import certificate, certificate_pem
from tests.harness.exotel_loopback import LoopbackHouse

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore:Passing pyOpenSSL"),  # Twisted 26.10 does it
]


def trusting(own):
    return lambda host, _ca_file: ssl.optionsForClientTLS(host, trustRoot=own)


LOCALHOST = certificate(x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_bot_with_a_valid_certificate_is_reached_over_tls(host, reactor, serve):
    house = serve(LoopbackHouse(reactor, tls=LOCALHOST.options(), tls_options=trusting(LOCALHOST)))
    _, leg, _ = house.connect(house.url(scheme="wss", host=host))
    await house.until(lambda: house.bots and len(house.bots[0].messages) == 2)
    house.bots[0].say(event="media", media={"payload": base64.b64encode(bytes(100_000)).decode()})
    await house.until(lambda: leg.asked)
    assert leg.asked == [("play", bytes(100_000))]


async def test_an_untrusted_certificate_fails_the_stream(reactor, serve):
    house = serve(LoopbackHouse(reactor, tls=LOCALHOST.options()))
    _, _, listener = house.connect(house.url(scheme="wss", host="localhost"))
    await house.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"
    assert "certificate verify failed" in listener.told[0][1]


async def test_a_certificate_of_a_configured_authority_is_trusted(tmp_path, reactor, serve):
    ca_file = tmp_path / "ca.pem"
    own_pem, key_pem = certificate_pem(x509.DNSName("localhost"))
    ca_file.write_bytes(own_pem)
    house = serve(LoopbackHouse(reactor, tls=ssl.PrivateCertificate.loadPEM(own_pem + key_pem).options()))
    _, _, listener = house.connect(house.url(scheme="wss", host="localhost"), ca_file=str(ca_file))
    await house.until(lambda: house.bots and len(house.bots[0].messages) == 2)
    assert listener.told == ["opened"]


async def test_a_certificate_of_a_configured_authority_must_match_the_host(tmp_path, reactor, serve):
    ca_file = tmp_path / "ca.pem"
    own_pem, key_pem = certificate_pem(x509.DNSName("bot.example.org"))
    ca_file.write_bytes(own_pem)
    house = serve(LoopbackHouse(reactor, tls=ssl.PrivateCertificate.loadPEM(own_pem + key_pem).options()))
    _, _, listener = house.connect(house.url(scheme="wss", host="localhost"), ca_file=str(ca_file))
    await house.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"


async def test_a_certificate_for_another_host_fails_the_stream(reactor, serve):
    other = certificate(x509.DNSName("bot.example.org"))
    house = serve(LoopbackHouse(reactor, tls=other.options(), tls_options=trusting(other)))
    _, _, listener = house.connect(house.url(scheme="wss", host="localhost"))
    await house.until(lambda: listener.told)
    assert listener.told[0][0] == "failed"
    assert house.bots == []


async def test_the_bot_receives_exotels_request(reactor, serve):
    house = serve(LoopbackHouse(reactor))
    house.connect(house.url("/a%20b/?voice/1f2e").replace("ws://", "ws://user:pa%20ss@"))
    await house.until(lambda: house.bots and len(house.bots[0].messages) == 2)
    request = house.requests[0]
    assert request.headers["user-agent"] == "Go-http-client/1.1"
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"user:pa ss").decode()
    assert not {"origin", "sec-websocket-protocol", "sec-websocket-extensions"} & set(request.headers)
    assert house.bots[0].http_request_uri == "/a%20b/?voice/1f2e"
    assert house.bots[0].messages[1]["start"]["custom_parameters"] == {"voice/1f2e": ""}


async def test_all_audio_of_a_bot_that_sends_faster_than_real_time_is_played(reactor, serve):
    house = serve(LoopbackHouse(reactor))
    _, leg, _ = house.connect()
    await house.until(lambda: house.bots and len(house.bots[0].messages) == 2)
    for index in range(3000):
        house.bots[0].say(event="media", media={"payload": base64.b64encode(index.to_bytes(2) * 320).decode()})
    await house.until(lambda: len(leg.asked) == 3000)
    assert [int.from_bytes(pcm[:2]) for _, pcm in leg.asked] == list(range(3000))


async def test_data_for_a_bot_that_does_not_read_is_limited_and_sent_when_it_reads(reactor, serve):
    house = serve(LoopbackHouse(reactor))
    connection, leg, _ = house.connect()
    await house.until(lambda: house.bots and len(house.bots[0].messages) == 2)
    bot = house.bots[0]
    bot.transport.pauseProducing()
    for _ in range(400):
        for _ in range(100):
            leg.hear(bytes(320))
        await house.until(lambda: True)
        if connection._socket.is_congested:
            break
        await house.until(lambda: True)
    else:
        pytest.fail("the transport never was full")
    for _ in range(150):
        leg.hear(bytes(320))
    bot.transport.resumeProducing()
    await house.until(lambda: house.metrics["shed_caller_audio_ms"] > 0)
    await house.until(lambda: not connection._socket.is_congested)
    connection.send_mark("end")
    await house.until(lambda: bot.messages[-1]["event"] == "mark")
    numbers = [int(message["sequence_number"]) for message in bot.messages[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
