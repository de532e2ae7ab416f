"""Port: the store of sessions, and the ledger that reports read.

Methods that return a Deferred may fail with :class:`~exoswitch.errors.BackendUnavailable`, besides the errors that
they name.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal

from twisted.application.service import IService
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.billing.usage import AnsweredCall, Grouping, Usage
from exoswitch.call.search import CallPage, CallSearch
from exoswitch.call.session import Session

UNDIALLED_MAX = 100
"""Calls that `undialled` gives at once; the others come with a later question."""


class ISessionStore(IService):
    """Keeps each session in its current state, and each change of it as an event.

    When it has started, the database may not be reached yet. When it has stopped, all notes are in the database or on
    the disk; nothing is saved or noted afterwards.
    """

    ready = Attribute("Whether a session could be saved now (bool).")

    def save(session: Session) -> Deferred[None]:
        """Write a session and wait; it is as durable as this store is when the Deferred fires.

        If the database cannot be reached, it fails at once and keeps nothing of the session.
        """

    def note(session: Session) -> None:
        """Write a session soon: a step of a call, or its end. It never blocks or fails.

        If the database cannot be reached, the store keeps the note elsewhere, and writes it to the database later.
        """

    def load(account: str, call_sid: str) -> Deferred[Session]:
        """Read one session, with everything that this process has saved or noted.

        Raises:
            CallNotFound: this account has no such call.
        """

    def recall(call_sids: Collection[str]) -> Deferred[tuple[Session, ...]]:
        """Read the sessions of these calls, of any account; unknown calls are left out."""

    def unfinished(gateway: str) -> Deferred[tuple[Session, ...]]:
        """Read the sessions of this gateway's calls that have not ended, oldest first."""

    def undialled(accepted_before: float) -> Deferred[tuple[Session, ...]]:
        """Read the sessions of calls, of any gateway, that are still queued since before that time (seconds, UTC).

        Of many it gives `UNDIALLED_MAX`.
        """

    def claim(call_sid: str, token: str) -> Deferred[bool]:
        """Claim a saved call durably before it is dialled; False if another token has it.

        So no call is dialled twice, even if a gateway fails. The same token may claim again.
        """

    def search(search: CallSearch) -> Deferred[CallPage]:
        """Give a page of an account's calls, each as last noted: live calls of any gateway, and ended ones.

        Notes and claims do not wait for it.
        """

    def live_bots(account: str) -> Deferred[int]:
        """Count an account's answered calls that have a bot, in the whole fleet."""

    def costs(account: str, since: float) -> Deferred[Mapping[str, Decimal]]:
        """Sum up the costs of an account's calls that have begun since this time and have ended, by currency."""


class ILedger(Interface):
    """Reads the costs of calls from a database of sessions, and changes nothing in it."""

    name = Attribute("Its name in messages (str), without secrets.")

    def open() -> Deferred[None]:
        """Connect; fail with BackendUnavailable also if the schema of the database has no costs yet."""

    def usage(begin: float, end: float, by: Grouping) -> Deferred[list[Usage]]:
        """Sum up the calls that were answered in this time; of other calls, those that began in it.

        Only calls that have ended count. By trunk and by day the keys are empty.
        """

    def answered(begin: float, end: float) -> Deferred[list[AnsweredCall]]:
        """Read the answered calls that began in this time and have ended, in any order.

        The caller limits the time, and so the number of calls.
        """

    def close() -> None:
        """Disconnect; a second call does nothing."""
