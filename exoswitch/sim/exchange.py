"""Core: the state that calls and AMI connections of a simulated Asterisk share: effects, timers and connections."""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from attrs import define, field, frozen

from exoswitch.ami.message import AmiMessage
from exoswitch.sim.event_filter import EventFilter, passes
from exoswitch.sim.script import Script


class Effect:
    """Something for the driver to do. Effects are done in the order of the list."""


@frozen
class Send(Effect):
    """Send a message on an AMI connection."""

    connection: int
    message: AmiMessage


@frozen
class Disconnect(Effect):
    """Close an AMI connection."""

    connection: int


@frozen(kw_only=True)
class OpenMedia(Effect):
    """Open a port for a phone's media to the gateway at `host` and `port`, and close its earlier port.

    With `also`, the media is mixed: another phone says this.
    """

    channel_id: str
    host: str
    port: int
    codec: str
    script: Script
    also: Script | None = None


@frozen
class JoinMedia(Effect):
    """Let two phones send their media to each other, and close their earlier ports. Hosts and ports are empty."""

    first: OpenMedia
    second: OpenMedia


@frozen
class CloseMedia(Effect):
    """Close a phone's media, if it has any. The call is over."""

    channel_id: str


@define
class AmiConnection:
    """The state of one AMI connection."""

    number: int
    challenge: str = ""
    is_logged_in: bool = False
    may_only_report: bool = False
    wants_events: bool = True
    filters: list[EventFilter] = field(factory=list)


@define
class Exchange:
    """The effects in order, the timers, and the connections that get events.

    `rng` chooses where Asterisk has no fixed order.
    """

    rng: Random = field(factory=lambda: Random(0), repr=False)
    effects: list[Effect] = field(init=False, factory=list)
    connections: dict[int, AmiConnection] = field(init=False, factory=dict)
    _timers: list[tuple[float, int, Callable[[float], None]]] = field(init=False, factory=list)
    _scheduled: int = field(init=False, default=0)

    def do(self, effect: Effect) -> None:
        """Add an effect."""
        self.effects.append(effect)

    def tell(self, *events: AmiMessage) -> None:
        """Send events to every connection that wants them."""
        for connection in self.connections.values():
            if connection.is_logged_in and connection.wants_events:
                for event in events:
                    if passes(connection.filters, event):
                        self.effects.append(Send(connection.number, event))

    def later(self, when: float, work: Callable[[float], None]) -> None:
        """Call a function at this time."""
        self._scheduled += 1
        heappush(self._timers, (when, self._scheduled, work))

    def wake(self, now: float) -> None:
        """Run the timers that are due."""
        while self._timers and self._timers[0][0] <= now:
            heappop(self._timers)[2](now)

    def next_deadline(self) -> float | None:
        """Give the time of the next timer."""
        return self._timers[0][0] if self._timers else None
