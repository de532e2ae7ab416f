"""Adapter: a service that starts once this gateway may use its name in the fleet.

What it does under the name would disturb another process that has the name.
"""

from attrs import define, field
from twisted.application.service import IService, Service
from twisted.internet.defer import CancelledError, Deferred

from exoswitch.fleet.interfaces import INodeAllocator
from exoswitch.tasks.deferred import deferred


@define(eq=False)
class OnceNamed(Service):
    """Starts and stops another service; it does not start that one if it is stopped before."""

    _nodes: INodeAllocator
    _service: IService
    _waiting: Deferred[None] | None = field(default=None, init=False)
    _has_started: bool = field(default=False, init=False)

    @deferred
    async def startService(self) -> None:
        """Wait for the name, and start the service."""
        self._waiting = self._nodes.await_name()
        try:
            await self._waiting
        except CancelledError:
            return
        self._has_started = True
        self._service.startService()

    @deferred
    async def stopService(self) -> None:
        """Stop the service, or wait for the name no longer."""
        if not self._has_started:
            if self._waiting is not None:
                self._waiting.cancel()
            return
        stopped = self._service.stopService()
        if isinstance(stopped, Deferred):
            await stopped
