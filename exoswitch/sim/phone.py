"""Adapter: a simulated phone: its UDP port, and the network between it and the gateway."""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import DatagramProtocol

from exoswitch.sim.caller import Caller
from exoswitch.sim.network import Network
from exoswitch.sim.script import Moment

Address = tuple[str, int]


@define(eq=False, slots=False)
class _RtpProtocol(DatagramProtocol):
    """One port of a phone, while it is bridged to one gateway."""

    noisy = False

    _received: Callable[[bytes, Address], None]

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:
        self._received(datagram, addr)


@define(eq=False)
class Phone:
    """The path between a `caller` and a gateway. A new bridge to another gateway gets a new port.

    `foreign` counts the datagrams from other addresses than the gateway's.
    """

    _reactor: Any
    _interface: str
    caller: Caller
    to_gateway: Network
    from_gateway: Network
    remote: Address | None = field(init=False, default=None)
    foreign: int = field(init=False, default=0)
    _port: Any = field(init=False, default=None)
    _wake_up: IDelayedCall | None = field(init=False, default=None)

    def open(self, remote: Address) -> Address:
        """Bind a port for media from and to this gateway; give its address."""
        self.close()
        self.remote = remote
        self._port = self._reactor.listenUDP(0, _RtpProtocol(self._received), interface=self._interface)
        return self.local

    @property
    def local(self) -> Address:
        """Give the address of the bound port."""
        bound = self._port.getHost()
        return bound.host, bound.port

    def close(self) -> None:
        """Unbind the port. Packets in transit are lost."""
        if self._wake_up is not None and self._wake_up.active():
            self._wake_up.cancel()
        if self._port is not None:
            self._port.stopListening()
        self._port = None
        # Audio of this gateway must not arrive after the call has moved to another gateway.
        for network in (self.from_gateway, self.to_gateway):
            network.due(math.inf)

    def _received(self, datagram: bytes, addr: Address) -> None:
        """Send the gateway's datagram through the network."""
        if addr != self.remote:
            self.foreign += 1
            return
        now = self._reactor.seconds()
        self.from_gateway.send(datagram, now)
        self._carry(now)

    def tick(self) -> Moment:
        """Let 20 ms pass."""
        now = self._reactor.seconds()
        packet, moment = self.caller.tick(now)
        self.to_gateway.send(packet, now)
        self._carry(now)
        return moment

    def _carry(self, now: float) -> None:
        for data in self.from_gateway.due(now):
            self.caller.ear.datagram(data, now)
        for data in self.to_gateway.due(now):
            with suppress(OSError):  # the system's buffer is full: the packet is lost, as in a network
                self._port.write(data, self.remote)
        deadlines = (self.to_gateway.next_deadline(), self.from_gateway.next_deadline())
        due_at = min((due for due in deadlines if due is not None), default=None)
        if due_at is not None:
            self._wake_up_at(due_at, now)

    def _wake_up_at(self, due_at: float, now: float) -> None:
        """Carry again at this time, or before if that was to be done already."""
        if self._wake_up is not None and self._wake_up.active():
            if self._wake_up.getTime() <= due_at:
                return
            self._wake_up.cancel()
        self._wake_up = self._reactor.callLater(max(0.0, due_at - now), lambda: self._carry(self._reactor.seconds()))
