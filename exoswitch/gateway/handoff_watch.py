"""Adapter: calls that were accepted here and handed to other gateways are watched until they are dialled there.

If the other gateway dies before it dials, the allocator gives the call's place to a third one. This watch is for the
case in which Redis forgets everything: then the place and the job are both lost. A call is watched until a new place
is found; `undialled` ends the calls for which none is.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from attrs import define, field

from exoswitch.call.session import CallStatus, Session
from exoswitch.errors import BackendUnavailable
from exoswitch.gateway.environment import Environment

FIRST_LOOK_S = 5.0
LAST_LOOK_S = 300.0
_MOST = 10_000


@define(eq=False)
class HandoffWatch:
    """Watches calls that were handed over; `place_again` finds another place for one that has lost its place."""

    _environment: Environment
    _place_again: Callable[[Session], Awaitable[object]]
    _since: OrderedDict[str, float] = field(factory=OrderedDict, init=False)

    def watch(self, call_sid: str) -> None:
        """Watch a call from now on; of more than 10,000 calls the oldest is no longer watched."""
        self._since[call_sid] = self._environment.clock.seconds()
        if len(self._since) > _MOST:
            self._since.popitem(last=False)

    async def look(self) -> None:
        """Stop to watch calls that are dialled or over, and find another place for calls without one.

        Raises:
            BackendUnavailable: the session store or the fleet did not answer.
        """
        now = self._environment.clock.seconds()
        due = [call_sid for call_sid, since in self._since.items() if now - since >= FIRST_LOOK_S]
        if not due:
            return
        sessions = await self._environment.of_store(self._environment.sessions.recall(due))
        waiting = {session.call_sid: session for session in sessions if session.status is CallStatus.QUEUED}
        placed = await self._placed() if waiting else frozenset()
        for call_sid in due:
            if call_sid not in waiting or now - self._since[call_sid] >= LAST_LOOK_S:
                del self._since[call_sid]
            elif call_sid not in placed:
                await self._find_place(waiting[call_sid])

    async def _find_place(self, session: Session) -> None:
        since = self._since.pop(session.call_sid)
        try:
            await self._place_again(session)
        except BackendUnavailable:
            self._since.setdefault(session.call_sid, since)
            raise

    async def _placed(self) -> frozenset[str]:
        view = await self._environment.of_fleet(self._environment.nodes.view())
        return frozenset(lease.call_sid for lease in view.leases)
