"""Port: the trunks of a fleet: their channels, their turns to dial, and their breakers.

Each gateway has one pool; the pools of a fleet share the counts. Without the shared server, each pool decides alone,
within its share of the limits.
"""

from collections.abc import Mapping, Sequence

from twisted.application.service import IService
from twisted.internet.defer import Deferred
from zope.interface import Attribute

from exoswitch.fleet.trunks.status import DialResult, TrunkGrant, TrunkLimits, TrunkStatus

LONGEST_WAIT_S = 5.0
"""How long a call waits for a trunk's turn, unless it says otherwise."""


class ITrunkPool(IService):
    """Chooses the trunk of a dial among candidates, and counts the calls of every trunk over the whole fleet.

    A `token` names one attempt of a call. A trunk has no more than its channels in use, and no more than its calls a
    second in any sliding second; turns are evenly spaced, and given in the order of the requests.

    A trunk's breaker opens when calls fail by the trunk's fault. Then the trunk is skipped, except for one call now
    and then that tries it. If the breakers of all candidates are open, the candidate with the fewest faults is taken.
    """

    is_shared = Attribute("Whether the counts of the fleet decide now, or those of this gateway alone (bool).")

    def startService() -> None:
        """Begin to work, even if the shared server cannot be reached yet."""

    def stopService() -> Deferred[None]:
        """Leave the fleet; the calls of this gateway count no longer."""

    def set_limits(limits: Mapping[str, TrunkLimits]) -> None:
        """Set the limits of all trunks, at the start and whenever the configuration changes.

        Calls beyond a lower limit go on. A trunk that is not named gets no new call; its calls are released as usual.
        """

    def take(
        token: str, candidates: Sequence[str], *, longest_wait_s: float = LONGEST_WAIT_S
    ) -> Deferred[TrunkGrant]:
        """Take a channel and a turn on the first candidate that may be dialled, has a channel, and a turn in time.

        A token that has a channel already gives it back first.

        Raises:
            NoCapacity: no candidate has both.
        """

    def missed(token: str) -> Deferred[TrunkGrant]:
        """Take another turn on the same trunk for a dial that was not sent in time: `LATE_S` of call.feeding.

        Raises:
            NoCapacity: there is no turn in time, or the token has no channel; the channel stays until `release`.
        """

    def hold(token: str, trunk: str) -> None:
        """Count a call that is there already, inbound or adopted from another gateway: it is never refused."""

    def release(token: str) -> None:
        """Give a channel back; idempotent."""

    def report(trunk: str, result: DialResult, *, token: str = "") -> None:
        """Tell what became of an attempt: once, and a second time if the phone is answered later.

        An attempt that we ended ourselves before any sign tells nothing, and is not reported. `token` is that of the
        attempt, before its `release`: the breaker then knows the order of the dials.
        """

    def statuses() -> Mapping[str, TrunkStatus]:
        """Give the last known status of each trunk."""

    def view() -> Deferred[Mapping[str, TrunkStatus]]:
        """Fetch the status of each trunk.

        Raises:
            BackendUnavailable: the shared server cannot be reached.
        """
