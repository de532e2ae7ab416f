"""Port: the questions to the passthrus of apps."""

from twisted.internet.defer import Deferred
from zope.interface import Interface

from exoswitch.call.session import Session


class IPassthru(Interface):
    """Asks the passthru of a call's app."""

    def ask(session: Session) -> Deferred[int]:
        """Tell how the call's last stream ended; fires with the HTTP status of the answer.

        The time is limited by the passthru's `timeout_s`. The Deferred may be cancelled.

        Raises:
            ExoswitchError: no answer came; the text names the server and the reason, and no secret.
        """
