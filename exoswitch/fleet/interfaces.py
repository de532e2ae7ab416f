"""Port: places for calls and jobs, shared by the gateways of a fleet, or kept by a single gateway.

As in `interfaces`, methods that return a Deferred may fail with :class:`~exoswitch.errors.BackendUnavailable` besides
the errors that they name.
"""

from collections.abc import Collection, Mapping

from twisted.application.service import IService
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.fleet.leases import NO_QUOTAS, FleetView, Lease


class INodeAllocator(IService):
    """Decides which gateway and Asterisk carry a call. Each gateway has one; a fleet shares the counts.

    A gateway without a recent heartbeat is dead. It gets no new calls, and other gateways may adopt its leases. They
    are kept for some time for that, and then freed.
    """

    is_shared = Attribute("Whether the counts of the fleet decide now, or those of this gateway alone (bool).")

    def startService() -> None:
        """Begin to work, even if the shared server cannot be reached yet."""

    def stopService() -> Deferred[None]:
        """Leave the fleet, with all leases that are not released."""

    def await_name() -> Deferred[None]:
        """Wait until this gateway may use its name.

        It may not while another process of the fleet has the name: the Deferred does not fire then. It may if the
        shared server has not answered for some seconds.
        """

    def allocate(
        call_sid: str,
        *,
        asterisk: str | None = None,
        any_gateway: bool = False,
        quotas: Mapping[str, int] = NO_QUOTAS,
    ) -> Deferred[Lease]:
        """Take a place for a call on the pair of this gateway with the lowest load; on this Asterisk, if named.

        With `any_gateway` it may be a pair of another gateway; this gateway holds the lease until the other one calls
        `hold`. Draining, unreachable and full gateways and Asterisks are not considered.

        `quotas` are names, each with the number of concurrent calls that the whole fleet may have on it. They are
        checked before the places. The lease counts on all of them until it is released, also under another holder.
        While the shared server cannot be reached, a gateway counts its own calls and the last known calls of the
        others.

        Raises:
            QuotaReached: a quota has reached its limit.
            NoCapacity: no such pair has a free place.
        """

    def receive(
        asterisk: str,
        channel_id: str,
        call_sid: str,
        *,
        excluding: str | None = None,
        quotas: Mapping[str, int] = NO_QUOTAS,
    ) -> Deferred[Lease]:
        """Choose the gateway for a call that waits at an Asterisk, and take the place on it.

        All gateways that ask about one channel get the same lease, with the first call SID, while the chosen gateway
        lives. The chosen gateway holds it from the start. `excluding` names a gateway that was chosen and did not
        take the call in time: another one is chosen. `quotas` are as for `allocate`; an existing lease keeps its own
        quotas, and they are not checked again.

        Raises:
            QuotaReached: a quota has reached its limit.
            NoCapacity: no gateway has a place on this Asterisk.
        """

    def hold(lease: Lease) -> Deferred[bool]:
        """Hold a lease that another gateway took for this one; False if the lease is gone."""

    def transfer(lease: Lease) -> Deferred[None]:
        """Give a lease to the gateway that it is a place on, even if that gateway has not called `hold`."""

    def release(lease: Lease) -> Deferred[None]:
        """Release a place that this gateway holds; idempotent."""

    def renew() -> Deferred[None]:
        """Send a heartbeat, which renews all leases of this gateway.

        Leases that were reaped meanwhile are entered again, even beyond capacity: their calls go on.
        """

    def adopt() -> Deferred[tuple[Lease, ...]]:
        """Fetch the leases that were reassigned to this gateway; it holds them.

        First, the leases of dead gateways are reassigned: by load, to live gateways that have the same Asterisk and a
        free place. A gateway that has just reconnected does not do this: the others may still be reconnecting.
        """

    def hand_off(leases: Collection[Lease]) -> Deferred[frozenset[str]]:
        """Reassign calls of this gateway to other live gateways; return the SIDs of the reassigned calls."""

    def reap() -> Deferred[tuple[Lease, ...]]:
        """Free and return the leases of gateways that have been dead for long and that no gateway adopted."""

    def set_health(asterisk: str, healthy: bool) -> None:
        """Report whether this gateway can reach an Asterisk; an unhealthy one gets no new calls."""

    def set_draining(asterisk: str | None, draining: bool) -> None:
        """Close an Asterisk, or with None this gateway, for new calls; or open it again."""

    def view() -> Deferred[FleetView]:
        """Show the current counts and leases of the fleet."""


class IJobListener(Interface):
    """Carries out the jobs that other gateways send."""

    def job_arrived(lease: Lease) -> Deferred[None]:
        """Dial a call that another gateway has accepted, on this place; its session is in the store.

        The job is finished when the Deferred fires. A failed job is logged, and offered again to the next process of
        this gateway.
        """


class IJobs(IService):
    """Sends accepted calls to the gateway that dials them: in order, and at least once."""

    listener = Attribute("The IJobListener of this gateway; set before `start`.")

    def startService() -> None:
        """Begin to take this gateway's jobs, first those that an earlier process did not finish."""

    def stopService() -> Deferred[None]:
        """Take no more jobs; wait a limited time for those under way."""

    def send(lease: Lease) -> Deferred[None]:
        """Send a call to the gateway of its lease; when the Deferred fires, the job is stored for that gateway.

        Raises:
            BackendUnavailable: it is not known whether the job was stored.
        """
