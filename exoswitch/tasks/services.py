"""Adapter: services that are started in their order, and stopped in the reverse order, one after the other."""

from attrs import define
from twisted.application.service import IService, MultiService
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.within import within

STOP_S = 15.0
"""How long one service may take to stop, unless it is added with a limit of its own."""


@define(eq=False)
class _Limit:
    service: IService
    stop_s: float


class OrderedServices(MultiService):
    """One tree of services: each is stopped whatever became of the one before, and errors are logged.

    Twisted's own MultiService stops all its children at once.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._clock = clock
        self._limits: list[_Limit] = []

    def add(self, name: str, service: IService, stop_s: float = STOP_S) -> None:
        """Add a service after all others; it is stopped before them, within `stop_s` seconds."""
        service.setName(name)  # type: ignore[no-untyped-call]
        service.setServiceParent(self)  # type: ignore[no-untyped-call]
        self._limits.append(_Limit(service, stop_s))

    @deferred
    async def stopService(self) -> None:  # noqa: N802 - Twisted's name
        """Stop every service, the last one first."""
        self.running = False
        for limit in reversed(self._limits):
            await self._stop(limit)

    async def _stop(self, limit: _Limit) -> None:
        name = limit.service.name
        try:
            await within(limit.stop_s, self._clock, maybeDeferred(limit.service.stopService), name)
        except Exception:  # noqa: BLE001 - the services after this one must be stopped all the same
            self._log.failure("{name} did not stop; the other parts are stopped", name=name)
