"""Adapter: the world of all calls of this gateway, in one value."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from exoswitch.fleet.interfaces import IJobs, INodeAllocator
from exoswitch.interfaces.bots import IBots
from exoswitch.interfaces.media import IMediaPlane
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.interfaces.switch import ISwitch
from exoswitch.sessions.interfaces import ISessionStore
from exoswitch.tasks.within import within

T = TypeVar("T")

ANSWER_S = 5.0
"""How long a call waits for an answer of the fleet or of the session store."""

SESSION_STORE = "the session store"
FLEET = "the fleet's allocator"


@frozen(kw_only=True)
class Environment:
    """The world of all calls.

    `clock` is monotonic, `wall_clock` gives seconds since the epoch, `new_sid` gives the SID of a call or a stream.
    `node` is this gateway's name. `process` is a random token, unique to this process; calls are claimed with it.
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

    def of_store(self, answer: Deferred[T]) -> Deferred[T]:
        """Wait for the session store, but not too long.

        Raises:
            BackendUnavailable: it did not answer in time.
        """
        return within(ANSWER_S, self.clock, answer, SESSION_STORE)

    def of_fleet(self, answer: Deferred[T]) -> Deferred[T]:
        """Wait for the fleet, but not too long.

        Raises:
            BackendUnavailable: it did not answer in time.
        """
        return within(ANSWER_S, self.clock, answer, FLEET)
