"""The connections of the HTTP server."""

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.web.pages import notFound as NoResource

from exoswitch.tasks.fair_turns import HTTP_REST, HTTP_S
from exoswitch.web.admission import SPARED_S
from exoswitch.web.connection import address_of
from exoswitch.web.limits import PIECE_BYTES, ConnectionLimits
from tests.harness.http import Server, Socket
from tests.harness.turns import Busy

LIMITS = ConnectionLimits(total=3, per_address=2)


def test_connections_beyond_the_limit_of_an_address_are_refused():
    server = Server(NoResource(), limits=LIMITS)
    first, second = server.connect(), server.connect()
    assert server.connect() is None
    assert server.metrics.count("http_connections_refused_total") == 1
    assert server.metrics.count("http_connections") == 2
    assert [first.is_closed, second.is_closed] == [False, False]
    first.hang_up()
    assert server.connect() is not None


def test_a_connection_that_has_waited_makes_room():
    server = Server(NoResource(), limits=LIMITS)
    first, second = server.connect(), server.connect()
    server.clock.advance(SPARED_S)
    third = server.connect()
    assert (first.is_closed, second.is_closed, third.is_closed) == (True, False, False)
    first.hang_up()
    assert len(server.factory.admission) == 2


def test_nothing_is_left_of_connections_that_are_over():
    server = Server(NoResource(), limits=LIMITS)
    for _ in range(10):
        connection = server.connect()
        connection.send(b"GET / HTTP/1.1\r\n")
        connection.hang_up()
    assert len(server.factory.admission) == len(server.factory.protocols) == 0
    assert server.clock.getDelayedCalls() == []


def test_a_connection_that_is_never_made_takes_no_room():
    server = Server(NoResource(), limits=LIMITS)
    for _ in range(5):
        assert server.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 1)) is not None


def test_a_connection_is_read_again_when_its_data_had_its_turn():
    server = Server(NoResource())
    busy, waiting = server.connect(), server.connect()
    server.factory.turns.start(Busy(server.clock, HTTP_S))
    for connection in (busy, waiting):
        assert len(connection.send(b"x: y\r\n" * 3000)) == 18000 - PIECE_BYTES
    server.clock.advance(HTTP_S * HTTP_REST)
    assert busy.is_read
    assert waiting.is_read


def test_no_more_is_read_at_once_below_tls_where_records_without_data_cost_time():
    tcp, tls = Socket(), Socket()
    tls.transport = tcp
    Server(NoResource()).factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40000)).makeConnection(tls)
    assert tcp.bufferSize == PIECE_BYTES


def test_an_error_closes_its_connection_and_spares_the_others(logged_failures):
    server = Server(NoResource())
    broken, whole = server.connect(), server.connect()
    broken.protocol.wrappedProtocol.lineReceived = None
    broken.send(b"GET / HTTP/1.1\r\n")
    assert broken.socket.aborted
    whole.send(b"GET / HTTP/1.1\r\n\r\n")
    assert whole.socket.value().startswith(b"HTTP/1.1 404 ")
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_clients_of_a_unix_socket_count_as_one():
    assert address_of(UNIXAddress("/run/http")) == address_of(UNIXAddress(None)) == "unix"
