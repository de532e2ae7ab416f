"""Adapter: services that are started in their order, and stopped in the reverse order, one after the other."""

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.spawn import spawn
from exoswitch.tasks.within import within

STOP_S = 15.0
"""How long one service may take to stop, unless it is added with a limit of its own."""


class OrderedServices(MultiService):
    """One tree of services: each is stopped whatever became of the one before, and errors are logged.

    Twisted's own MultiService stops all its children at once.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()
        self._clock = clock
        self._parts: list[tuple[str, IService, float]] = []

    def add(self, name: str, service: IService, stop_s: float = STOP_S) -> None:
        """Add a service after all others; `name` is for the log. It stops before them, within `stop_s`."""
        service.setServiceParent(self)
        self._parts.append((name, service, stop_s))

    def privilegedStartService(self) -> None:
        """Start nothing yet: twistd calls this first, and a server would listen before the others have started."""

    def startService(self) -> None:
        """Start every service, the first one first; what goes wrong later in its start is logged."""
        self.running = True
        for name, service, _ in self._parts:
            started = service.startService()
            if isinstance(started, Deferred):
                spawn(started, self._log, f"starting {name}")

    @deferred
    async def stopService(self) -> None:
        """Stop every service, the last one first."""
        self.running = False
        for name, service, stop_s in reversed(self._parts):
            try:
                await within(stop_s, self._clock, maybeDeferred(service.stopService), name)
            except Exception:  # noqa: BLE001 - the services after this one must be stopped too
                self._log.failure("{name} did not stop; the other parts are stopped", name=name)
