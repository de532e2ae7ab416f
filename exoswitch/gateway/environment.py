"""Adapter: the world of all calls of this gateway, in one value."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from attrs import Factory, evolve, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exoswitch.call.session import Ending, Session
from exoswitch.fleet.interfaces import IJobs, INodeAllocator
from exoswitch.fleet.leases import Lease
from exoswitch.fleet.trunks.pool import ITrunkPool
from exoswitch.gateway.call_metrics import count_ended
from exoswitch.gateway.claim_lead import ClaimLead
from exoswitch.interfaces.billing import IPrices
from exoswitch.interfaces.bots import IBots
from exoswitch.interfaces.media import IMediaPlane
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.interfaces.passthru import IPassthru
from exoswitch.interfaces.recordings import IRecordings
from exoswitch.interfaces.switch import ISwitch
from exoswitch.sessions.interfaces import ISessionStore
from exoswitch.tasks.holds import Holds
from exoswitch.tasks.spawn import spawn
from exoswitch.tasks.within import within

T = TypeVar("T")

ANSWER_S = 5.0
"""How long a call waits for an answer of the fleet or of the session store."""

SESSION_STORE = "the session store"
FLEET = "the fleet's allocator"
NO_STORE = "the session store cannot be reached: see the log"


@frozen(kw_only=True)
class Environment:
    """The world of all calls.

    `clock` is monotonic, `wall_clock` gives seconds since the epoch, `new_sid` gives the SID of a call or a stream.
    `prices` gives those that are in force. `node` is this gateway's name. `process` is a random token, unique to this
    process; calls are claimed with it. `holds` are the calls whose dialers do not have their replies yet.
    """

    node: str
    process: str
    clock: IReactorTime
    wall_clock: Callable[[], float]
    new_sid: Callable[[], str]
    nodes: INodeAllocator
    media: IMediaPlane
    bots: IBots
    passthru: IPassthru
    jobs: IJobs
    sessions: ISessionStore
    prices: Callable[[], IPrices]
    metrics: IMetrics
    switches: Mapping[str, ISwitch]
    trunks: ITrunkPool
    recordings: IRecordings
    holds: Holds = field(default=Factory(lambda environment: Holds(environment.clock), takes_self=True))
    claim_lead: ClaimLead = field(factory=ClaimLead, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.call"), init=False)

    @property
    def has_switch(self) -> bool:
        """Whether an Asterisk is ready."""
        return any(switch.ready for switch in self.switches.values())

    def give_back(self, lease: Lease) -> None:
        """Release a place; nothing waits for the answer."""
        spawn(self.nodes.release(lease), self._log, "giving a place back", call_sid=lease.call_sid)

    def record_end(self, session: Session, ending: Ending) -> Session:
        """Record the end of a call that is not live here; give its session."""
        ended = session.ended(ending, self.wall_clock())
        ended = evolve(ended, charge=self.prices().charge(ended))
        self.sessions.note(ended)
        count_ended(self.metrics, ended)
        return ended

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
