"""Port: a database of sessions, as the store that batches and keeps journals asks for it."""

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.backends.session_notes import Note
from exoswitch.session import Session


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

    def find(call_sid: str) -> Deferred[Session | None]:
        """Read a session, or find that there is none."""

    def tidy(now: float, keep_from: float) -> Deferred[None]:
        """Make room for the time to come, and forget the calls that began before `keep_from`; seconds, UTC."""

    def close() -> Deferred[None]:
        """Disconnect; harmless the second time."""
