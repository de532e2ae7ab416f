"""Resolvers that attack their gateway: each function answers one request until `until`, by the monotonic clock."""

from collections.abc import Callable
from functools import partial
from socket import socket

from bots import repeat

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def endless(head: bytes, data: bytes, connection: socket, until: float) -> None:
    """Send a head, and then the same data again and again."""
    connection.sendall(head)
    repeat(data, connection, until)


RESOLVERS: dict[str, tuple[int, Callable[[socket, float], None]]] = {
    "resolver: headers of 1 kB": (3, partial(endless, OK, (b"X-A: " + b"a" * 1000 + b"\r\n") * 200)),
    "resolver: headers of 3 bytes": (3, partial(endless, OK, b"x:\n" * 60_000)),
    "resolver: interim answers": (3, partial(endless, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 8000)),
    "resolver: chunks of one byte": (3, partial(endless, CHUNKED, b"1\r\n \r\n" * 30_000)),
}
"""By name: the number of calls, and how the resolver of each answers."""
