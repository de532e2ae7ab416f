"""Port: the outside world of every call, in one piece."""

from collections.abc import Callable, Mapping

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from exoswitch.interfaces import IBots, IMediaPlane, IMetrics, ISwitch
from exoswitch.interfaces_fleet import IJobs, INodeAllocator, ISessionStore

STORE_WAIT_S = 5.0
"""How long a call waits for what is shared: a place, a session, a claim."""


@frozen(kw_only=True)
class Ports:
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
