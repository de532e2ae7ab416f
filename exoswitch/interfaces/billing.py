"""Port: the prices of calls."""

from zope.interface import Interface

from exoswitch.call.charge import Charge
from exoswitch.call.session import Session


class IPrices(Interface):
    """Knows the prices of all trunks; it never fails, and never waits."""

    def charge(session: Session) -> Charge:
        """Give the charge of a session that has ended."""
