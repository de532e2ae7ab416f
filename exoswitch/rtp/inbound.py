"""Adapter: the two ways in which all calls' datagrams come to the plane.

* :class:`PolledSockets`, the quicker one: the tick reads the sockets itself, and the reactor leaves them alone. One
  epoll of our own says which have something, so that no call costs a system call in vain.
* :class:`QueuedDatagrams`: the reactor reads, each endpoint keeps what came, and the tick collects it. It needs
  nothing but a Twisted reactor.
"""

import select
from collections.abc import Iterator
from typing import Protocol

from attrs import define, field

from exoswitch.rtp.endpoint import MAX_DATAGRAM_BYTES, RtpEndpoint
from exoswitch.rtp.leg import Address
from exoswitch.rtp.plane import Inbound, MediaSession

_MAX_ROUNDS = 16  # datagrams that one call may have read in one tick; the rest waits in the kernel


class Reading(Inbound, Protocol):
    """A way in, to which calls are added as they come and go."""

    def add(self, endpoint: RtpEndpoint, line: MediaSession) -> None:
        """Read this endpoint's datagrams for this line from now on."""

    def remove(self, endpoint: RtpEndpoint) -> None:
        """Read this endpoint no more; to be called before it is closed."""

    def close(self) -> None:
        """Let go of what this way in itself has open."""


@define
class PolledSockets:
    """Reads all calls' sockets in the tick (Linux: it is built on epoll)."""

    _epoll: select.epoll = field(factory=lambda: select.epoll(), init=False)  # noqa: PLW0108 - late: Linux only
    _ends: dict[int, tuple[RtpEndpoint, MediaSession]] = field(factory=dict, init=False)

    def add(self, endpoint: RtpEndpoint, line: MediaSession) -> None:
        """Read this endpoint's datagrams for this line from now on."""
        endpoint.stop_reading()
        handle = endpoint.udp_socket.fileno()
        self._ends[handle] = (endpoint, line)
        self._epoll.register(handle, select.EPOLLIN)

    def remove(self, endpoint: RtpEndpoint) -> None:
        """Read this endpoint no more; to be called before it is closed."""
        handle = endpoint.udp_socket.fileno()
        if self._ends.pop(handle, None):
            self._epoll.unregister(handle)

    def receive(self) -> Iterator[tuple[MediaSession, bytes, Address]]:
        """Read a datagram from every socket that has one, and again, until none has any."""
        if not self._ends:
            return
        for _ in range(_MAX_ROUNDS):
            ready = self._epoll.poll(0, len(self._ends))
            if not ready:
                return
            for handle, _events in ready:
                endpoint, line = self._ends[handle]
                try:
                    data, address = endpoint.udp_socket.recvfrom(MAX_DATAGRAM_BYTES)
                except OSError:  # nothing there after all, or an ICMP error of something that we sent
                    continue
                yield line, data, address

    def close(self) -> None:
        """Close the epoll."""
        self._epoll.close()


@define
class QueuedDatagrams:
    """Collects what the reactor has read."""

    _ends: dict[RtpEndpoint, MediaSession] = field(factory=dict, init=False)

    def add(self, endpoint: RtpEndpoint, line: MediaSession) -> None:
        """Read this endpoint's datagrams for this line from now on."""
        self._ends[endpoint] = line

    def remove(self, endpoint: RtpEndpoint) -> None:
        """Read this endpoint no more; to be called before it is closed."""
        self._ends.pop(endpoint, None)

    def receive(self) -> Iterator[tuple[MediaSession, bytes, Address]]:
        """Collect what each endpoint has kept."""
        for endpoint, line in self._ends.items():
            received = endpoint.received
            while received:
                yield line, *received.popleft()

    def close(self) -> None:
        """Nothing of its own is open."""
