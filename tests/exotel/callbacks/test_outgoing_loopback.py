from ipaddress import ip_network

import pytest
from cryptography import x509
from twisted.internet.ssl import trustRootFromCertificates
from twisted.logger import globalLogPublisher

from exoswitch.errors import AddressRefused, BackendUnavailable, HostNotFound, InvalidValue, RemoteProtocolError
from exoswitch.exotel.callbacks.outgoing import BODY_S, REPLY_MAX_BYTES, Outgoing
from exoswitch.network.reach import ReachRules
from exoswitch.network.reactor_names import ReactorNames
from exoswitch.network.tls import ServerCheck, client_context, client_tls
from tests.harness.certificates import certificate
from tests.harness.receivers import OK, Receiver, reply
from tests.harness.sim_live import run

pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")]

HERE = ReachRules(networks=(ip_network("127.0.0.0/8"),), key="callback_hosts")
ODD_TARGET = "/told;v=1//x?key=a%2Fb&&empty=&;raw=[1]|{2}?&%zz=+"


def scenario_with(answer, work, *, reach=HERE, tls=None, tls_options=client_tls):
    """Run `work(receiver, outgoing)` with a receiver that answers so; give its requests."""
    requests = []

    async def live(reactor):
        receiver = Receiver(reactor, answer, tls)
        outgoing = Outgoing(reactor, names=ReactorNames(reactor), reach=lambda: reach, tls_options=tls_options)
        try:
            await work(receiver, outgoing)
        finally:
            requests.extend(receiver.requests)
            await receiver.stop()

    run(live)
    return requests


def post(outgoing, url, timeout_s=30.0, **more):
    return outgoing.send("POST", url, account="acme1", timeout_s=timeout_s, **more)


def test_request_has_its_url_body_and_headers_as_they_were_given():
    async def work(receiver, outgoing):
        url = receiver.url(ODD_TARGET).replace("127.0.0.1", "user:p%40ss@127.0.0.1")
        answer = await post(outgoing, url, headers={"Content-Type": "application/json"}, body=b'{"a":1}')
        assert (answer.status, answer.body) == (200, b"OK")

    (request,) = scenario_with(lambda _: OK, work)
    assert (request.method, request.target, request.body) == ("POST", ODD_TARGET, b'{"a":1}')
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Basic dXNlcjpwQHNz"
    assert request.headers["content-length"] == "7"
    assert request.headers["connection"] == "close"


def test_get_has_no_body():
    async def work(receiver, outgoing):
        await outgoing.send("GET", receiver.url("?"), account="acme1", timeout_s=30.0)

    (request,) = scenario_with(lambda _: OK, work)
    assert (request.method, request.target) == ("GET", "/?")
    assert "content-length" not in request.headers


def test_redirect_is_an_answer_and_is_not_followed():
    async def work(receiver, outgoing):
        answer = await post(outgoing, receiver.url())
        assert (answer.status, answer.headers["retry-after"]) == (302, "9")

    requests = scenario_with(
        lambda request: reply(
            "302 Found", b"", f"Location: http://{request.headers['host']}/there", "Retry-After: 9"
        ),
        work,
    )
    assert len(requests) == 1


def test_private_address_is_refused_unless_the_operator_permits_it():
    async def work(receiver, outgoing):
        with pytest.raises(AddressRefused, match="permit it with callback_hosts or private_networks"):
            await post(outgoing, receiver.url())

    assert scenario_with(lambda _: OK, work, reach=ReachRules(key="callback_hosts")) == []


def test_host_that_is_listed_for_the_account_may_be_private():
    async def work(receiver, outgoing):
        await post(outgoing, receiver.url(host="localhost"))

    rules = ReachRules(hosts={"acme1": frozenset({"localhost"})}, key="callback_hosts")
    assert len(scenario_with(lambda _: OK, work, reach=rules)) == 1


def test_long_body_is_cut_and_its_status_counts():
    async def work(receiver, outgoing):
        answer = await post(outgoing, receiver.url())
        assert (answer.status, len(answer.body)) == (200, REPLY_MAX_BYTES)

    scenario_with(lambda _: reply("200 OK", b"x" * 100_000), work)


@pytest.mark.parametrize("timeout_s", [BODY_S / 2, 3600.0])
def test_body_that_does_not_end_soon_is_given_as_far_as_it_came(timeout_s):
    async def work(receiver, outgoing):
        receiver.hangs_up = False
        more = receiver.reactor.callLater(10 * BODY_S, lambda: receiver.connections[0].transport.write(b"more"))
        answer = await post(outgoing, receiver.url(), timeout_s=timeout_s)
        assert (answer.status, answer.body) == (200, b"half")
        more.cancel()

    scenario_with(lambda _: b"HTTP/1.1 200 Fine\r\nContent-Length: 8\r\n\r\nhalf", work)


def test_server_that_never_answers_is_given_up():
    async def work(receiver, outgoing):
        with pytest.raises(BackendUnavailable, match=r"did not answer within 1 s"):
            await post(outgoing, receiver.url(), timeout_s=1.0)

    assert len(scenario_with(lambda _: None, work)) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"ICY 200 OK\r\n\r\n", "its answer is not HTTP"),
        (b"", "the connection was lost"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000, "the head of its answer is longer"),
    ],
)
def test_answer_that_is_no_http_is_an_error_of_the_server(answer, why):
    async def work(receiver, outgoing):
        with pytest.raises(RemoteProtocolError, match=why):
            await post(outgoing, receiver.url())

    scenario_with(lambda _: answer, work)


def test_interim_answers_are_passed_over_without_a_line_in_the_log():
    logged = []

    async def work(receiver, outgoing):
        globalLogPublisher.addObserver(logged.append)
        try:
            assert (await post(outgoing, receiver.url())).status == 200
        finally:
            globalLogPublisher.removeObserver(logged.append)

    scenario_with(lambda _: b"HTTP/1.1 103 Early Hints\r\n\r\n" * 90 + OK, work)
    assert [event for event in logged if "_newclient" in event["log_namespace"]] == []


def test_server_that_does_not_listen_and_host_that_does_not_exist_are_named():
    async def work(receiver, outgoing):
        url = receiver.url()
        await receiver.stop()
        with pytest.raises(BackendUnavailable, match="cannot be connected to"):
            await post(outgoing, url)
        with pytest.raises(HostNotFound):
            await post(outgoing, "http://nowhere.invalid/")
        receiver.port = receiver.reactor.listenTCP(0, receiver.port.factory, interface="127.0.0.1")

    assert scenario_with(lambda _: OK, work) == []


@pytest.mark.parametrize("url", ["ftp://h/", "http://", "http://h/ü", "http://h/a b", "wss://h/"])
def test_text_that_is_no_web_address_is_refused(url):
    async def work(_receiver, outgoing):
        with pytest.raises(InvalidValue, match="the URL"):
            await post(outgoing, url)

    scenario_with(lambda _: OK, work)


def test_certificate_must_be_trusted_and_valid_for_the_host():
    ours = certificate(x509.DNSName("localhost"))

    def trusting(host):
        return ServerCheck(host, client_context(trustRootFromCertificates([ours])))

    async def trusted(receiver, outgoing):
        answer = await post(outgoing, receiver.url(scheme="https", host="localhost"))
        assert answer.status == 200
        with pytest.raises(RemoteProtocolError, match="TLS failed: certificate verify failed: it is not valid for"):
            await post(outgoing, receiver.url(scheme="https"))

    async def untrusted(receiver, outgoing):
        with pytest.raises(RemoteProtocolError, match="TLS failed: certificate verify failed"):
            await post(outgoing, receiver.url(scheme="https", host="localhost"))

    requests = scenario_with(lambda _: OK, trusted, tls=ours.options(), tls_options=trusting)
    assert [request.target for request in requests] == ["/told?key=1"]
    assert scenario_with(lambda _: OK, untrusted, tls=ours.options()) == []
