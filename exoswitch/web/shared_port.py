"""Adapter: a TCP port at which several processes of this machine listen; the kernel gives each connection to one."""

import socket
from typing import Any, Self

from attrs import define
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from zope.interface import implementer

from exoswitch.network.addresses import Endpoint

_BACKLOG = 50  # of each process, as Twisted's own


@implementer(IStreamServerEndpoint)
@define(eq=False)
class SharedPort:
    """A port and an interface, with SO_REUSEPORT (Linux 3.9): all its processes must belong to one user."""

    _reactor: Any
    _port: int
    _interface: str
    _backlog: int

    @classmethod
    def of(cls, text: str, reactor: Any) -> Self:
        """Read a Twisted server endpoint string of the kind ``tcp`` or ``tcp6``."""
        endpoint = Endpoint.of(text)
        every = "::" if endpoint.kind == "tcp6" else ""
        backlog = int(endpoint.named.get("backlog", _BACKLOG))
        return cls(reactor, int(endpoint.value("port")), endpoint.named.get("interface", every), backlog)

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen; the Deferred fails with CannotListenError if another program has the port for itself."""
        family = socket.AF_INET6 if ":" in self._interface else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            try:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                listener.bind((self._interface, self._port))
                listener.listen(self._backlog)
            except OSError as error:
                return fail(CannotListenError(self._interface, self._port, error))
            listener.setblocking(False)  # noqa: FBT003 - socket's own name
            return succeed(self._reactor.adoptStreamPort(listener.fileno(), family, factory))
