"""Free ports for the servers of a test run. Runs at the same time get different ports."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

from attrs import define, field

BLOCK = 2_500
FOR_SERVERS = 700  # of a block
FEW = 2  # ports of one server, at most
# Below and above the range from which the kernel takes ports for clients.
BLOCKS = (*range(12_000, 32_000, BLOCK), 61_000)


def free_ports(number: int = 1) -> range:
    """Find so many ports in a row, the first one even, that are free for UDP and for TCP on every address.

    Ports that were given before come last, because their user may not have bound them yet. A long row is for audio:
    its user binds some of it at any time, and goes on to the next port if one is taken. No server gets a port of it.

    Raises:
        OSError: there are none.
    """
    part = _block().single if number <= FEW else _block().rows
    for _ in range(BLOCK):
        if part.next_port + number > part.ports.stop:
            part.next_port = part.ports.start
        ports = range(part.next_port, part.next_port + number)
        taken = next((port for port in reversed(ports) if not _is_free(port)), None)
        part.next_port = (ports.stop if taken is None else taken + 1) + 1 & ~1
        if taken is None:
            return ports
    raise OSError(f"no {number} free ports in a row")


def free_port() -> int:
    """Find one free port."""
    return free_ports()[0]


def own_network() -> str:
    """Give the first three numbers of loopback addresses that no other process has at this time."""
    return f"127.0.{40 + BLOCKS.index(_block().first)}"


@contextmanager
def held_port() -> Iterator[int]:
    """Keep one port for a TCP server that starts and stops while others ask for free ports.

    Linux lets a server with SO_REUSEADDR bind to it, because the socket that holds it does not listen.
    """
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("", port))
        yield port


def lock() -> set[str]:
    """Give the lock of this process's ports, as /proc/self/fd names it; nothing if it was not needed yet."""
    if not _block.cache_info().currsize:
        return set()
    return {f"socket:[{os.fstat(_block().lock).st_ino}]"}


@define
class _Part:
    """Some ports of a block, and the one that is looked at next."""

    ports: range
    next_port: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.next_port = self.ports.start


class _Block:
    """The ports of this process. A lock that ends with the process keeps them from other processes.

    The lock is an abstract socket: like a port it exists once in each network namespace.
    """

    def __init__(self) -> None:
        lock = socket.socket(socket.AF_UNIX)
        for first in BLOCKS:
            try:
                lock.bind(f"\0exoswitch-tests-ports-{first}")
            except OSError:
                continue
            self.first, servers = first, first + BLOCK - FOR_SERVERS
            self.rows, self.single = _Part(range(first, servers)), _Part(range(servers, first + BLOCK))
            self.lock = lock.detach()
            return
        lock.close()
        raise OSError("too many test runs at the same time: every block of ports is taken")


@cache
def _block() -> _Block:
    return _Block()


def _is_free(port: int) -> bool:
    with ExitStack() as stack:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            candidate = stack.enter_context(socket.socket(socket.AF_INET, kind))
            try:
                candidate.bind(("", port))
            except OSError:
                return False
    return True
