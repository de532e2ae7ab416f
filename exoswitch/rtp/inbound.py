"""Adapter: the two ways to read the datagrams of all calls.

* :class:`PolledSockets` is faster: the tick reads the sockets, and the reactor does not. One epoll tells which
  sockets have data, so no read is in vain.
* :class:`QueuedDatagrams`: the reactor reads, each endpoint keeps its datagrams, and the tick collects them. It works
  on every Twisted reactor.
"""

import select
from collections.abc import Iterator

from attrs import define, field

from exoswitch.rtp.endpoint import MAX_DATAGRAM_BYTES, RtpEndpoint
from exoswitch.rtp.leg import Address
from exoswitch.rtp.plane import MediaSession

_AT_ONCE = 64  # datagrams read from one socket before the others have their turn again
_MAX_SURPLUS = 2048  # of all calls in one tick, beyond one a call: about 5 ms of work; the rest waits in the kernel


@define
class PolledSockets:
    """Reads all calls' sockets in the tick (Linux: it is built on epoll)."""

    _epoll: select.epoll = field(factory=lambda: select.epoll(), init=False)  # noqa: PLW0108 - late: Linux only
    _ends: dict[int, tuple[RtpEndpoint, MediaSession]] = field(factory=dict, init=False)

    def add(self, endpoint: RtpEndpoint, session: MediaSession) -> None:
        """Read this endpoint's datagrams for this session from now on."""
        endpoint.stop_reading()
        handle = endpoint.udp_socket.fileno()
        self._ends[handle] = (endpoint, session)
        self._epoll.register(handle, select.EPOLLIN)

    def remove(self, endpoint: RtpEndpoint) -> None:
        """Stop reading this endpoint; call this before it is closed."""
        handle = endpoint.udp_socket.fileno()
        if self._ends.pop(handle, None):
            self._epoll.unregister(handle)

    def receive(self) -> Iterator[tuple[MediaSession, bytes, Address]]:
        """Read one datagram from every socket that has one; then more from sockets that still have some."""
        if not self._ends:
            return
        at_once, surplus = 1, _MAX_SURPLUS
        while ready := self._epoll.poll(0, len(self._ends)):
            for handle, _events in ready:
                endpoint, session = self._ends[handle]
                receive = endpoint.udp_socket.recvfrom
                try:
                    for _ in range(at_once):
                        data, address = receive(MAX_DATAGRAM_BYTES)
                        yield session, data, address
                except OSError:  # no more data, or an ICMP error of an earlier packet of ours
                    continue
            if surplus <= 0:
                return
            at_once = max(1, min(_AT_ONCE, surplus // len(ready)))
            surplus -= at_once * len(ready)

    def close(self) -> None:
        """Close the epoll."""
        self._epoll.close()


@define
class QueuedDatagrams:
    """Collects the datagrams that the reactor has read."""

    _ends: dict[RtpEndpoint, MediaSession] = field(factory=dict, init=False)

    def add(self, endpoint: RtpEndpoint, session: MediaSession) -> None:
        """Read this endpoint's datagrams for this session from now on."""
        self._ends[endpoint] = session
        endpoint.accepts = session.leg.accepts

    def remove(self, endpoint: RtpEndpoint) -> None:
        """Stop reading this endpoint; call this before it is closed."""
        self._ends.pop(endpoint, None)

    def receive(self) -> Iterator[tuple[MediaSession, bytes, Address]]:
        """Collect the datagrams of each endpoint."""
        for endpoint, session in self._ends.items():
            received = endpoint.received
            while received:
                yield session, *received.popleft()

    def close(self) -> None:
        """It has no resources of its own."""
