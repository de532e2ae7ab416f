"""Adapter: a gateway that stood still finds out what others have taken over before it believes what it hears.

A process that was paused, or whose machine was, goes on as if nothing had been: events of a while ago wait to be
read. Until the fleet has told whose its calls are by now, they are kept back; calls that are others' are let go.
"""

from collections.abc import Callable

from attrs import define, field
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.call.events import SwitchEvent
from exoswitch.errors import BackendUnavailable
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.interfaces.switch import ISwitch
from exoswitch.tasks.spawn import spawn

LOOK_EVERY_S = 0.1
STOOD_STILL_S = 0.4  # less than the others wait before they believe a gateway dead
_KEPT_MAX = 100_000  # events of some thousand calls; beyond that, what is heard is believed

Deliver = Callable[[ISwitch, SwitchEvent], None]


@define(eq=False)
class Fencing:
    """Notices that this process stood still, and keeps events back until that has been looked into."""

    _environment: Environment
    _calls: LiveCalls
    _deliver: Deliver
    _kept: list[tuple[ISwitch, SwitchEvent]] = field(factory=list, init=False)
    _is_in_doubt: bool = field(default=False, init=False)
    _looked_at: float = field(default=0.0, init=False)
    _looks: LoopingCall | None = field(default=None, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.fencing"), init=False)

    def start(self) -> None:
        """Look at the clock from now on."""
        self._looked_at = self._environment.clock.seconds()
        self._looks = LoopingCall(self._look)
        self._looks.clock = self._environment.clock
        spawn(self._looks.start(LOOK_EVERY_S, now=False), self._log, "looking at the clock")

    def stop(self) -> None:
        """Look no more."""
        if self._looks is not None and self._looks.running:
            self._looks.stop()

    def take(self, switch: ISwitch, event: SwitchEvent) -> None:
        """Deliver an event now, or after those that are kept back."""
        if self._looks is not None:
            self._look()  # A reactor that wakes up reads its sockets first, and serves its timers afterwards.
        if self._is_in_doubt and len(self._kept) < _KEPT_MAX:
            self._kept.append((switch, event))
        else:
            self._deliver(switch, event)

    def _look(self) -> None:
        now = self._environment.clock.seconds()
        stood_still_s, self._looked_at = now - self._looked_at, now
        if stood_still_s >= STOOD_STILL_S and len(self._calls) and not self._is_in_doubt:
            self._is_in_doubt = True
            self._log.warn("stood still for {seconds:.1f} s: are the calls still ours?", seconds=stood_still_s)
            spawn(self._find_out(), self._log, "finding out whose our calls are")

    async def _find_out(self) -> None:
        try:
            view = await self._environment.in_time(self._environment.nodes.view())
        except BackendUnavailable:
            pass  # Then nobody can have taken any.
        else:
            holders = {lease.call_sid: lease.gateway for lease in view.leases}
            for call in self._calls:
                if (
                    holders.get(call.call_sid) != self._environment.node
                ):  # Others have it, or have seen its end already.
                    call.tell(call.life.moved)
        finally:
            self._is_in_doubt = False
            kept, self._kept = self._kept, []
            for switch, event in kept:
                self._deliver(switch, event)
