"""Adapter: the credentials of a request: HTTP Basic authentication (spec §6.1).

Wrong credentials are answered after `DELAY_S`, and later the more there are from one address. Right ones are never
delayed, whatever others at the same address do: nobody can lock a dialer out. A request without credentials is
answered at once, since some clients send them only when they are asked.
"""

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from exoswitch.credentials.tokens import Tokens
from exoswitch.errors import BackendUnavailable
from exoswitch.exotel.rest.errors import Unauthorized
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.interfaces.routing import Account, Accounts
from exoswitch.web.failed_logins import LOG_EVERY_S, FailedLogins
from exoswitch.web.site import Request

DELAY_S = 1.0
LONGEST_DELAY_S = 10.0
_SLOWER_AFTER = 10
"""Failed logins of an address within a minute, each time for another second."""


@define(eq=False)
class Authentication:
    """Finds the account of a request; `accounts` gives the present ones."""

    _accounts: Callable[[], Accounts]
    _clock: IReactorTime
    _metrics: IMetrics
    _tokens: Tokens
    _failed: FailedLogins = field(factory=FailedLogins, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.rest"), init=False)

    async def account(self, request: Request, name: str) -> Account:
        """Give the account of the path if the credentials match; old clients send its name as the user (§6.1).

        Raises:
            Unauthorized: they do not.
            BackendUnavailable: too many tokens are being checked.
        """
        arrived_at = self._clock.seconds()
        account = self._accounts().by_name.get(name)
        if account is not None and await self._is_right(request, account):
            return account
        if request.getHeader(b"Authorization"):
            told = "an unknown account" if account is None else f"account {name}"
            await self._delay(request, told, arrived_at)
        raise Unauthorized("the API key and token are missing, wrong, or not those of this account")

    async def _is_right(self, request: Request, account: Account) -> bool:
        user, same = request.getUser(), self._tokens.same
        if not (same(user, account.api_key.encode()) | same(user, account.name.encode())):
            return False
        token, address = request.getPassword(), request.client_address()
        try:
            return await self._tokens.is_right(account.name, account.api_token, token, address)
        except BackendUnavailable:
            request.let_go()
            await deferLater(self._clock, DELAY_S)
            raise

    async def _delay(self, request: Request, account: str, arrived_at: float) -> None:
        """Count a failed login, and wait; the connection may be closed meanwhile to make room for another client."""
        self._metrics.add("logins_failed_total")
        address = request.client_address()
        name = self._failed.add(address)
        if name is not None:
            self._log.warn("a login of {account} failed, from {address}", account=account, address=name)
            self._clock.callLater(LOG_EVERY_S, self._tell, name)
        request.let_go()
        delay_s = min(LONGEST_DELAY_S, DELAY_S + self._failed.count(address) // _SLOWER_AFTER)
        await deferLater(self._clock, max(0.0, arrived_at + delay_s - self._clock.seconds()))

    def _tell(self, name: str) -> None:
        count = self._failed.take(name)
        if count:
            self._log.warn("{count} more logins failed, from {address}", count=count, address=name)
            self._clock.callLater(LOG_EVERY_S, self._tell, name)
