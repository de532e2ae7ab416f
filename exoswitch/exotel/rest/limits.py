"""Adapter: an account's limits of requests a minute, and the headers that tell them (spec §6.1).

The headers are those of Exotel's documentation, page "Rate Limiting" of developer.exotel.com.
"""

import math
from collections.abc import Mapping

from attrs import define

from exoswitch.exotel.rest.endpoint import Limit
from exoswitch.exotel.rest.errors import TooManyRequests
from exoswitch.fleet.rates import IRates
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.interfaces.routing import Account


@define(eq=False)
class RequestLimits:
    """Counts requests over the whole fleet."""

    _rates: IRates
    _metrics: IMetrics

    async def take(self, account: Account, limit: Limit, now: float) -> Mapping[str, str]:
        """Count a request; give the headers of its answer. `now` is in seconds since the epoch.

        Raises:
            TooManyRequests: the account has reached its limit.
        """
        most = account.calls_per_minute if limit == "call" else account.reads_per_minute
        state = await self._rates.take(f"{limit} {account.name}", most)
        headers = {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(state.remaining),
            "X-RateLimit-Reset": str(math.ceil(now + state.reset_s)),
        }
        if state.is_allowed:
            return headers
        self._metrics.add("http_rate_limited_total", limit=limit)
        wait_s = max(1, math.ceil(state.reset_s))
        what = "calls" if limit == "call" else "requests to read"
        raise TooManyRequests(
            f"account {account.name} has reached its limit of {most} {what} a minute: try again in {wait_s} seconds",
            {**headers, "Retry-After": str(wait_s)},
        )
