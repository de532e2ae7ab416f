"""Environment that are free at this moment."""

import random
import socket
from contextlib import ExitStack

# Below the range that the kernel itself takes ports from, so that nobody gets ours before we use it.
LOWEST, HIGHEST = 12_000, 32_000
TRIES = 200


def free_ports(count: int = 1) -> range:
    """Find so many ports in a row, the first one even, that are free for UDP and for TCP on every address.

    Raises:
        OSError: there are none.
    """
    for _ in range(TRIES):
        first = random.randrange(LOWEST, HIGHEST - count, 2)
        ports = range(first, first + count)
        if all(_is_free(port) for port in ports):
            return ports
    raise OSError(f"no {count} free ports in a row")


def free_port() -> int:
    """Find one free port."""
    return free_ports()[0]


def _is_free(port: int) -> bool:
    with ExitStack() as stack:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            candidate = stack.enter_context(socket.socket(socket.AF_INET, kind))
            try:
                candidate.bind(("", port))
            except OSError:
                return False
    return True
