"""Adapter: a gateway that comes back takes its own calls up again: those that its store says it had when it ended.

An Asterisk that lists a call's channel still has the call; one that does not has seen its end. What neighbours have
taken over meanwhile is theirs.
"""

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from exoswitch.call.session import Session
from exoswitch.errors import BackendUnavailable, NoCapacity
from exoswitch.gateway.environment import STORE_WAIT_S, Environment
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.gateway.resume import Resumption
from exoswitch.interfaces.routing import Routing
from exoswitch.interfaces.switch import ISwitch
from exoswitch.tasks.retry import Retry
from exoswitch.tasks.spawn import spawn

FLEET_WAIT_S = 2.0  # how long a gateway that has just started waits for what its fleet shares


@define(eq=False)
class Recovery:
    """Who takes up the calls of an earlier process of this gateway."""

    _environment: Environment
    _calls: LiveCalls
    _resumption: Resumption
    _routing: Routing
    _left: dict[str, Session] = field(factory=dict, init=False)
    _channels: dict[str, frozenset[str]] = field(factory=dict, init=False)
    _retry: Retry = field(init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.recovery"), init=False)

    def __attrs_post_init__(self) -> None:
        """Be patient with what is shared."""
        self._retry = Retry(self._environment.clock, STORE_WAIT_S)

    def start(self) -> None:
        """Find out what was left."""
        spawn(self._find_left(), self._log, "looking for our calls of before")

    def stop(self) -> None:
        """Look no further."""
        self._retry.stop()

    def switch_ready(self, switch: ISwitch, channel_ids: frozenset[str]) -> None:
        """Hear which channels an Asterisk has."""
        self._channels[switch.name] = channel_ids
        spawn(self._take_up(switch), self._log, "taking our calls up again")

    def expects(self, switch: ISwitch, channel_id: str) -> bool:
        """Whether a channel is of a call that is about to be taken up again."""
        return any(
            (session.asterisk, _channel_of(session)) == (switch.name, channel_id) for session in self._left.values()
        )

    # --- What was left ----------------------------------------------------------------------------------------------

    async def _find_left(self) -> None:
        began_at = self._environment.wall_clock()
        unfinished = await self._retry.ask(self._unfinished, "the session store")
        of_before = [session for session in unfinished if session.created_at < began_at]
        if not of_before:
            return
        elsewhere = await self._held_elsewhere()
        mine = [session for session in of_before if session.call_sid not in elsewhere]
        self._log.warn("{count} calls of before have not ended", count=len(mine))
        for session in mine:
            if session.asterisk in self._environment.switches:
                self._left[session.call_sid] = session
            else:
                self._resumption.end(session, f"its Asterisk, {session.asterisk}, is configured no more")
        for name in tuple(self._channels):
            await self._take_up(self._environment.switches[name])

    async def _held_elsewhere(self) -> frozenset[str]:
        """Give the SIDs of calls that other gateways have by now."""
        if not self._routing.in_fleet:
            return frozenset()
        give_up_at = self._environment.clock.seconds() + FLEET_WAIT_S
        while not self._environment.nodes.is_shared and self._environment.clock.seconds() < give_up_at:
            await self._retry.pause()
        try:
            view = await self._environment.nodes.view()
        except BackendUnavailable:
            return frozenset()
        return frozenset(lease.call_sid for lease in view.leases if lease.gateway != self._environment.node)

    def _unfinished(self) -> Deferred[tuple[Session, ...]]:
        return self._environment.sessions.unfinished(self._environment.node)

    # --- What becomes of it -----------------------------------------------------------------------------------------

    async def _take_up(self, switch: ISwitch) -> None:
        for session in [session for session in self._left.values() if session.asterisk == switch.name]:
            is_up = _channel_of(session) in self._channels[switch.name]
            if self._calls.find(session.call_sid) is not None:
                pass  # It came back to us another way: another gateway had accepted it, and handed it over again.
            elif self._calls.of_channel(switch, _channel_of(session)) is not None:
                self._resumption.end(session, "its caller was answered anew")
            elif is_up or session.answered_at is None:
                await self._resume(session, switch)
            else:
                self._resumption.end(session, "it ended meanwhile")
            self._left.pop(session.call_sid, None)

    async def _resume(self, session: Session, switch: ISwitch) -> None:
        try:
            lease = await self._environment.nodes.allocate(
                session.call_sid,
                asterisk=switch.name,
                quotas=self._routing.quotas_of(session.account, is_new=False),
            )
        except (NoCapacity, BackendUnavailable) as problem:
            self._resumption.give_up(session, str(problem))
        else:
            await self._resumption.resume(session, lease)


def _channel_of(session: Session) -> str:
    return session.channel_id or session.call_sid
