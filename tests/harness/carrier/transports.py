"""The transports of a carrier (RFC 3261 §18): UDP, TCP and TLS on asyncio, as whole messages in and out."""

import asyncio
import os
import ssl
from collections.abc import Callable
from typing import Protocol, cast

from attrs import define, field, frozen

from tests.harness.carrier.message import MalformedMessageError, Message

KEEP_ALIVE = b"\r\n"

Address = tuple[str, int]


class Link(Protocol):
    """Where a message came from, and where its answer goes; `name` is ``udp``, ``tcp`` or ``tls``."""

    name: str
    peer: Address

    def send(self, data: bytes) -> None:
        """Send one message."""


Receive = Callable[[Message, Link], None]


@frozen
class UdpLink:
    """The way back to one address."""

    _transport: asyncio.DatagramTransport
    peer: Address
    name: str = "udp"

    def send(self, data: bytes) -> None:
        """Send one datagram."""
        self._transport.sendto(data, self.peer)


@define(eq=False)
class Udp(asyncio.DatagramProtocol):
    """A UDP socket of the carrier."""

    receive: Receive
    transport: asyncio.DatagramTransport = field(init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: Address) -> None:
        """Read a message; a keep-alive or garbage is ignored."""
        try:
            message = Message.parse(data)
        except MalformedMessageError:
            return
        self.receive(message, UdpLink(self.transport, address))

    def link(self, peer: Address) -> UdpLink:
        """Give the way to an address."""
        return UdpLink(self.transport, peer)

    def close(self) -> None:
        """Close the socket."""
        self.transport.close()


@define(eq=False)
class StreamLink(asyncio.Protocol):
    """One accepted TCP or TLS connection; messages are told apart by their Content-Length (§18.3)."""

    receive: Receive
    name: str
    opened: set["StreamLink"]
    peer: Address = field(default=("", 0), init=False)
    _transport: asyncio.Transport = field(init=False)
    _buffer: bytes = field(default=b"", init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self.peer = transport.get_extra_info("peername")
        self.opened.add(self)

    def connection_lost(self, reason: Exception | None) -> None:
        """Forget it."""
        del reason
        self.opened.discard(self)

    def data_received(self, data: bytes) -> None:
        """Read every whole message."""
        self._buffer += data
        while message := self._next():
            self.receive(message, self)

    def _next(self) -> Message | None:
        self._buffer = self._buffer.lstrip(KEEP_ALIVE)
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        message = Message.parse(head)
        length = int(message.get("Content-Length") or 0)
        if len(rest) < length:
            return None
        message.body, self._buffer = rest[:length], rest[length:]
        return message

    def send(self, data: bytes) -> None:
        """Send one message."""
        self._transport.write(data)

    def close(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    @property
    def inode(self) -> str:
        """The socket, as /proc/self/fd names it."""
        return socket_name(self._transport)


def socket_name(transport: asyncio.BaseTransport) -> str:
    """Give the name of a transport's socket in /proc/self/fd."""
    return f"socket:[{os.fstat(transport.get_extra_info('socket').fileno()).st_ino}]"


async def listen_udp(address: Address, receive: Receive) -> Udp:
    """Open a UDP socket."""
    _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Udp(receive), local_addr=address)
    return protocol


async def listen_stream(
    address: Address, receive: Receive, opened: set[StreamLink], context: ssl.SSLContext | None = None
) -> asyncio.Server:
    """Listen on TCP, or on TLS with this context."""
    name = "tcp" if context is None else "tls"
    return await asyncio.get_running_loop().create_server(
        lambda: StreamLink(receive, name, opened), *address, ssl=context
    )
