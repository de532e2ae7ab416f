"""Port: warnings about addresses that should be this machine's and are not."""

import socket
from collections.abc import Callable, Iterator

from exoswitch.config.model import Config
from exoswitch.errors import Problem


def is_own(address: str) -> bool:
    """Tell whether a socket can be bound to this IPv4 address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def strange(config: Config, is_own: Callable[[str], bool] = is_own) -> Iterator[Problem]:
    """Warn about the addresses of RTP."""
    rtp = config.rtp
    if not is_own(rtp.bind):
        yield Problem("rtp.bind", f"is {rtp.bind}, no address of this machine: no call gets a port; write 0.0.0.0")
    if not is_own(rtp.advertise):
        yield Problem(
            "rtp.advertise",
            f"is {rtp.advertise}, no address of this machine: calls are silent unless a router forwards from there",
        )
