"""Adapter: a call that was accepted and that no gateway dials ends like any other call, so its dialer is told.

Failover, recovery and the watch of hand-offs dial such a call elsewhere. They cannot if no gateway was alive, if
Redis forgot the call's place together with its gateway, or while its Asterisk is away. `resume` dials a call no
longer after `STALE_S`; then it ends here.
"""

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from exoswitch.call.session import Session
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.gateway.resume import STALE_S, Resumer
from exoswitch.tasks.repeat import repeat

LOOK_EVERY_S = 60.0


@define(eq=False)
class Undialled(Service):
    """Ends calls that were accepted long ago, were never dialled, and have no place on any gateway.

    Any gateway that reads their sessions may end them. A call is ended at the second look: in between, a gateway
    whose places Redis forgot has entered them again.
    """

    _environment: Environment
    _calls: LiveCalls
    _resumer: Resumer
    _seen: frozenset[str] = field(default=frozenset(), init=False)
    _loop: LoopingCall | None = field(default=None, init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.undialled"), init=False)

    def startService(self) -> None:
        """Begin to look."""
        self._loop = repeat(self._look, LOOK_EVERY_S, self._environment.clock, self._log)

    def stopService(self) -> None:
        """Look no longer."""
        if self._loop is not None and self._loop.running:
            self._loop.stop()

    async def _look(self) -> None:
        environment = self._environment
        if not environment.sessions.ready:
            return
        accepted_before = environment.wall_clock() - STALE_S
        undialled = await environment.of_store(environment.sessions.undialled(accepted_before))
        lost = await self._without_a_place(undialled)
        for session in lost:
            if session.call_sid in self._seen:
                await self._end(session)
        self._seen = frozenset(session.call_sid for session in lost)

    async def _without_a_place(self, sessions: tuple[Session, ...]) -> list[Session]:
        unknown = [session for session in sessions if self._calls.find(session.call_sid) is None]
        if not unknown:
            return []
        view = await self._environment.of_fleet(self._environment.nodes.view())
        placed = {lease.call_sid for lease in view.leases}
        return [session for session in unknown if session.call_sid not in placed]

    async def _end(self, session: Session) -> None:
        """End a call; the claim keeps every other gateway from dialling it from now on.

        If another process has claimed it, that one may have dialled it and died: then a channel may be up.
        """
        environment = self._environment
        why = f"no gateway dialled it for {STALE_S:g} s"
        if await environment.of_store(environment.sessions.claim(session.call_sid, environment.process)):
            self._resumer.end(session, why)
        else:
            self._resumer.give_up(session, why)
