"""Adapter: the ways to read the datagrams of all calls.

* :class:`SocketsOfPlane` is the fastest: a compiled plane reads the sockets itself.
* :class:`PolledSockets` reads them in the tick, and the reactor does not. One epoll tells which sockets have data, so
  no read is in vain.
* :class:`QueuedDatagrams`: the reactor reads, each endpoint keeps its datagrams, and the tick collects them. It works
  on every Twisted reactor.
"""

import select
from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from attrs import define, field

from exoswitch.rtp.endpoint import MAX_DATAGRAM_BYTES, RtpEndpoint
from exoswitch.rtp.session import Address, Inbound, Session

_AT_ONCE = 64  # datagrams read from one socket before the others have their turn again
_SHARE = 512  # of one call in one tick, beyond the first: 25,000 a second; the kernel keeps the rest, or drops it
_MAX_SURPLUS = 2048  # of all calls in one tick, beyond one a call: about 5 ms of work; the rest waits in the kernel


class Endpoints(Inbound, Protocol):
    """A way to read the endpoints of all calls."""

    def handle(self, endpoint: RtpEndpoint) -> int | None:
        """Give the descriptor of the endpoint's socket if the plane is to use it itself."""

    def add(self, endpoint: RtpEndpoint, session: Session) -> None:
        """Read this endpoint's datagrams for this session from now on; an OSError says that the kernel refuses it."""

    def remove(self, endpoint: RtpEndpoint) -> None:
        """Stop reading this endpoint; call this before it is closed."""

    def close(self) -> None:
        """Give back what it uses itself."""


def choose_inbound(*, polled: bool, plane_reads: bool) -> Endpoints:
    """Choose the way for sockets that the tick is to read, or the reactor; and for a plane that can read them."""
    if not polled:
        return QueuedDatagrams()
    return SocketsOfPlane() if plane_reads else PolledSockets()


@define
class SocketsOfPlane:
    """Leaves the sockets to the plane."""

    def handle(self, endpoint: RtpEndpoint) -> int | None:
        """Give the descriptor of the endpoint's socket."""
        return endpoint.udp_socket.fileno()

    def add(self, endpoint: RtpEndpoint, _session: Session) -> None:
        """Keep the reactor from reading the socket."""
        endpoint.stop_reading()

    def remove(self, endpoint: RtpEndpoint) -> None:
        """Do nothing: the plane has let it go."""

    def receive(self) -> Iterator[tuple[Session, bytes, Address]]:
        """Give nothing."""
        return iter(())

    def close(self) -> None:
        """It has no resources of its own."""


@define
class PolledSockets:
    """Reads all calls' sockets in the tick (Linux: it is built on epoll)."""

    _epoll: select.epoll = field(factory=lambda: select.epoll(), init=False)  # noqa: PLW0108 - late: Linux only
    _ends: dict[int, tuple[RtpEndpoint, Session]] = field(factory=dict, init=False)

    def handle(self, _endpoint: RtpEndpoint) -> int | None:
        """Give none: this reads all sockets itself."""
        return None

    def add(self, endpoint: RtpEndpoint, session: Session) -> None:
        """Read this endpoint's datagrams for this session from now on."""
        endpoint.stop_reading()
        handle = endpoint.udp_socket.fileno()
        self._epoll.register(handle, select.EPOLLIN)
        self._ends[handle] = (endpoint, session)

    def remove(self, endpoint: RtpEndpoint) -> None:
        """Stop reading this endpoint; call this before it is closed."""
        handle = endpoint.udp_socket.fileno()
        if self._ends.pop(handle, None):
            self._epoll.unregister(handle)

    def receive(self) -> Iterator[tuple[Session, bytes, Address]]:
        """Read one datagram from every socket that has one; then more from sockets that still have some."""
        if not self._ends:
            return
        taken: Counter[int] = Counter()
        yield from self._read(self._ready(taken), 1)
        surplus = _MAX_SURPLUS
        while surplus > 0 and (ready := self._ready(taken)):
            at_once = max(1, min(_AT_ONCE, surplus // len(ready)))
            surplus -= at_once * len(ready)
            for handle in ready:
                taken[handle] += at_once
            yield from self._read(ready, at_once)
        self._count_floods([handle for handle, number in taken.items() if number >= _SHARE])

    def _ready(self, taken: Counter[int]) -> list[int]:
        """Find the sockets that have data, but for those that have had their share."""
        return [handle for handle, _ in self._epoll.poll(0, len(self._ends)) if taken.get(handle, 0) < _SHARE]

    def _count_floods(self, handles: list[int]) -> None:
        """Count those of these sockets that have more data."""
        ready = {handle for handle, _ in self._epoll.poll(0, len(self._ends))} if handles else set()
        for handle in ready.intersection(handles):
            self._ends[handle][1].flooded += 1

    def _read(self, handles: list[int], at_once: int) -> Iterator[tuple[Session, bytes, Address]]:
        """Read at most so many datagrams from each of these sockets."""
        for handle in handles:
            endpoint, session = self._ends[handle]
            receive = endpoint.udp_socket.recvfrom
            try:
                for _ in range(at_once):
                    data, address = receive(MAX_DATAGRAM_BYTES)
                    yield session, data, address
            except OSError:  # no more data, or an ICMP error of an earlier packet of ours
                continue

    def close(self) -> None:
        """Close the epoll."""
        self._epoll.close()


def _nobody(_address: Address) -> bool:
    return False


@define
class QueuedDatagrams:
    """Collects the datagrams that the reactor has read."""

    _ends: dict[RtpEndpoint, Session] = field(factory=dict, init=False)

    def handle(self, _endpoint: RtpEndpoint) -> int | None:
        """Give none: the reactor reads all sockets."""
        return None

    def add(self, endpoint: RtpEndpoint, session: Session) -> None:
        """Read this endpoint's datagrams for this session from now on."""
        self._ends[endpoint] = session
        endpoint.accepts = session.accepts

    def remove(self, endpoint: RtpEndpoint) -> None:
        """Stop reading this endpoint; call this before it is closed."""
        self._ends.pop(endpoint, None)
        endpoint.accepts = _nobody

    def receive(self) -> Iterator[tuple[Session, bytes, Address]]:
        """Collect the datagrams of each endpoint."""
        for endpoint, session in self._ends.items():
            if endpoint.overrun:
                session.flooded += 1
                endpoint.overrun = 0
            received = endpoint.received
            while received:
                yield session, *received.popleft()

    def close(self) -> None:
        """It has no resources of its own."""
