"""Root: exoswitch's media plane and streams as the subject of a benchmark: `python -m exoswitch.bench.gateway`."""

import random
import socket
from collections.abc import Sequence
from math import ceil
from typing import Any, cast

from attrs import define, field
from twisted.internet.defer import Deferred
from zope.interface import implementer

from exoswitch.bench.job import SHORT, SHORT_S, STEADY, Ends, Job
from exoswitch.bench.subject import HOST, serve, stream_start
from exoswitch.call.effects import StopReason
from exoswitch.call.media import MediaStatistics
from exoswitch.config.model import RtpConfig
from exoswitch.errors import ExoswitchError
from exoswitch.exotel.stream.connection import ExotelBots
from exoswitch.interfaces.bots import IBotConnection, IStreamListener
from exoswitch.interfaces.media import IMediaLeg, IMediaListener
from exoswitch.network.native_tls import bot_tls
from exoswitch.rtp.service import RtpService
from exoswitch.sim.latency import quantile
from exoswitch.telemetry.memory import MemoryMetrics

_PORTS = range(10_000, 32_000)  # below those that Linux gives to the phones
_QUARANTINES_S = 10.0  # twice the time in which a port is not used again
_APART = 500
_PROBES = 32  # as many as RtpService tries for one call
_LATENESS = "tick_lateness_seconds"
_COUNTS = ("received", "lost", "late", "concealed", "skipped", "sent", "underruns")


@implementer(IMediaListener, IStreamListener)
@define(eq=False)
class GatewayCall:
    """One call: its stream starts when the bot has accepted."""

    opened: Deferred[None] = field(factory=Deferred)
    is_set_up: bool = field(default=False, init=False)
    leg: IMediaLeg = field(init=False)
    connection: IBotConnection = field(init=False)

    def stream_opened(self) -> None:
        """Start the stream."""
        self.is_set_up = True
        self.connection.start()
        self.opened.callback(None)

    def stream_failed(self, error: str) -> None:
        """Report why the bot cannot be reached, or refused."""
        self.opened.errback(ExoswitchError(error))

    def stream_closed(self, code: int | None, reason: str) -> None:
        """Do nothing: the load closes no stream."""

    def media_lost(self, silent_s: float) -> None:
        """Do nothing: the load counts what is lost."""

    def playout_began(self) -> None:
        """Do nothing."""

    def playout_overflowed(self, dropped_ms: int) -> None:
        """Do nothing: it counts as lost."""

    def playout_finished(self) -> None:
        """Do nothing."""

    def end(self) -> None:
        """End the call as a caller does who hangs up."""
        self.connection.close(StopReason.CALL_ENDED)
        self.leg.close()


def free_ports(count: int) -> range:
    """Find ports for so many calls that no other program on this machine uses, such as another benchmark."""
    for first in range(_PORTS.start, _PORTS.stop - count, _APART):
        ports = range(first, first + count)
        if all(map(_is_free, ports[:: max(1, count // _PROBES)])):
            return ports
    return _PORTS


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class Gateway:
    """The media of a gateway, without Asterisk, sessions and REST."""

    def __init__(self, reactor: Any, job: Job, short: Sequence[Ends]) -> None:
        self._reactor, self._job = reactor, job
        self._metrics = MemoryMetrics()
        ports = job.calls + len(short) + ceil(job.set_ups * _QUARANTINES_S) + _PROBES
        plane, tick = cast("Any", job.plane), cast("Any", job.tick)
        config = RtpConfig(bind=HOST, ports=free_ports(ports), plane=plane, tick=tick)
        self._rtp = RtpService(reactor, config, random.Random(1), self._metrics)
        self._rtp.startService()
        tls = bot_tls(is_native=self._rtp.kind == "compiled")
        self._bots = ExotelBots(reactor, metrics=self._metrics, tls_options=tls)
        self._calls: list[GatewayCall] = []
        self._before: dict[str, int] = {}
        self._free = list(short)
        self._set_ups = 0
        self._failed_set_ups = 0

    def open(self, ends: Ends) -> Deferred[None]:
        """Open a call that lasts."""
        call = self._begin(ends, STEADY)
        self._calls.append(call)
        return call.opened

    def _begin(self, ends: Ends, path: str) -> GatewayCall:
        call = GatewayCall()
        call.leg = self._rtp.open(HOST, call)
        call.leg.direct(HOST, ends.phone)
        scheme = "wss" if self._job.certificate else "ws"
        start = stream_start(f"{scheme}://{HOST}:{ends.bot}{path}", self._job)
        call.connection = self._bots.connect(start, call.leg, call)
        return call

    def begin(self) -> None:
        """Begin to count, and to set up short calls."""
        self._before = self._counts()
        self._metrics.observed.clear()
        if self._job.set_ups and not self._set_ups:
            self._set_up()

    def _set_up(self) -> None:
        self._reactor.callLater(1 / self._job.set_ups, self._set_up)
        if not self._free:
            self._failed_set_ups += 1
            return
        ends = self._free.pop(0)
        self._set_ups += 1
        call = self._begin(ends, SHORT)
        call.opened.addErrback(lambda _: None)
        self._reactor.callLater(SHORT_S, self._end, call, ends)

    def _end(self, call: GatewayCall, ends: Ends) -> None:
        self._failed_set_ups += not call.is_set_up
        call.end()
        self._free.append(ends)

    def _counts(self) -> dict[str, int]:
        statistics: list[MediaStatistics] = [call.leg.statistics() for call in self._calls]
        return {name: sum(getattr(one, name) for one in statistics) for name in _COUNTS}

    def figures(self) -> dict[str, Any]:
        """Give the counts of the media plane, and the lateness of its ticks, in ms."""
        late = sorted(self._metrics.observed.get(_LATENESS, ()))
        return {
            "plane": self._rtp.kind,
            "tick": self._rtp.tick,
            "counts": {name: now - self._before[name] for name, now in self._counts().items()},
            "late_p50_ms": 1000 * quantile(late, 0.5),
            "late_p99_ms": 1000 * quantile(late, 0.99),
            "late_max_ms": 1000 * quantile(late, 1.0),
            "skipped_ticks": self._rtp.skipped_ticks,
            "failed_set_ups": self._failed_set_ups,
        }


def main() -> None:
    """Serve one benchmark."""
    from twisted.internet import reactor  # noqa: PLC0415 - a root's

    serve(reactor, Gateway)


if __name__ == "__main__":
    main()
