"""The HTTP server."""

from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.web.resource import Resource

from exoswitch.web.site import web_service


class Hello(Resource):
    isLeaf = True  # noqa: N815

    def render_GET(self, _request):  # noqa: N802
        return b"hello"


def test_numbers_in_a_query_are_not_logged():
    reactor = MemoryReactorClock()
    service = web_service("tcp:8080", Hello(), reactor)
    with capturedLogs() as log:
        service.startService()
        site = reactor.tcpServers[0][1]
        site.doStart()
        connection, transport = site.buildProtocol(None), StringTransport()
        connection.makeConnection(transport)
        connection.dataReceived(b"GET /?From=09812345610 HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n")
        site.doStop()
        service.stopService()
    assert transport.value().startswith(b"HTTP/1.1 200 OK")
    assert "9812345610" not in repr(log)


def test_no_object_with_its_address_is_logged():
    reactor = MemoryReactorClock()
    service = web_service("tcp:8080", Hello(), reactor)
    with capturedLogs() as log:
        service.startService()
        site = reactor.tcpServers[0][1]
        site.doStart()
        site.doStop()
        service.stopService()
    assert not [text for event in log if "0x" in (text := formatEvent(event))]
