"""A fuzz target: raw bytes of one HTTP connection, against the whole site.

`one_input` raises if the bytes make exoswitch log an error, keep more than its limits, or answer with a status that
is not one of the API's. The bytes arrive whole, and one by one.
"""

import re

from twisted.logger import LogLevel, capturedLogs

from exoswitch.web.limits import MAX_BODY_BYTES, MAX_HEAD_BYTES, PIECE_BYTES
from tests.exotel.rest.test_resource import Dialer

STATUSES = {100, 200, 400, 401, 403, 404, 405, 408, 413, 501}
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ")

PART = b'--b\r\nContent-Disposition: form-data; name="From"\r\n\r\n1\r\n--b--\r\n'


def post(headers: bytes, body: bytes, path: bytes = b"/v1/Accounts/acme1/Calls/connect.json") -> bytes:
    """Write a request with the right credentials."""
    return b"POST " + path + b" HTTP/1.1\r\nAuthorization: Basic azp0\r\n" + headers + b"\r\n" + body


SEEDS = (
    b"GET /healthz HTTP/1.1\r\nHost: a..b\r\n\r\n",
    b"GET http://gw//v1/Accounts/acme1//Calls.json/x HTTP/1.1\r\nAuthorization: Basic azp0\r\n\r\n",
    post(b"Content-Type: application/json\r\nContent-Length: 13\r\n", b'{"From": "1"}'),
    post(b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n" % len(PART), PART),
    post(b"Transfer-Encoding: chunked\r\n", b"7\r\nFrom=+9\r\n0\r\n\r\n"),
    post(b"Content-Length: 9\r\nExpect: 100-continue\r\n", b"From=%ff&", b"/v1/accounts/a/calls/connect.json?a=%2b"),
    post(b"X-Forwarded-For: \x80\r\n", b""),
    post(b"Content-Type: \xff\r\nX-Forwarded-For: \xff\r\nContent-Length: 1\r\n", b"x"),
    b"GET /v1/Accounts/acme1/Calls/x.json HTTP/1.1\r\nAuthorization: \xff\r\nX-Forwarded-For: \xff\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\nConnection: close\r\n\r\n",
    post(b"Content-Length: 21\r\n", b"From=+919812345610&a[]", b"/v1/Accounts/acme1/Calls/connect"),
    post(b"Content-Length: 24\r\n", b"StreamUrl=ws://h/?a=1;b=2", b"/V1/ACCOUNTS/acme1//calls/CONNECT.JSON"),
    b"HEAD /v1/Accounts/acme1/Calls/%f0%9f%98%80?details=true HTTP/1.1\r\nAuthorization: Basic azp0\r\n\r\n",
    b"GET /v1/Accounts/acme1/Calls.json?DateCreated=gte:1;lte:2 HTTP/1.1\r\nAuthorization: Basic azp0\r\n\r\n",
    b"GET /v2/accounts/acme1/campaigns HTTP/1.1\r\nAuthorization: Basic azp0\r\n\r\n",
    b"PUT /v2_beta/Accounts/acme1/x HTTP/1.1\r\nAuthorization: Basic azp4\r\nHost: [::1]:80\r\n\r\n",
    b"GET /v1/Accounts/acme1/Calls/x HTTP/1.1\r\nAuthorization: Bearer x\r\nX-Forwarded-Proto: https\r\n\r\n",
    b"POST /v2/accounts/acme1/campaigns HTTP/1.1\r\nContent-Length: 70000\r\n\r\n",
)


def one_input(data: bytes) -> None:
    """Send these bytes on one connection."""
    for size in (len(data) or 1, 1):
        with capturedLogs() as log:
            server = Dialer().server
            connection = server.connect()
            for at in range(0, len(data), size):
                connection.send(data[at : at + size])
                assert kept(connection) <= MAX_BODY_BYTES + 2 * MAX_HEAD_BYTES + 2 * PIECE_BYTES
            server.clock.pump([30.0] * 8)
            answers = connection.socket.value()
            connection.hang_up()
            server.clock.pump([30.0] * 8)
        assert [event for event in log if event["log_level"] >= LogLevel.error] == []
        assert {int(status) for status in STATUS_LINE.findall(answers)} <= STATUSES
        assert server.clock.getDelayedCalls() == []
        assert len(server.factory.admission) == 0


def kept(connection) -> int:
    """Count the bytes that a connection keeps."""
    channel = connection.protocol.wrappedProtocol
    bodies = sum(len(request.content.getvalue()) for request in channel.requests if request.content)
    return len(connection.protocol._received) + len(channel._buffer) + sum(map(len, channel._dataBuffer)) + bodies
