"""Adapter: one call's UDP port: a Twisted DatagramProtocol; a plane can also use its socket directly."""

import socket
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorUDP
from twisted.internet.protocol import DatagramProtocol

from exoswitch.rtp.session import Address
from exoswitch.tasks.deferred import deferred

MAX_DATAGRAM_BYTES = 2048  # more than any RTP of a telephone codec
_MAX_QUEUED = 64  # more than a second of RTP, in case ticks stop
_RECEIVE_BUFFER_BYTES = 256 * 1024
"""With the kernel's overhead, about 500 packets: 50 ms of a flood of 10,000 a second."""


class _UdpPort(Protocol):
    """The result of `listenUDP` on reactors with sockets; Twisted does not type it."""

    def getHandle(self) -> socket.socket: ...

    def stopReading(self) -> None: ...

    def stopListening(self) -> Deferred[None] | None: ...


@define(eq=False)
class RtpEndpoint(DatagramProtocol):
    """Owns a call's port. Datagrams that the reactor reads wait in `received` for the next tick, if `accepts` agrees.

    `send_errors` counts packets that the kernel refused, `overrun` old datagrams dropped since the last tick.
    """

    noisy = False

    accepts: Callable[[Address], bool] = field(default=lambda _: True, init=False)
    received: deque[tuple[bytes, Address]] = field(factory=lambda: deque(maxlen=_MAX_QUEUED), init=False)
    udp_socket: socket.socket = field(init=False)
    send_errors: int = field(default=0, init=False)
    overrun: int = field(default=0, init=False)
    _port: _UdpPort = field(init=False)
    _peer: Address | None = field(default=None, init=False)  # the socket is connected to it
    _wanted: Address | None = field(default=None, init=False)  # the socket is to be connected to it

    def bind(self, reactor: IReactorUDP, port: int, interface: str) -> None:
        """Listen on the port.

        Raises:
            twisted.internet.error.CannotListenError: the port is not available.
        """
        listening = reactor.listenUDP(port, self, interface=interface, maxPacketSize=MAX_DATAGRAM_BYTES)
        self._port = cast("_UdpPort", listening)
        self.udp_socket = self._port.getHandle()
        self.udp_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)

    def connect(self, address: Address) -> None:
        """Let the kernel drop datagrams from all other addresses; those that wait already are still read.

        A later call changes the address. If it fails, it is tried again when a packet could be sent to the address:
        until then the kernel drops what comes from there, if the socket is still connected to another address.
        """
        self._wanted = address
        try:
            self.udp_socket.connect(address)
        except OSError:  # no route to it: sending fails too, and is counted
            self._peer = None
        else:
            self._peer = address

    def stop_reading(self) -> None:
        """Stop the reactor from reading the socket: the plane reads it."""
        self._port.stopReading()

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:
        """Keep a datagram until the next tick."""
        if not self.accepts(addr):
            return
        if len(self.received) == _MAX_QUEUED:
            self.overrun += 1
        self.received.append((datagram, addr))

    def send(self, packet: bytes, address: Address) -> None:
        """Send a packet, past `Port.write`, which takes twice as long; a packet that fails is not sent later."""
        try:
            if address == self._peer:
                self.udp_socket.send(packet)
            else:
                self.udp_socket.sendto(packet, address)
                if address == self._wanted:
                    self.connect(address)
        except ConnectionRefusedError:
            pass  # an earlier packet found Asterisk's port closed: the call is at its end
        except OSError:
            self.send_errors += 1

    @deferred
    async def close(self) -> None:
        """Unbind; the Deferred fires when the port is free. A second call is not allowed."""
        stopped = self._port.stopListening()
        del self._port  # it has this object: a cycle is work for the garbage collector
        if stopped is not None:
            await stopped
