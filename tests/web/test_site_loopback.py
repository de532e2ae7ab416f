"""The HTTP server on real sockets, with and without TLS."""

import socket
import ssl
from contextlib import suppress

import pytest
from cryptography import x509
from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource

from exoswitch.exotel.rest.resource import refusal
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.web.limits import MAX_BODY_BYTES
from exoswitch.web.site import answer, make_site, web_service
from tests.harness.certificates import certificate_pem
from tests.harness.e2e.ports import free_port

pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")]
HEAD = b"POST / HTTP/1.1\r\nHost: gw\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"


class Echo(Resource):
    isLeaf = True

    def render(self, request):
        return answer(request, 200, {"bytes": len(request.content.read())})


@pytest.fixture(params=["tcp", "ssl"])
def ask(request, reactor, serve, tmp_path):
    """Give a function that sends bytes on a connection of its own, and gives the whole answer."""
    port, where = free_port(), ""
    if request.param == "ssl":
        certificate, key = certificate_pem(x509.DNSName("gw"))
        (tmp_path / "cert.pem").write_bytes(certificate)
        (tmp_path / "key.pem").write_bytes(key)
        where = f":privateKey={tmp_path / 'key.pem'}:certKey={tmp_path / 'cert.pem'}"
    site = make_site(Echo(), reactor, refusal=refusal, metrics=MemoryMetrics())
    serve(web_service(f"{request.param}:{port}:interface=127.0.0.1{where}", site, reactor))

    def exchange(*parts):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
            connection = plain if request.param == "tcp" else _trusting().wrap_socket(plain)
            with connection:
                with suppress(BrokenPipeError, ConnectionResetError):
                    for part in parts:
                        connection.sendall(part)
                return _all(connection)

    return exchange


def _all(connection):
    data = b""
    with suppress(ssl.SSLEOFError):
        while received := connection.recv(65536):
            data += received
    return data


def _trusting():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])  # as curl and most HTTP libraries do
    return context


async def test_a_body_of_the_largest_size_is_answered(ask):
    data = await deferToThread(ask, HEAD % MAX_BODY_BYTES, b"x" * MAX_BODY_BYTES)
    assert data.startswith(b"HTTP/1.1 200 OK")
    assert b'{"bytes":65536}' in data


async def test_pipelined_requests_are_all_answered(ask):
    get = b"GET / HTTP/1.1\r\nHost: gw\r\n\r\n"
    data = await deferToThread(ask, get * 500 + HEAD % 0)
    assert data.count(b"HTTP/1.1 200 OK") == 501


async def test_a_client_that_is_still_sending_can_read_why_it_is_refused(ask):
    data = await deferToThread(ask, HEAD % (2 << 20), b"x" * 300_000, b"x" * 300_000)
    assert data.startswith(b"HTTP/1.1 413 ")
