"""Port: what a fleet of gateways shares, and one that is alone keeps by itself: places and jobs.

As in `interfaces`: methods that return a Deferred may fail with
:class:`~exoswitch.errors.BackendUnavailable` besides the errors that they name.
"""

from collections.abc import Collection, Mapping

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.fleet.leases import NO_QUOTAS, FleetView, Lease


class INodeAllocator(Interface):
    """Who decides which gateway and Asterisk carry a call; each gateway has one, and a fleet shares the counts.

    A gateway that has given no sign of life for a moment is dead: it gets no more calls, and its leases may be taken
    over. For some while longer they are kept for that; then they are freed.
    """

    is_shared = Attribute("Whether a fleet's counts decide now; otherwise this gateway goes by what it knows (bool).")

    def start() -> None:
        """Begin to work, whether or not what the fleet shares can be reached yet."""

    def stop() -> Deferred[None]:
        """Leave the fleet, with all leases that are not released yet."""

    def allocate(
        call_sid: str,
        *,
        asterisk: str | None = None,
        any_gateway: bool = False,
        quotas: Mapping[str, int] = NO_QUOTAS,
    ) -> Deferred[Lease]:
        """Take a place for a call on the relatively least loaded pair of this gateway; on this Asterisk, if named.

        With `any_gateway` the pair may be another gateway's; the lease is kept alive by this one until that one holds
        it. Gateways and Asterisks that drain, cannot be reached or are full are passed over.

        `quotas` are names, each with how many calls there may be on it at once, in the whole fleet. The lease counts
        on all of them until it is released, whoever holds it by then. They are looked at before the places are. While
        what the fleet shares cannot be reached, a gateway goes by its own calls and by what it last heard of others'.

        Raises:
            QuotaReached: there are as many calls on one of the quotas as there may be.
            NoCapacity: no such pair has a place left.
        """

    def receive(
        asterisk: str,
        channel_id: str,
        call_sid: str,
        *,
        excluding: str | None = None,
        quotas: Mapping[str, int] = NO_QUOTAS,
    ) -> Deferred[Lease]:
        """Choose the gateway that takes a call which waits at an Asterisk, and take the place on it.

        All gateways that ask about one channel get the same lease, with the call SID that the first of them gave, for
        as long as the chosen gateway lives; it holds the lease from the beginning. `excluding` names a gateway
        that was chosen and did not take the call in time: another one is chosen then. `quotas` are as for
        `allocate`; a lease that there is keeps its own, and is not held against them again.

        Raises:
            QuotaReached: there are as many calls on one of the quotas as there may be.
            NoCapacity: no gateway has a place on this Asterisk.
        """

    def hold(lease: Lease) -> Deferred[bool]:
        """Keep a lease alive from now on that another gateway took for us; False where it is gone."""

    def transfer(lease: Lease) -> Deferred[None]:
        """Leave a lease to the gateway that it is a place on, whether or not that one has called it its own yet."""

    def release(lease: Lease) -> Deferred[None]:
        """Give a place of ours back; idempotent."""

    def renew() -> Deferred[None]:
        """Give a sign of life for this gateway and all its leases.

        Those that were reaped meanwhile are entered again, even beyond capacity, for their calls go on.
        """

    def adopt() -> Deferred[tuple[Lease, ...]]:
        """Take over what fell to this gateway, which holds it from now on.

        All that dead gateways hold, and all that is on them, is first distributed among the living ones that are
        paired with the same Asterisk and have a place: by load, and each call once. A gateway that has only just come
        back to the fleet gives nobody up for dead, since others may be about to come back as well.
        """

    def hand_off(leases: Collection[Lease]) -> Deferred[frozenset[str]]:
        """Let these calls of ours fall to other living gateways, as if this one were dead; give the SIDs that did."""

    def reap() -> Deferred[tuple[Lease, ...]]:
        """Free and give back the leases of gateways that have been dead for long, and that nobody took over."""

    def set_health(asterisk: str, healthy: bool) -> None:
        """Say whether this gateway can reach that Asterisk; new calls avoid an unhealthy one."""

    def set_draining(asterisk: str | None, draining: bool) -> None:
        """Let an Asterisk get no new calls through this gateway, or without a name this gateway none; or again."""

    def view() -> Deferred[FleetView]:
        """Show the fleet as it is counted now."""


class IJobListener(Interface):
    """Whoever carries out what other gateways hand over."""

    def job_arrived(lease: Lease) -> Deferred[None]:
        """Dial a call that another gateway has accepted, on this place; its session is in the store.

        When the Deferred fires the job is done with. A failure is logged, and the job is offered again to the next
        process of this gateway.
        """


class IJobs(Interface):
    """How a call that one gateway accepted reaches the gateway that is to dial it: in order, and at least once."""

    listener = Attribute("The IJobListener of this gateway; set before `start`.")

    def start() -> None:
        """Begin to take this gateway's jobs, those that an earlier process of it left undone first."""

    def stop() -> Deferred[None]:
        """Take no more jobs; what is under way is waited for, within a time."""

    def send(lease: Lease) -> Deferred[None]:
        """Hand a call over to the gateway of its lease; it has it when the Deferred fires, dead or alive.

        Raises:
            BackendUnavailable: it is not known whether the job was handed over.
        """
