"""Port: the store of callbacks: rows beside the sessions, each waiting, delivered or failed.

A callback that waits is due at some moment. A lease moves that moment to the end of the lease: if its gateway dies,
the callback is due again, for any gateway. So one gateway of the fleet at a time delivers the callbacks of a call.
"""

# mypy: disable-error-code="empty-body"

from collections.abc import Collection, Mapping, Sequence

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from exoswitch.outbox.delivery import Leased, Settlement, State
from exoswitch.outbox.rows import Backlog, Kept

LEASE_S = 45.0
"""Longer than the wait for a reply to `connect` and one attempt together."""

BEHIND_S = 0.5
"""How soon a callback is looked at again if an earlier one of its call is under way."""


class IOutbox(Interface):
    """The callbacks that sessions ask for; the session store adds them with the notes of the calls.

    Every Deferred may fail with BackendUnavailable.
    """

    name = Attribute("Its name in messages (str), without secrets.")

    def open() -> Deferred[None]:
        """Prepare for the first question; a second call does nothing."""

    def lease(
        limit: int, each: int, rooms: Mapping[str, int], full_accounts: Collection[str]
    ) -> Deferred[list[Leased]]:
        """Lease callbacks that are due, at most `limit`, and for LEASE_S.

        Of each receiver at most as many as `rooms` says, otherwise `each`; none of `full_accounts`. Of the callbacks
        of one call only the earliest that waits is leased. Of an account with more than `RECEIVERS_AT_ONCE`
        (outbox.queue), a look may find some of them only: the next looks find the others.
        """

    def settle(settlements: Sequence[Settlement]) -> Deferred[None]:
        """Write what came of attempts. If another process has the lease now, only a delivery counts."""

    def release() -> Deferred[None]:
        """End the leases of this gateway, of this process and of earlier ones: those callbacks are due now."""

    def backlog() -> Deferred[Backlog]:
        """Count the callbacks that wait."""

    def kept(states: Collection[State], limit: int) -> Deferred[list[Kept]]:
        """Read callbacks in these states, the newest calls first."""

    def resend(call_sids: Collection[str] | None) -> Deferred[int]:
        """Let failed callbacks wait again, as if never tried; None is those of all calls. Give their number."""

    def tidy() -> Deferred[None]:
        """Delete callbacks that were delivered, or have failed, long ago; see KEEP_DELIVERED_S, KEEP_FAILED_S.

        Those that wait until later than FARTHEST_DUE_S from now are due now: the clock was ahead, and was set back.
        """

    def close() -> None:
        """Disconnect; a second call does nothing."""


FARTHEST_DUE_S = 2 * 86_400.0
"""No pause is as long."""

KEEP_DELIVERED_S = 7 * 86_400.0
"""Until then a note that is written again adds no second callback; see `exoswitch.sessions.callback_rows`."""

KEEP_FAILED_S = 30 * 86_400.0
