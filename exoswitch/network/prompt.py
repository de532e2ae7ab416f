"""Adapter: a TCP transport that sends at once what the network takes.

Twisted sends in the reactor's next turn. That costs more than the send: two changes of the epoll, and the turn.
"""

from typing import Any

from zope.interface import directlyProvides, providedBy


def prompt(transport: Any) -> Any:
    """Give a transport that writes promptly; one that is not TCP's own is given as it is."""
    is_tcp = hasattr(type(transport), "writeSomeData")  # TLS claims the interfaces of the transport below it
    return PromptTransport(transport) if is_tcp else transport


class PromptTransport:
    """Does as the transport below it, but sends at once if no data waits there; nobody else may write to it."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self._is_behind = False  # whether data may wait in the transport
        directlyProvides(self, providedBy(transport))

    def __getattr__(self, name: str) -> Any:
        """Give what the transport has."""
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        """Send data now, or behind the data that waits. The reactor finds an error again, and reports it."""
        tcp = self.transport
        if not tcp.connected or tcp.disconnecting or (self._is_behind and not self.is_idle()):
            tcp.write(data)
            return
        sent = tcp.writeSomeData(data)
        if sent == len(data):
            return
        self._is_behind = True
        tcp.write(data if isinstance(sent, Exception) else data[sent:])

    def is_idle(self) -> bool:
        """Tell whether no data waits to be sent: a media plane can serve the socket."""
        if self._is_behind:
            self.transport.doWrite()  # moves what was written last into `dataBuffer`
            self._is_behind = self.transport.offset != len(self.transport.dataBuffer)
        return not self._is_behind
