"""Adapter: the media plane of a node: its ports, its tick, and the legs of its calls."""

import random
import select
from collections.abc import Iterator
from functools import partial

from attrs import evolve
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorFDSet, IReactorTime, IReactorUDP
from twisted.logger import Logger
from zope.interface import implementer

from exoswitch.audio.frames import SAMPLE_RATE_HZ
from exoswitch.audio.g711 import LAWS_BY_NAME
from exoswitch.config.model import RtpConfig
from exoswitch.config.own_addresses import is_own
from exoswitch.errors import NO_ROOM, NoCapacity
from exoswitch.interfaces.media import IMediaListener, IMediaPlane
from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.rtp.bound_leg import BoundLeg
from exoswitch.rtp.endpoint import RtpEndpoint
from exoswitch.rtp.inbound import choose_inbound
from exoswitch.rtp.planes import choose_plane, choose_tick, make_plane, plane_in_use, thread_ticks
from exoswitch.rtp.ports import PortPool
from exoswitch.rtp.session import LegCounts, LegSettings, Session
from exoswitch.rtp.thread_ticker import ThreadTicker
from exoswitch.rtp.ticker import Lateness, Ticker
from exoswitch.rtp.totals import MediaTotals
from exoswitch.tasks.spawn import spawn

_MAX_BINDS = 32  # ports in a row that other programs use before a call is refused
_CAN_POLL = hasattr(select, "epoll")  # Linux
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - to be compared with


@implementer(IMediaPlane)
class RtpService(Service):
    """All calls' media on this node.

    With `polled` (the default for real sockets) the tick reads the sockets, otherwise the reactor; see
    :mod:`exoswitch.rtp.inbound`. The reactor's clock must be monotonic. `waiting_sound`, as PCM, is played to callers
    on hold. `kind` says which plane runs, and `tick` where it ticks.

    Raises:
        CannotStart: the configuration wants the compiled plane, or a thread for it, and this install has none.
    """

    name = "rtp"
    _log = Logger()

    def __init__(
        self,
        reactor: IReactorUDP,
        config: RtpConfig,
        rng: random.Random,
        metrics: IMetrics,
        *,
        polled: bool | None = None,
        waiting_sound: bytes = b"",
    ) -> None:
        self._reactor = reactor
        self._clock = IReactorTime(reactor)
        self._config = config
        self._rng = rng
        self._metrics = metrics
        law = LAWS_BY_NAME[config.codec]
        self._settings = LegSettings(
            source_host="",  # each call has its own
            law=law,
            jitter_max_ms=config.jitter_max_ms,
            playout_max_s=config.playout_max_s,
            silence_timeout_s=config.silence_timeout_s,
            waiting_sound=law.encode(waiting_sound),
        )
        self._ports = PortPool(config.ports, config.quarantine_s)
        if polled is None:
            polled = _CAN_POLL and IReactorFDSet.providedBy(reactor)
        self.kind = choose_plane(config.plane)
        self._inbound = choose_inbound(polled=polled, plane_reads=self.kind == "compiled")
        self._plane = make_plane(self.kind, self._inbound, self._session_failed)
        has_sockets = polled and IReactorFDSet.providedBy(reactor)
        self.tick = choose_tick(config.tick, self.kind, has_sockets=has_sockets)
        self._ticker = self._make_ticker()
        self._totals = MediaTotals()
        metrics.read_from(self._readings)
        self._bound: dict[Session, tuple[int, RtpEndpoint]] = {}
        self._unbinding: set[Deferred[None]] = set()

    def _make_ticker(self) -> Ticker | ThreadTicker:
        observe = partial(self._metrics.observe, "tick_lateness_seconds")
        if self.tick == "reactor":
            return Ticker(self._clock, self._plane.tick, observe)
        return ThreadTicker(IReactorFDSet(self._reactor), thread_ticks(self._plane), observe)

    # --- Asked by a call (IMediaPlane) -------------------------------------------------------------------------

    def open(self, source_host: str, listener: IMediaListener) -> BoundLeg:
        """Bind a port for a call with RTP from this host.

        Raises:
            NoCapacity: every port is taken, in quarantine, or used by another program; the kernel has no descriptor
                for the call, or watches no further socket; or the plane is not running.
        """
        if not self.running:
            raise NoCapacity("the media plane is not running")
        try:
            port, endpoint = self._bind()
        except OSError as problem:
            raise _no_room(problem) from problem
        try:
            session = self._add(endpoint, source_host, listener)
        except OSError as problem:
            self._unbind(port, endpoint)
            raise _no_room(problem) from problem
        self._bound[session] = (port, endpoint)
        return BoundLeg(self._config.advertise, port, session, listener, lambda: self._close(session))

    def _add(self, endpoint: RtpEndpoint, source_host: str, listener: IMediaListener) -> Session:
        """Add a call to the plane, and read its socket; an OSError leaves neither."""
        settings, handle = evolve(self._settings, source_host=source_host), self._inbound.handle(endpoint)
        session = self._plane.open(settings, self._rng, endpoint, listener, handle)
        try:
            self._inbound.add(endpoint, session)
        except OSError:
            self._plane.remove(session)
            raise
        return session

    def _bind(self) -> tuple[int, RtpEndpoint]:
        """Find a port that can be bound; a port of another program is tried again after its quarantine.

        Raises:
            NoCapacity: there is none.
            OSError: the process or the kernel has no room for a socket.
        """
        address = self._address()
        for _ in range(_MAX_BINDS):
            port = self._ports.take(self._clock.seconds())
            endpoint = RtpEndpoint()
            try:
                endpoint.bind(self._reactor, port, address)
            except CannotListenError as error:
                if error.socketError.errno in NO_ROOM:  # the next port would fail too
                    self._ports.give_back(port, self._clock.seconds())
                    raise error.socketError from error
                self._log.warn("RTP port {port} cannot be bound: {error}", port=port, error=str(error))
                self._metrics.add("rtp_port_failures_total")
                self._ports.give_back(port, self._clock.seconds())
            else:
                return port, endpoint
        raise NoCapacity(f"{_MAX_BINDS} RTP ports in a row cannot be bound on {address}: the log says why")

    def _address(self) -> str:
        """Choose the address of a socket: of all addresses, the one that Asterisk sends to, if it is this machine's.

        Once a socket on all addresses is connected, it has the address of the route, and hears no other.
        """
        config = self._config
        return config.advertise if config.bind == _EVERY_ADDRESS and is_own(config.advertise) else config.bind

    def _close(self, session: Session) -> None:
        """Remove a call, and free its port."""
        port, endpoint = self._bound.pop(session)
        self._plane.remove(session)
        self._inbound.remove(endpoint)
        counts = session.counts()
        self._totals.end(counts)
        self._observe(counts)
        self._unbind(port, endpoint)

    def _unbind(self, port: int, endpoint: RtpEndpoint) -> None:
        """Close a socket, and free its port then."""
        closed = endpoint.close()
        self._unbinding.add(closed)

        def rest(result: object) -> object:
            self._unbinding.discard(closed)
            self._ports.give_back(port, self._clock.seconds())
            return result

        closed.addBoth(rest)
        spawn(closed, self._log, "unbinding an RTP port", port=port)

    # --- The service --------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Begin to tick.

        Raises:
            CannotStart: the kernel gives this process no thread.
        """
        super().startService()
        self._log.info("media plane: {kind}", kind=plane_in_use(self.kind, self.tick))
        self._ticker.start()

    def stopService(self) -> Deferred[list[tuple[bool, None]]]:
        """Stop ticking, and unbind every port; the Deferred fires when all are free."""
        super().stopService()
        self._ticker.stop()
        for session in tuple(self._bound):
            self._close(session)
        self._inbound.close()
        return DeferredList([*self._unbinding])

    # --- Figures ----------------------------------------------------------------------------------------------

    @property
    def calls(self) -> int:
        """The number of calls with a port."""
        return len(self._bound)

    @property
    def skipped_ticks(self) -> int:
        """The number of ticks that were left out: the process was too slow, or hung."""
        return self._ticker.skipped

    def lateness(self) -> Lateness:
        """Give the lateness of the ticks of the last minute: the best single sign of overload."""
        return self._ticker.lateness()

    def _session_failed(self, session: Session) -> None:
        """Log only the first failure of a call: there can be fifty a second."""
        self._metrics.add("rtp_failures_total")
        if session.failures == 1 and session in self._bound:
            self._log.failure("the media of the call on port {port} failed", port=self._bound[session][0])

    def _observe(self, counts: LegCounts) -> None:
        """Measure the audio of a call that is over."""
        if counts.received:
            self._metrics.observe("rtp_loss_ratio", counts.lost / (counts.received + counts.lost))
            self._metrics.observe("rtp_jitter_seconds", counts.jitter_ms / 1000)
        if counts.longest_samples:
            self._metrics.observe("playout_queue_seconds", counts.longest_samples / SAMPLE_RATE_HZ)

    def _readings(self) -> Iterator[Reading]:
        yield from self._totals.readings([session.counts() for session in self._bound])
        yield Reading("ticks_skipped_total", self._ticker.skipped)
        yield Reading("rtp_ports_in_use", len(self._bound))
        yield Reading("rtp_ports_size", len(self._config.ports))


def _no_room(problem: OSError) -> NoCapacity:
    return NoCapacity(f"the media plane can take no further call: {problem.strerror}")
