"""Port: a database of sessions, as the store with batches and a journal needs it."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.call.search import CallSearch
from exoswitch.errors import CorruptRecord
from exoswitch.sessions.notes import Note


class ISessionDatabase(Interface):
    """The database that `sessions` in the configuration names.

    Every Deferred fires within a time that the database sets. It fails with BackendUnavailable if the database cannot
    be reached, does not answer in time, or refuses a statement. It may have done the work even then.
    """

    name = Attribute("Its name in the log (str), without secrets.")

    def open() -> Deferred[None]:
        """Connect if not connected, and bring the schema to the newest version; gateways may do so at once."""

    def write(notes: Sequence[Note]) -> Deferred[None]:
        """Write notes in one transaction, on the disk when the Deferred fires; a second write changes nothing.

        The callbacks that the newest notes ask for are written with them: see `exoswitch.outbox.callbacks`. A call
        that has ended keeps its end and its status, whatever later notes say.

        Raises:
            RecordRefused: the database works, but it cannot store one of these notes; it has stored none of them.
        """

    def recall(call_sids: Collection[str]) -> Deferred[list[Note | CorruptRecord]]:
        """Read the newest notes of these calls, in any order; the caller limits their number.

        Of a note that cannot be read it gives the error, so that the others are not lost with it.
        """

    def newest_call_at() -> Deferred[float | None]:
        """Give when the newest call began, or a later moment of that month; None if there is no call.

        Calls that come after a gap of a week, or of a month, do not count, unless there are none before it: they may
        be dated by a clock that was ahead.
        """

    def recent(limit: int) -> Deferred[list[Note | CorruptRecord]]:
        """Read the newest calls that have not ended, and the newest ones of all: `limit` of each, in any order.

        A gateway does not need this: commands that read only do, of a database that was opened to be read.
        """

    def unfinished(gateway: str) -> Deferred[list[str]]:
        """Give the SIDs of this gateway's calls that have not ended, in any order."""

    def undialled(accepted_before: float, limit: int) -> Deferred[list[str]]:
        """Give the SIDs of calls, of any gateway, that are still queued since before that time (UTC, s)."""

    def claim(call_sids: Collection[str], token: str, now: float) -> Deferred[frozenset[str]]:
        """Claim these calls for a token, in one transaction; give the calls that the token has now.

        The first token that claims a call has it permanently. The claims are on the disk when the Deferred fires.
        Concurrent claims of a call are serialised and cannot deadlock. A call may be claimed before it has a row.
        `now` is in seconds, UTC.
        """

    def search(search: CallSearch, leaving_out: Collection[str]) -> Deferred[list[tuple[Any, ...]]]:
        """Read a page of calls and one call more, in reading order: SID, sequence and document of each.

        The calls in `leaving_out` are left out. Other questions and writes do not wait for this one, or for the next
        two.
        """

    def live_bots(account: str, leaving_out: Collection[str]) -> Deferred[int]:
        """Count an account's answered calls that have a bot, without the calls in `leaving_out`."""

    def costs(account: str, since: float) -> Deferred[dict[str, Decimal]]:
        """Sum up the costs of an account's calls that have begun since this time, by currency."""

    def tidy(now: float, keep_from: float) -> Deferred[None]:
        """Prepare for the next months; delete calls from before `keep_from`, and their claims; seconds, UTC."""

    def close() -> None:
        """Disconnect; a second call does nothing."""
