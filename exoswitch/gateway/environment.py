"""Port: the outside world of every call, in one piece."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime

from exoswitch.errors import BackendUnavailable
from exoswitch.fleet.interfaces import IJobs, INodeAllocator
from exoswitch.interfaces.bots import IBots
from exoswitch.interfaces.media import IMediaPlane
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.interfaces.switch import ISwitch
from exoswitch.sessions.interfaces import ISessionStore

T = TypeVar("T")

STORE_WAIT_S = 5.0
"""How long a call waits for what is shared: a place, a session, a claim."""


@frozen(kw_only=True)
class Environment:
    """The outside world of every call.

    `clock` is monotonic, `wall_clock` gives seconds since the epoch, `new_sid` an identifier for a call or a stream.
    `node` is this gateway's name, `process` a word that is this process's alone: under it calls are claimed.
    """

    node: str
    process: str
    clock: IReactorTime
    wall_clock: Callable[[], float]
    new_sid: Callable[[], str]
    nodes: INodeAllocator
    media: IMediaPlane
    bots: IBots
    jobs: IJobs
    sessions: ISessionStore
    metrics: IMetrics
    switches: Mapping[str, ISwitch]

    async def in_time(self, asked: Deferred[T]) -> T:
        """Wait for something that is shared, no longer than a call can.

        Raises:
            BackendUnavailable: no answer came in time.
        """
        try:
            return await asked.addTimeout(STORE_WAIT_S, self.clock)
        except DeferredTimeout as problem:
            raise BackendUnavailable(f"what gateways share did not answer within {STORE_WAIT_S:g} s") from problem
