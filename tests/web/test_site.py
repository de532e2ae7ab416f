"""The HTTP server."""

from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent
from twisted.web.resource import Resource

from exoswitch.web.site import web_service
from tests.harness.http import Server


class Hello(Resource):
    isLeaf = True

    def render_GET(self, _request):
        return b"hello"


class Full(Resource):
    isLeaf = True

    def render_GET(self, request):
        request.setResponseCode(429)
        return b""


def test_status_429_has_its_phrase():
    server = Server(Full())
    connection = server.connect()
    connection.send(b"GET / HTTP/1.1\r\nHost: gw.example.org\r\n\r\n")
    server.clock.pump([0.1] * 20)
    assert connection.socket.value().startswith(b"HTTP/1.1 429 Too Many Requests\r\n")


def test_numbers_in_a_query_are_not_logged():
    reactor = MemoryReactorClock()
    server = Server(Hello(), reactor)
    service = web_service("tcp:8080", server.factory, reactor)
    with capturedLogs() as log:
        service.startService()
        site = reactor.tcpServers[0][1]
        site.doStart()
        assert server.ask("GET", "/?From=09812345610").code == 200
        site.doStop()
        service.stopService()
    assert "9812345610" not in repr(log)


def test_no_object_with_its_address_is_logged():
    reactor = MemoryReactorClock()
    service = web_service("tcp:8080", Server(Hello(), reactor).factory, reactor)
    with capturedLogs() as log:
        service.startService()
        site = reactor.tcpServers[0][1]
        site.doStart()
        site.doStop()
        service.stopService()
    assert not [text for event in log if "0x" in (text := formatEvent(event))]
