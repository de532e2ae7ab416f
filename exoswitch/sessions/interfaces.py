"""Port: where sessions are kept.

As in `interfaces`: methods that return a Deferred may fail with
:class:`~exoswitch.errors.BackendUnavailable` besides the errors that they name.
"""

from collections.abc import Collection

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.call.session import Session


class ISessionStore(Interface):
    """Where sessions are kept: each as it is now, and every step on the way there as an event of its own."""

    ready = Attribute("Whether a session could be saved now (bool).")

    def start() -> Deferred[None]:
        """Begin to work; it fires whether or not what keeps the sessions can be reached yet."""

    def stop() -> Deferred[None]:
        """Bring what was noted to where it is safe; nothing is saved or noted afterwards."""

    def save(session: Session) -> Deferred[None]:
        """Write a session that somebody waits for; it is durable (as far as this store is) when the Deferred fires.

        A store whose database cannot be reached fails at once, and keeps nothing of it.
        """

    def note(session: Session) -> None:
        """Write a session that nobody waits for: how a call goes on, and how it ends. It never blocks or fails.

        While the database is away the store keeps it elsewhere, and brings it in once the database is back.
        """

    def load(account: str, call_sid: str) -> Deferred[Session]:
        """Read one session, with all that this process has saved or noted of it.

        Raises:
            CallNotFound: this account has no such call.
        """

    def recall(call_sids: Collection[str]) -> Deferred[tuple[Session, ...]]:
        """Read the sessions of these calls, whosever they are; of a call that is not known there is none."""

    def unfinished(gateway: str) -> Deferred[tuple[Session, ...]]:
        """Read the sessions of this gateway's calls that have not ended, oldest first."""

    def claim(call_sid: str, token: str) -> Deferred[bool]:
        """Write down, durably, that a call which was saved is about to be dialled; False where another token did.

        So no call is dialled twice, whatever became of the gateway that was to dial it. The same token may claim
        again.
        """
