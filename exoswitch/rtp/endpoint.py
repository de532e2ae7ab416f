"""Adapter: one call's UDP port: a Twisted DatagramProtocol that a plane can also read and write by itself."""

import socket
from collections import deque
from typing import Protocol, cast

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorUDP
from twisted.internet.protocol import DatagramProtocol

from exoswitch.rtp.leg import Address

MAX_DATAGRAM_BYTES = 2048  # more than any RTP of a telephone codec
_MAX_QUEUED = 64  # over a second of RTP, should ticks stop for that long


class _UdpPort(Protocol):
    """What `listenUDP` gives on every reactor that has sockets; Twisted's own is untyped."""

    def getHandle(self) -> socket.socket: ...  # noqa: N802

    def stopReading(self) -> None: ...  # noqa: N802

    def stopListening(self) -> Deferred[None] | None: ...  # noqa: N802


@define(eq=False)
class RtpEndpoint(DatagramProtocol):
    """Owns a call's port. What the reactor reads waits in `received`, the oldest giving way, for the next tick.

    `send_errors` counts packets that the kernel did not take, `overrun` datagrams that gave way.
    """

    noisy = False

    received: deque[tuple[bytes, Address]] = field(factory=lambda: deque(maxlen=_MAX_QUEUED), init=False)
    udp_socket: socket.socket = field(init=False)
    send_errors: int = field(default=0, init=False)
    overrun: int = field(default=0, init=False)
    _port: _UdpPort = field(init=False)

    def bind(self, reactor: IReactorUDP, port: int, interface: str) -> None:
        """Begin to listen.

        Raises:
            twisted.internet.error.CannotListenError: the port cannot be had.
        """
        listening = reactor.listenUDP(port, self, interface=interface, maxPacketSize=MAX_DATAGRAM_BYTES)
        self._port = cast("_UdpPort", listening)
        self.udp_socket = self._port.getHandle()

    def stop_reading(self) -> None:
        """Keep the reactor from reading the socket: somebody else does it."""
        self._port.stopReading()

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:  # noqa: N802
        """Keep a datagram that the reactor has read."""
        if len(self.received) == _MAX_QUEUED:
            self.overrun += 1
        self.received.append((datagram, addr))

    def send(self, packet: bytes, address: Address) -> None:
        """Send a packet past `Port.write`, which takes twice as long; what cannot be sent now is of no use later."""
        try:
            self.udp_socket.sendto(packet, address)
        except OSError:
            self.send_errors += 1

    def close(self) -> Deferred[None]:
        """Unbind; the Deferred fires once the port is free."""
        return Deferred.fromCoroutine(self._stop_listening())

    async def _stop_listening(self) -> None:
        stopped = self._port.stopListening()
        if stopped is not None:
            await stopped
