"""Adapter: recovery: a gateway that starts again goes on with the calls that it had when it ended.

The session store knows them. If an Asterisk lists the channel of a call, the call is still up; if not, it has ended.
Calls that other gateways have taken over meanwhile are theirs.
"""

from contextlib import suppress

from attrs import define, field
from twisted.application.service import Service
from twisted.logger import Logger

from exoswitch.call.session import CallStatus, Session
from exoswitch.errors import BackendUnavailable, NoCapacity
from exoswitch.gateway.environment import ANSWER_S, SESSION_STORE, Environment
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.gateway.resume import Resumer
from exoswitch.gateway.rules import CurrentRules
from exoswitch.interfaces.switch import ISwitch
from exoswitch.tasks.retry import Retry
from exoswitch.tasks.spawn import spawn


@define(eq=False)
class Recovery(Service):
    """Goes on with the calls of an earlier process of this gateway."""

    _environment: Environment
    _calls: LiveCalls
    _resumer: Resumer
    _rules: CurrentRules
    _left: dict[str, Session] = field(factory=dict, init=False)
    _under_way: set[str] = field(factory=set, init=False)
    _channels: dict[str, frozenset[str]] = field(factory=dict, init=False)
    _retry: Retry = field(init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.recovery"), init=False)

    def __attrs_post_init__(self) -> None:
        """Ask the store until it answers."""
        self._retry = Retry(self._environment.clock, ANSWER_S)

    def startService(self) -> None:
        """Read which calls were left."""
        spawn(self._find_left(), self._log, "looking for the calls of an earlier process")

    def stopService(self) -> None:
        """Ask nothing more."""
        self._retry.stop()

    def switch_ready(self, switch: ISwitch, channel_ids: frozenset[str]) -> None:
        """Take the list of an Asterisk's channels."""
        self._channels[switch.name] = channel_ids
        spawn(self._go_on(switch), self._log, "going on with the calls of an earlier process")

    def expects(self, switch: ISwitch, channel_id: str) -> bool:
        """Whether a channel is of a call that this gateway is about to go on with."""
        return any(
            session.asterisk == switch.name and channel_id in self._channels_of(session)
            for session in self._left.values()
        )

    # --- What was left ----------------------------------------------------------------------------------------------

    async def _find_left(self) -> None:
        began_at = self._environment.wall_clock()
        sessions, node = self._environment.sessions, self._environment.node
        unfinished = await self._retry.ask(lambda: sessions.unfinished(node), SESSION_STORE)
        left = [session for session in unfinished if self._was_left(session, began_at)]
        if not left:
            return
        elsewhere = await self._held_elsewhere()
        mine = [session for session in left if session.call_sid not in elsewhere]
        self._log.warn("{count} calls of an earlier process have not ended", count=len(mine))
        for session in mine:
            if session.asterisk in self._environment.switches:
                self._left[session.call_sid] = session
            else:
                self._resumer.end(session, f"its Asterisk, {session.asterisk}, is no longer configured")
        for name in tuple(self._channels):
            await self._go_on(self._environment.switches[name])

    def _was_left(self, session: Session, began_at: float) -> bool:
        """Whether an earlier process had this call; the clock may have been set back since.

        A call that is queued since our start was handed over to this process: its job arrives.
        """
        is_new = session.status is CallStatus.QUEUED and session.created_at >= began_at
        return not is_new and self._calls.find(session.call_sid) is None

    async def _held_elsewhere(self) -> frozenset[str]:
        if not self._rules.now.routing.in_fleet:
            return frozenset()
        try:
            view = await self._environment.of_fleet(self._environment.nodes.view())
        except BackendUnavailable:
            return frozenset()
        return frozenset(lease.call_sid for lease in view.leases if lease.gateway != self._environment.node)

    # --- What becomes of it -----------------------------------------------------------------------------------------

    async def _go_on(self, switch: ISwitch) -> None:
        for session in await self._still_left(switch):
            call_sid = session.call_sid
            if call_sid not in self._left or call_sid in self._under_way:
                continue  # The list came twice: the other look at it had this call, or has it.
            self._under_way.add(call_sid)
            try:
                await self._go_on_with(session, switch)
            finally:
                self._under_way.discard(call_sid)
            self._left.pop(call_sid, None)

    async def _go_on_with(self, session: Session, switch: ISwitch) -> None:
        possible = self._channels_of(session)
        is_up = not self._channels[switch.name].isdisjoint(possible)
        if self._calls.find(session.call_sid) is not None:
            pass  # Another gateway had accepted it, and has handed it over again.
        elif any(self._calls.of_channel(switch, channel_id) is not None for channel_id in possible):
            self._resumer.end(session, "its caller was answered as a new call")
        elif is_up or session.answered_at is None:
            await self._resume(session, switch)
        else:
            self._resumer.end(session, "it ended while no gateway had it")

    async def _still_left(self, switch: ISwitch) -> list[Session]:
        """Give the calls that were left at an Asterisk; it may have been away for long, and some have ended since."""
        left = [session for session in self._left.values() if session.asterisk == switch.name]
        if not left:
            return []
        environment = self._environment
        with suppress(BackendUnavailable):
            known = await environment.of_store(environment.sessions.recall([session.call_sid for session in left]))
            for session in known:
                if session.status.is_final:
                    self._left.pop(session.call_sid, None)
        return [session for session in left if session.call_sid in self._left]

    def _channels_of(self, session: Session) -> tuple[str, ...]:
        return session.channels(self._rules.now.routing.limits.attempts)

    async def _resume(self, session: Session, switch: ISwitch) -> None:
        try:
            lease = await self._environment.of_fleet(
                self._environment.nodes.allocate(
                    session.call_sid,
                    asterisk=switch.name,
                    quotas=self._rules.now.routing.quotas_of(session.account, is_new=False),
                )
            )
        except (NoCapacity, BackendUnavailable) as problem:
            self._resumer.give_up(session, str(problem))
        else:
            await self._resumer.resume(session, lease)
