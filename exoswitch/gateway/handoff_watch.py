"""Adapter: calls that were accepted here and handed over are minded until the gateway that is to dial them has begun.

A gateway that dies before it dialled leaves its place to an heir; this is for the day on which places and jobs are
lost as well, as they are when Redis forgets everything.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from attrs import define, field

from exoswitch.call.session import CallStatus, Session
from exoswitch.gateway.environment import Environment

FIRST_LOOK_S = 5.0
LAST_LOOK_S = 300.0
_MOST = 10_000


@define(eq=False)
class HandoffWatch:
    """Who looks after handed-over calls; `hand_over` finds another place for one that has none any more."""

    _environment: Environment
    _hand_over: Callable[[Session], Awaitable[object]]
    _since: OrderedDict[str, float] = field(factory=OrderedDict, init=False)

    def mind(self, call_sid: str) -> None:
        """Look after a call from now on; of very many the oldest are trusted to be well."""
        self._since[call_sid] = self._environment.clock.seconds()
        if len(self._since) > _MOST:
            self._since.popitem(last=False)

    async def look(self) -> None:
        """See which calls are dialled or over by now, and find another place for those that have none.

        Raises:
            BackendUnavailable: whether a call has a place, or how it stands, cannot be found out now.
        """
        now = self._environment.clock.seconds()
        due = [call_sid for call_sid, since in self._since.items() if now - since >= FIRST_LOOK_S]
        if not due:
            return
        sessions = await self._environment.in_time(self._environment.sessions.recall(due))
        waiting = {session.call_sid: session for session in sessions if session.status is CallStatus.QUEUED}
        placed = {lease.call_sid for lease in (await self._environment.nodes.view()).leases} if waiting else set()
        for call_sid in due:
            if call_sid not in waiting or now - self._since[call_sid] >= LAST_LOOK_S:
                del self._since[call_sid]
            elif call_sid not in placed:
                del self._since[call_sid]
                await self._hand_over(waiting[call_sid])
