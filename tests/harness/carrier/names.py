"""A name server that remembers each question: what a private network must not ask outside."""

import asyncio
import struct
from ipaddress import IPv4Address
from typing import cast

from attrs import define, field

PORT = 53
KNOWN, UNKNOWN = 0x8180, 0x8183
A = 1
TTL_S = 60
_END_OF_NAME = 4  # type and class


@define(eq=False)
class Names(asyncio.DatagramProtocol):
    """Knows the IPv4 addresses of its `hosts`, and answers NXDOMAIN for every other name."""

    hosts: dict[str, str] = field(factory=dict)
    asked: list[str] = field(factory=list, init=False)
    _transport: asyncio.DatagramTransport = field(init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Remember the name that is asked for, and answer."""
        name, kind, end = question(data)
        self.asked.append(name)
        host = self.hosts.get(name)
        record = b""
        if host and kind == A:
            record = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, TTL_S, 4) + IPv4Address(host).packed
        head = struct.pack("!HHHHH", KNOWN if host else UNKNOWN, 1, bool(record), 0, 0)
        self._transport.sendto(data[:2] + head + data[12:end] + record, address)

    def close(self) -> None:
        """Close the socket."""
        self._transport.close()


def question(query: bytes) -> tuple[str, int, int]:
    """Give the name in the question of a query, the kind of record, and the end of the question (RFC 1035 §4.1.2)."""
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode(errors="replace").lower())
        at += 1 + length
    (kind,) = struct.unpack("!H", query[at + 1 : at + 3])
    return ".".join(labels), kind, at + 1 + _END_OF_NAME


async def listen_names(host: str) -> Names:
    """Listen on port 53 of an address."""
    loop = asyncio.get_running_loop()
    _, names = await loop.create_datagram_endpoint(Names, local_addr=(host, PORT))
    return names
