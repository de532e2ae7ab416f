"""Port: how often something is done in a minute, counted over the whole fleet, or by a single gateway."""

from twisted.application.service import IService
from twisted.internet.defer import Deferred

from exoswitch.fleet.rate_window import RateState


class IRates(IService):
    """Counts what was done in the last minute, by name."""

    def take(name: str, per_minute: int) -> Deferred[RateState]:
        """Count one more, unless the last minute has `per_minute` already; the Deferred never fails.

        While the shared server is away, each gateway counts its own, against the whole limit.
        """
