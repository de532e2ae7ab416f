"""Adapter: the endpoints that tell of an account: itself, its live streams, and its balance (spec §6.4)."""

from collections.abc import Callable
from decimal import Decimal

from attrs import define, field

from exoswitch.billing.amounts import rounded
from exoswitch.exotel.rest.endpoint import Answered, Asked, Endpoint
from exoswitch.exotel.rest.form import Form
from exoswitch.interfaces.calls import ICalls
from exoswitch.tasks.deferred import deferred
from exoswitch.tasks.one_at_a_time import OneAtATime
from exoswitch.telephony.indian_time import day_of, start_of, written_time

BALANCE_S = 60.0
"""How long a balance is told again: summing up a month of calls reads all of them."""


def account_endpoints(
    calls: ICalls, concurrency: Callable[[str], int], currency: Callable[[], str]
) -> tuple[Endpoint, ...]:
    """Give the endpoints; `concurrency` gives an account's limit of concurrent calls, `currency` that of balances."""
    reads = AccountReads(calls, concurrency, currency)
    path = "/v1/Accounts/<sid>"
    return (
        Endpoint(("GET",), path, reads.show),
        Endpoint(("GET",), f"{path}/ActiveStreams", reads.streams),
        Endpoint(("GET",), f"{path}/Balance", reads.balance),
    )


@define(eq=False)
class AccountReads:
    """Answers the reads of an account."""

    _calls: ICalls
    _concurrency: Callable[[str], int]
    _currency: Callable[[], str]
    _balances: dict[str, tuple[float, Decimal]] = field(factory=dict, init=False)  # of each account, with its time
    _sums: OneAtATime = field(factory=OneAtATime, init=False)

    async def show(self, asked: Asked) -> Answered:
        """Show the account; clients look here whether their credentials are right."""
        name = asked.account.name
        account = {
            "Sid": name,
            "FriendlyName": name,
            "Status": "active",
            "Type": "Full",
            "Uri": f"/v1/Accounts/{name}",
        }
        return Answered({"Account": account})

    async def streams(self, asked: Asked) -> Answered:
        """Count the streams of the account now; Exotel's XML and JSON have other names."""
        name = asked.account.name
        count, limit = await self._calls.live_bots(name), self._concurrency(name)
        if asked.form is Form.XML:
            return Answered({"Stream": {"ActiveStreamCount": count, "ThrottleLimit": limit}})
        return Answered(
            {"status": "success", "active_streams": count, "max_allowed_streams": limit, "account_sid": name}
        )

    async def balance(self, asked: Asked) -> Answered:
        """Show what the account's calls of this month (IST) have cost, as a debt: nothing is paid in advance."""
        summed_at, cost = await self._month(asked.account.name, asked.now)
        data = {
            "Balance": f"{rounded(-cost, 3):f}",
            "Currency": self._currency(),
            "PricingPlan": "Postpaid",
            "DateUpdated": written_time(summed_at),
        }
        return Answered({"Account": {"AccountSid": asked.account.name, "BalanceData": data}})

    async def _month(self, account: str, now: float) -> tuple[float, Decimal]:
        """Give the cost of this month's calls, and the time at which it was summed up: one sum at a time.

        A sum goes on when its client is gone, and serves the next one.
        """
        return await self._sums.run(account, lambda: self._summed(account, now))

    @deferred
    async def _summed(self, account: str, now: float) -> tuple[float, Decimal]:
        begin = start_of(day_of(now).replace(day=1))
        known = self._balances.get(account)
        if known is None or known[0] < begin or abs(now - known[0]) > BALANCE_S:
            costs = await self._calls.costs(account, begin)
            known = self._balances[account] = now, costs.get(self._currency(), Decimal(0))
        return known
