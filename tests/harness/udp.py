"""A reactor with UDP in memory, for tests of code that binds ports."""

from twisted.internet.defer import succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTime, IReactorUDP
from twisted.internet.task import Clock
from zope.interface import implementer


class MemorySocket:
    """The socket of a bound port; `sent` holds the sent packets."""

    def __init__(self):
        self.sent = []
        self.error = self.peer = None

    def setsockopt(self, level, option, value):
        """Do nothing: memory has no limits to set."""

    def connect(self, address):
        if self.error is not None:
            raise self.error
        self.peer = address

    def send(self, data):
        self.sendto(data, self.peer)

    def sendto(self, data, address):
        if self.error is not None:
            raise self.error
        self.sent.append((data, address))


class MemoryPort:
    """A bound port; closing it takes effect on the reactor's next turn, as Twisted's does."""

    def __init__(self, reactor, number, protocol):
        self.reactor, self.number, self.protocol = reactor, number, protocol
        self.socket, self.reading = MemorySocket(), True

    def getHandle(self):
        return self.socket

    def stopReading(self):
        self.reading = False

    def stopListening(self):
        stopped = succeed(None)
        stopped.pause()
        self.reactor.callLater(0, self._closed, stopped)
        return stopped

    def _closed(self, stopped):
        del self.reactor.ports[self.number]
        stopped.unpause()


@implementer(IReactorUDP, IReactorTime)
class MemoryUDP(Clock):
    """Binds ports in memory; other programs use the ports in `occupied`."""

    def __init__(self):
        super().__init__()
        self.ports, self.occupied = {}, set()

    def listenUDP(self, port, protocol, interface="", maxPacketSize=8192):
        if port in self.occupied or port in self.ports:
            raise CannotListenError(interface, port, OSError(98, "Address already in use"))
        self.ports[port] = MemoryPort(self, port, protocol)
        return self.ports[port]

    def deliver(self, port, data, address):
        """Let a datagram arrive at a port; it is lost if the port is not bound, or connected to another address."""
        if port in self.ports and self.ports[port].socket.peer in {None, address}:
            self.ports[port].protocol.datagramReceived(data, address)
