"""Port: the addresses of hosts, as connections ask for them."""

# mypy: disable-error-code="empty-body"

from twisted.internet.defer import Deferred
from zope.interface import Interface


class INames(Interface):
    """Looks up host names."""

    def look_up(host: str, account: str = "") -> Deferred[tuple[str, ...]]:
        """Give the IP addresses of a host, the best one first; an IP address is its own answer.

        `account` is the account that named the host; ``""`` is the operator.

        Raises:
            HostNotFound: there is no such host.
            BackendUnavailable: the look-up did not end in time.
        """
