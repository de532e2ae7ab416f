"""Adapter: how late the reactor is: a busy one delays calls, requests and bots, but no tick of a thread."""

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exoswitch.interfaces.metrics import IMetrics

EVERY_S = 0.1


@define(eq=False)
class ReactorWatch(Service):
    """Observes ten times a second how late the reactor runs a call that is due."""

    _clock: IReactorTime
    _metrics: IMetrics
    _due_at: float = field(default=0.0, init=False)
    _next: IDelayedCall | None = field(default=None, init=False)

    def startService(self) -> None:
        """Begin."""
        super().startService()
        self._wait()

    def stopService(self) -> None:
        """End."""
        super().stopService()
        if self._next is not None:
            self._next.cancel()
        self._next = None

    def _wait(self) -> None:
        self._due_at = self._clock.seconds() + EVERY_S
        self._next = self._clock.callLater(EVERY_S, self._look)

    def _look(self) -> None:
        self._metrics.observe("reactor_lateness_seconds", max(0.0, self._clock.seconds() - self._due_at))
        self._wait()
