"""Port: a database of sessions, as the store that batches and keeps journals asks for it."""

from collections.abc import Collection, Sequence

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.sessions.notes import Note


class ISessionDatabase(Interface):
    """What `sessions` in the configuration names.

    Every Deferred fires within a time of the database's own, and fails with BackendUnavailable alone: the database
    cannot be reached, does not answer in time, or refuses. What it was asked may have been done nevertheless.
    """

    name = Attribute("What to call it in a log (str); no secret is in it.")

    def open() -> Deferred[None]:
        """Connect, or connect again, and bring the schema to the newest version; two at once do not collide."""

    def write(notes: Sequence[Note]) -> Deferred[None]:
        """Write notes in one transaction that is on the disk when the Deferred fires; twice is the same as once."""

    def recall(call_sids: Collection[str]) -> Deferred[list[Note]]:
        """Read the newest notes of these calls, in any order; all are read at once, so let them not be too many."""

    def unfinished(gateway: str) -> Deferred[list[str]]:
        """Give the SIDs of this gateway's calls that have not ended, in any order."""

    def claim(call_sids: Collection[str], token: str, now: float) -> Deferred[frozenset[str]]:
        """Write down who claims these calls, in one transaction; give those that no other token has, for ever.

        It is on the disk when the Deferred fires. Of any that claim a call at the same moment one comes first, and
        none of them waits for another in a circle. The calls themselves need not be there. `now` is in seconds, UTC.
        """

    def tidy(now: float, keep_from: float) -> Deferred[None]:
        """Make room for the time to come, and forget the calls before `keep_from`, and their claims; seconds, UTC."""

    def close() -> Deferred[None]:
        """Disconnect; harmless the second time."""
