"""One connection's requests, each within its limits."""

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from exoswitch.tasks.fair_turns import HTTP_S
from exoswitch.web.admission import SPARED_S
from exoswitch.web.limits import (
    ABORT_S,
    CLOSE_S,
    IDLE_S,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    PIECE_BYTES,
    REQUEST_S,
    ConnectionLimits,
)
from exoswitch.web.site import answer
from tests.harness.http import Server
from tests.harness.turns import Busy

GET = b"GET /x HTTP/1.1\r\nHost: gw\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: gw\r\n"


class Echo(Resource):
    """Answers with the body; `held` requests wait until they are released."""

    isLeaf = True

    def __init__(self):
        super().__init__()
        self.seen, self.held = [], None

    def render(self, request):
        body = request.content.read()
        self.seen.append((request.method, request.path, len(body)))
        if self.held is None:
            return answer(request, 200, {"bytes": len(body)})
        self.held.addCallback(lambda _: (request.write(answer(request, 200, {})), request.finish()))
        return NOT_DONE_YET


@pytest.fixture
def echo():
    return Echo()


@pytest.fixture
def server(echo):
    return Server(echo)


@pytest.fixture
def connection(server):
    return server.connect()


def test_requests_of_one_connection_are_answered_in_order(connection, echo):
    connection.send(GET + POST + b"Content-Length: 3\r\n\r\nabc" + GET)
    assert [reply.code for reply in connection.replies()] == [200, 200, 200]
    assert [length for _, _, length in echo.seen] == [0, 3, 0]


def test_a_chunked_body_is_read(connection, echo):
    connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert echo.seen == [(b"POST", b"/x", 5)]


def test_a_body_that_is_announced_as_too_large_is_refused_before_it_comes(connection, echo, server):
    connection.send(POST + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % (MAX_BODY_BYTES + 1))
    (reply,) = connection.replies()
    assert (reply.code, reply.message) == (413, f"the body is larger than {MAX_BODY_BYTES} bytes")
    assert reply.headers.getRawHeaders("Connection") == ["close"]
    assert (echo.seen, server.metrics.count("http_requests_refused_total", status="413")) == ([], 1)


@pytest.mark.parametrize("length", [b"9" * 30, b"9" * 10_000])
def test_a_length_of_many_digits_is_too_large(connection, length):
    connection.send(POST + b"Content-Length: " + length + b"\r\n\r\n")
    assert [reply.code for reply in connection.replies()] == [413]


@pytest.mark.parametrize("chunk", [1, 1000, MAX_BODY_BYTES * 2])
def test_an_endless_chunked_body_is_refused_at_its_limit(connection, echo, chunk):
    connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(2 * MAX_BODY_BYTES // chunk):
        connection.send(b"%x\r\n%s\r\n" % (chunk, b"x" * chunk))
    connection.send(b"0\r\n\r\n")
    assert [reply.code for reply in connection.replies()] == [413]
    assert echo.seen == []


def test_a_refused_client_may_finish_sending_and_is_closed_after_a_while(connection, server):
    connection.send(POST + b"Content-Length: 99999999\r\n\r\n")
    assert connection.socket.half_closed
    assert connection.send(b"x" * 100_000) == b""
    server.clock.advance(CLOSE_S)
    assert connection.socket.aborted
    assert len(connection.replies()) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"GET\r\n",
        b"GET /x HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
        b"GET /x HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /x HTTP/1.1\r\nA: b\x00c\r\n\r\n",
        b"GET /x HTTP/1.1\r\n" + b"A: b\r\n" * (MAX_HEADERS + 2) + b"\r\n",
        b"GET /x HTTP/1.1\r\nA: " + b"b" * MAX_HEAD_BYTES + b"\r\n\r\n",
        b"GET /" + b"x" * MAX_HEAD_BYTES,
        POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Transfer-Encoding: gzip\r\n\r\n",
        POST + b"Transfer-Encoding: identity\r\n\r\n",
        POST + b"Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /%00 HTTP/1.1\r\n\r\n",
    ],
)
def test_a_malformed_request_gets_one_400_and_no_line_in_the_log(connection, echo, data):
    with capturedLogs() as log:
        connection.send(data + GET)
    assert [reply.code for reply in connection.replies()] == [400]
    assert (echo.seen, log) == ([], [])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            b"GET /x HTTP/1.1\r\n" + b"A: b\r\n" * (MAX_HEADERS + 2),
            f"the request has more than {MAX_HEADERS} headers",
        ),
        (b"GET /x HTTP/1.1\r\nA: " + b"b" * MAX_HEAD_BYTES, f"are larger than {MAX_HEAD_BYTES} bytes"),
        (b"GET /" + b"x" * MAX_HEAD_BYTES, f"are larger than {MAX_HEAD_BYTES} bytes"),
        (b"GET /x?a=b c HTTP/1.1\r\n", "in a URL a blank is %20"),
        (b"GET /\xe9 HTTP/1.1\r\n", "other characters are ASCII"),
    ],
)
def test_a_request_that_is_refused_is_told_why(connection, data, words):
    connection.send(data)
    (reply,) = connection.replies()
    assert words in reply.message


def test_a_request_that_is_sent_slowly_is_refused_after_its_whole_time(connection, server):
    for byte in GET[:-1]:
        connection.send(bytes([byte]))
        server.clock.advance(REQUEST_S / 10)
    assert [reply.code for reply in connection.replies()] == [408]


def test_a_body_that_is_sent_slowly_is_refused_after_the_same_time(connection, server):
    connection.send(POST + b"Content-Length: 60000\r\n\r\n")
    for _ in range(10):
        connection.send(b"x")
        server.clock.advance(REQUEST_S / 10)
    assert [reply.code for reply in connection.replies()] == [408]


def test_a_silent_connection_is_closed_without_a_word(connection, server):
    connection.send(GET)
    server.clock.advance(IDLE_S - 1)
    assert not connection.is_closed
    with capturedLogs() as log:
        server.clock.advance(1)
    assert connection.is_closed
    assert (len(connection.replies()), log) == (1, [])
    server.clock.advance(ABORT_S)
    assert connection.socket.aborted


def test_an_answer_has_no_limit_of_time_and_the_next_request_has_its_own(connection, server, echo):
    echo.held = Deferred()
    connection.send(GET)
    server.clock.advance(IDLE_S + REQUEST_S)
    echo.held.callback(None)
    assert [reply.code for reply in connection.replies()] == [200]
    connection.send(b"GET")
    server.clock.advance(REQUEST_S)
    assert [reply.code for reply in connection.replies()] == [200, 408]


def test_data_that_waits_is_bounded_while_a_request_is_answered(connection, echo):
    echo.held = Deferred()
    unread = connection.send(GET * 10_000)
    sent = len(GET) * 10_000 - len(unread)
    assert sent <= 16 * 1024 + 3 * PIECE_BYTES
    echo.held.callback(None)


def test_a_client_that_is_gone_before_its_turn_is_not_answered(echo):
    server = Server(echo)
    connection = server.connect()
    server.factory.turns.start(Busy(server.clock, HTTP_S))
    connection.send(GET)
    connection.hang_up()
    server.clock.advance(1)
    assert echo.seen == []


def test_a_client_that_reads_no_answers_gets_no_more_of_them(connection, echo):
    channel = connection.socket.producer
    echo.held = Deferred()
    connection.send(GET)
    unread = connection.send(GET * 500)
    channel.pauseProducing()  # the first answer is not read
    echo.held.callback(None)
    for _ in range(3):
        unread = connection.send(unread + GET * 500)
        assert len(echo.seen) == 1
    assert len(unread) > 1000 * len(GET)


def test_a_client_that_reads_on_is_answered_on(connection, echo):
    channel = connection.socket.producer
    channel.pauseProducing()
    connection.protocol.dataReceived(GET * 3)
    assert echo.seen == []
    channel.resumeProducing()
    assert [reply.code for reply in connection.replies()] == [200] * 3
    assert connection.is_read


def test_a_client_that_does_not_read_is_closed_as_an_idle_one(connection, server):
    connection.socket.producer.pauseProducing()
    connection.protocol.dataReceived(GET * 3)
    server.clock.advance(IDLE_S)
    assert connection.is_closed
    connection.hang_up()
    assert server.clock.getDelayedCalls() == []


def test_a_client_that_does_not_read_makes_room_for_others(connection, server):
    connection.socket.producer.pauseProducing()
    connection.protocol.dataReceived(GET)
    server.clock.advance(SPARED_S)
    for _ in range(ConnectionLimits().per_address):
        assert server.connect() is not None
    assert connection.is_closed


def test_http_2_is_not_offered(server):
    assert server.factory.wrappedFactory.acceptableProtocols() == [b"http/1.1"]
