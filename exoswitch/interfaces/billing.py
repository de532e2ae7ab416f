"""Port: the prices of calls."""

from decimal import Decimal

from zope.interface import Interface

from exoswitch.call.charge import Charge
from exoswitch.call.session import Session


class IPrices(Interface):
    """Knows the prices of all trunks; it never fails, and never waits."""

    def charge(session: Session) -> Charge:
        """Give the charge of a session that has ended."""

    def price_at(trunk: str, now: float) -> Decimal | None:
        """Give the price of a minute on this trunk, for a choice of the cheapest one; `now` is the wall clock.

        It is the cost of a typical call (`billing.typical_call_s`), in whole pulses and with the connection fee, for
        each minute of it, in `billing.currency`; None if the trunk has no price now, or one in another currency.
        """
