"""A dialer's server on 127.0.0.1 that receives callbacks: it records requests, and answers as a test says."""

from attrs import field, frozen
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.tls import TLSMemoryBIOFactory

from exoswitch.sim.occasions import Occasions

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


def reply(status, body=b"", *lines):
    """Give an answer with these lines in its head."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}"))
    return head.encode() + b"\r\n" + body


@frozen
class Received:
    """One request; header names are in lower case."""

    method: str
    target: str
    headers: dict
    body: bytes = field(repr=False)
    at: float = 0.0


class Receiver:
    """The server. `answer` gives the answer to a request, or None: then it never answers."""

    def __init__(self, reactor, answer=lambda _request: OK, tls=None, port=0):
        self.reactor, self.answer = reactor, answer
        self.requests, self.open, self.most_open = [], 0, 0
        self.connections, self.asked = [], Occasions()
        self.hangs_up = True
        factory = Factory.forProtocol(_Connection)
        factory.receiver, factory.noisy = self, False
        if tls is not None:
            factory = TLSMemoryBIOFactory(tls, isClient=False, wrappedFactory=factory, clock=reactor)
        self.port = reactor.listenTCP(port, factory, interface="127.0.0.1", backlog=1000)

    def url(self, target="/told?key=1", scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port.getHost().port}{target}"

    def stop(self):
        return self.port.stopListening()


class _Connection(Protocol):
    def connectionMade(self):
        receiver = self.factory.receiver
        self.data = b""
        receiver.connections.append(self)
        receiver.open += 1
        receiver.most_open = max(receiver.open, receiver.most_open)

    def connectionLost(self, _reason):
        self.factory.receiver.open -= 1

    def dataReceived(self, data):
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if len(body) < int(headers.get("content-length", 0)):
            return
        receiver = self.factory.receiver
        method, target, _ = first.split(" ")
        request = Received(method, target, headers, body, receiver.reactor.seconds())
        receiver.requests.append(request)
        receiver.asked.happened(request)
        self.data = b""
        answer = receiver.answer(request)
        if answer is not None:
            self.transport.write(answer)
            if receiver.hangs_up:
                self.transport.loseConnection()
