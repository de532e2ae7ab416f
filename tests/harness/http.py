"""A client of the HTTP server, in memory: the bytes of each connection, on a test's clock."""

import base64
import json
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from zope.interface import implementer

from exoswitch.exotel.rest.resource import refusal
from exoswitch.telemetry.memory import MemoryMetrics
from exoswitch.web.site import make_site


@implementer(ITCPTransport)
class Socket(StringTransport):
    """The server's end of one connection."""

    aborted = half_closed = False

    def setTcpNoDelay(self, _on):
        pass

    def loseWriteConnection(self):
        self.half_closed = True

    def abortConnection(self):
        self.aborted = True


@define(eq=False)
class Server:
    """A server, and the connections that it has accepted."""

    resource: object
    clock: Clock = field(factory=Clock)
    metrics: MemoryMetrics = field(factory=MemoryMetrics)
    limits: object = None
    factory: object = field(init=False)

    def __attrs_post_init__(self):
        self.factory = make_site(
            self.resource,
            self.clock,
            refusal=refusal,
            metrics=self.metrics,
            limits=self.limits,
        )

    def connect(self, address="192.0.2.1"):
        """Give a connection; None if the server refuses it."""
        peer = IPv4Address("TCP", address, 40000)
        protocol = self.factory.buildProtocol(peer)
        return None if protocol is None else Connection(protocol, Socket(peerAddress=peer))

    def ask(self, method, path, body=b"", headers=(), auth=None):
        """Send one request on a connection of its own; give its whole answer."""
        lines = [f"{method} {path} HTTP/1.1", "Host: gw.example.org", "Connection: close", *headers]
        if auth is not None:
            lines.append("Authorization: Basic " + base64.b64encode(":".join(auth).encode()).decode())
        if isinstance(body, dict):
            body = urlencode(body).encode()
            lines.append("Content-Type: application/x-www-form-urlencoded")
        if body:
            lines.append(f"Content-Length: {len(body)}")
        connection = self.connect()
        connection.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        self.clock.pump([0.1] * 20)
        (reply,) = connection.replies()
        connection.hang_up()
        return reply


@define(eq=False)
class Connection:
    protocol: object
    socket: Socket

    def __attrs_post_init__(self):
        self.protocol.makeConnection(self.socket)

    def send(self, data):
        """Send bytes, as far as the server reads them; give the rest."""
        size = self.socket.bufferSize
        while data and self.is_read and not self.is_closed:
            self.protocol.dataReceived(data[:size])
            data = data[size:]
        return data

    @property
    def is_read(self):
        return self.socket.producerState == "producing"

    @property
    def is_closed(self):
        return self.socket.aborted or self.socket.disconnecting

    def replies(self):
        """Give the answers that have come."""
        data, replies = self.socket.value(), []
        while data:
            head, _, data = data.partition(b"\r\n\r\n")
            status, *lines = head.decode().split("\r\n")
            headers = Headers()
            for line in lines:
                headers.addRawHeader(*line.split(": ", 1))
            length = int(headers.getRawHeaders("Content-Length", ["0"])[0])
            replies.append(Reply(int(status.split(" ")[1]), headers, data[:length]))
            data = data[length:]
        return replies

    def hang_up(self, reason=None):
        reason = ConnectionAborted() if self.socket.aborted else ConnectionDone()
        self.protocol.connectionLost(Failure(reason))


@define
class Reply:
    code: int
    headers: Headers
    text: bytes

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def xml(self):
        """The document, as `ElementTree` reads it."""
        assert self.headers.getRawHeaders("Content-Type") == ["application/xml"]
        return ET.fromstring(self.text)  # noqa: S314 - our own answer

    @property
    def message(self):
        """The text of an error, in the form that it has."""
        if self.text.startswith(b"<"):
            problem = {child.tag: child.text for child in self.xml.find("RestException")}
        elif "RestException" in self.json:
            problem = self.json["RestException"]
        else:
            error = self.json["response"]["error_data"]
            problem = {"Status": self.json["http_code"], "Message": error["description"]}
        assert int(problem["Status"]) == self.code
        return problem["Message"]
