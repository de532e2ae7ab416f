"""Adapter: one call's UDP port: a Twisted DatagramProtocol; a plane can also use its socket directly."""

import socket
from collections import deque
from typing import Protocol, cast

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorUDP
from twisted.internet.protocol import DatagramProtocol

from exoswitch.rtp.leg import Address
from exoswitch.tasks.deferred import deferred

MAX_DATAGRAM_BYTES = 2048  # more than any RTP of a telephone codec
_MAX_QUEUED = 64  # more than a second of RTP, in case ticks stop


class _UdpPort(Protocol):
    """The result of `listenUDP` on reactors with sockets; Twisted does not type it."""

    def getHandle(self) -> socket.socket: ...  # noqa: N802

    def stopReading(self) -> None: ...  # noqa: N802

    def stopListening(self) -> Deferred[None] | None: ...  # noqa: N802


@define(eq=False)
class RtpEndpoint(DatagramProtocol):
    """Owns a call's port. Datagrams that the reactor reads wait in `received` for the next tick.

    `send_errors` counts packets that the kernel refused, `overrun` old datagrams that were dropped.
    """

    noisy = False

    received: deque[tuple[bytes, Address]] = field(factory=lambda: deque(maxlen=_MAX_QUEUED), init=False)
    udp_socket: socket.socket = field(init=False)
    send_errors: int = field(default=0, init=False)
    overrun: int = field(default=0, init=False)
    _port: _UdpPort = field(init=False)

    def bind(self, reactor: IReactorUDP, port: int, interface: str) -> None:
        """Listen on the port.

        Raises:
            twisted.internet.error.CannotListenError: the port is not available.
        """
        listening = reactor.listenUDP(port, self, interface=interface, maxPacketSize=MAX_DATAGRAM_BYTES)
        self._port = cast("_UdpPort", listening)
        self.udp_socket = self._port.getHandle()

    def stop_reading(self) -> None:
        """Stop the reactor from reading the socket: the plane reads it."""
        self._port.stopReading()

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:  # noqa: N802
        """Keep a datagram until the next tick."""
        if len(self.received) == _MAX_QUEUED:
            self.overrun += 1
        self.received.append((datagram, addr))

    def send(self, packet: bytes, address: Address) -> None:
        """Send a packet, past `Port.write`, which takes twice as long; a packet that fails is not sent later."""
        try:
            self.udp_socket.sendto(packet, address)
        except OSError:
            self.send_errors += 1

    @deferred
    async def close(self) -> None:
        """Unbind; the Deferred fires when the port is free."""
        stopped = self._port.stopListening()
        if stopped is not None:
            await stopped
