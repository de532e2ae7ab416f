"""Adapter: fencing after a process pause: this gateway asks whose its calls are before it acts on what it hears.

A process that was paused, or whose machine was, goes on as if no time had passed: old events wait to be read. Events
are kept back until the fleet has answered. Calls that other gateways have taken over are let go.
"""

from collections.abc import Callable
from contextlib import suppress

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.call.events import SwitchEvent
from exoswitch.errors import BackendUnavailable
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.interfaces.switch import ISwitch
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.spawn import spawn

LOOK_EVERY_S = 0.1
PAUSED_S = 0.4  # less than the time after which the others believe this gateway dead
_KEPT_MAX = 100_000  # events of some thousand calls; later ones are acted on


@define(eq=False)
class Fencing(Service):
    """Notices that this process was paused, and keeps events back from `deliver` until the fleet has answered."""

    _environment: Environment
    _calls: LiveCalls
    _deliver: Callable[[ISwitch, SwitchEvent], None]
    _kept: list[tuple[ISwitch, SwitchEvent]] = field(factory=list, init=False)
    _is_asking: bool = field(default=False, init=False)
    _looked_at: float = field(default=0.0, init=False)
    _loop: LoopingCall | None = field(default=None, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.fencing"), init=False)

    def startService(self) -> None:
        """Watch the clock from now on."""
        self._looked_at = self._environment.clock.seconds()
        self._loop = repeat(self._watch, LOOK_EVERY_S, self._environment.clock, self._log)

    def stopService(self) -> None:
        """Watch no longer."""
        if self._loop is not None and self._loop.running:
            self._loop.stop()

    def switch_event(self, switch: ISwitch, event: SwitchEvent) -> None:
        """Deliver an event now, or after the events that are kept back."""
        if self._loop is not None:
            self._look()  # A reactor that wakes up reads its sockets before it serves its timers.
        if self._is_asking and len(self._kept) < _KEPT_MAX:
            self._kept.append((switch, event))
        else:
            self._deliver(switch, event)

    def is_asking(self) -> bool:
        """Whether the fleet is being asked whose our calls are; nothing may be dialled until it has answered."""
        if self._loop is not None:
            self._look()  # A call's timer may be served before ours.
        return self._is_asking

    async def _watch(self) -> None:
        self._look()

    def _look(self) -> None:
        now = self._environment.clock.seconds()
        paused_s, self._looked_at = now - self._looked_at, now
        if paused_s >= PAUSED_S and len(self._calls) and not self._is_asking:
            self._is_asking = True
            self._log.warn(
                "this process was paused for {seconds:.1f} s; it asks which calls it still has", seconds=paused_s
            )
            spawn(self._ask(), self._log, "asking whose our calls are")

    async def name_taken(self) -> None:
        """Let go of the calls that other processes have: one of them has this gateway's name.

        Redis has freed the leases of this process, so every lease is of another one.
        """
        with suppress(BackendUnavailable):
            holders = await self._holders()
            for call in tuple(self._calls):
                if call.call_sid in holders:
                    call.feed(call.inputs.moved)

    async def _holders(self) -> dict[str, str]:
        view = await self._environment.of_fleet(self._environment.nodes.view())
        return {lease.call_sid: lease.gateway for lease in view.leases}

    async def _ask(self) -> None:
        try:
            holders = await self._holders()
        except BackendUnavailable:
            pass  # Then no gateway can have taken any.
        else:
            for call in tuple(self._calls):
                # A call without a lease has ended at another gateway.
                if holders.get(call.call_sid) != self._environment.node:
                    call.feed(call.inputs.moved)
        finally:
            self._is_asking = False
            kept, self._kept = self._kept, []
            for switch, event in kept:
                self._deliver_kept(switch, event)

    def _deliver_kept(self, switch: ISwitch, event: SwitchEvent) -> None:
        """Deliver an event; an error of its call must not keep the events of other calls back."""
        try:
            self._deliver(switch, event)
        except Exception:  # noqa: BLE001 - see above
            self._log.failure("a {kind} could not be handled", kind=type(event).__name__)
