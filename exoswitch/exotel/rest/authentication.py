"""Adapter: the credentials of a request: HTTP Basic authentication (spec §6.1).

Wrong credentials are answered after `DELAY_S`. Right ones are never delayed, whatever others at the same address do:
nobody can lock a dialer out. A request without credentials is answered at once, since some clients send them only
when they are asked.
"""

import hmac
from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from exoswitch.exotel.rest.errors import Unauthorized
from exoswitch.interfaces.metrics import IMetrics
from exoswitch.interfaces.routing import Account, Accounts
from exoswitch.web.failed_logins import LOG_EVERY_S, FailedLogins
from exoswitch.web.site import Request

DELAY_S = 1.0


@define(eq=False)
class Authentication:
    """Finds the account of a request; `accounts` gives the present ones."""

    _accounts: Callable[[], Accounts]
    _clock: IReactorTime
    _metrics: IMetrics
    _failed: FailedLogins = field(factory=FailedLogins, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.rest"), init=False)

    async def account(self, request: Request, name: str) -> Account:
        """Give the account of the path if the credentials match; old clients send its name as the user (§6.1).

        Raises:
            Unauthorized: they do not.
        """
        known = self._accounts().by_name.get(name)
        key, token = ("", "") if known is None else (known.api_key, known.api_token)
        user, password = request.getUser(), request.getPassword()
        is_user = hmac.compare_digest(user, key.encode()) | hmac.compare_digest(user, name.encode())
        if (is_user & hmac.compare_digest(password, token.encode())) and known is not None:
            return known
        if request.getHeader(b"Authorization"):
            await self._delay(request, "an unknown account" if known is None else f"account {name}")
        raise Unauthorized("the API key and token are missing, wrong, or not those of this account")

    async def _delay(self, request: Request, account: str) -> None:
        """Count a failed login, and wait; the connection may be closed meanwhile to make room for another client."""
        self._metrics.add("logins_failed_total")
        name = self._failed.add(request.client_address())
        if name is not None:
            self._log.warn("a login of {account} failed, from {address}", account=account, address=name)
            self._clock.callLater(LOG_EVERY_S, self._tell, name)
        request.let_go()
        await deferLater(self._clock, DELAY_S)

    def _tell(self, name: str) -> None:
        count = self._failed.take(name)
        if count:
            self._log.warn("{count} more logins failed, from {address}", count=count, address=name)
            self._clock.callLater(LOG_EVERY_S, self._tell, name)
