"""Adapter: calls of gateways that have died fall to their neighbours, and those of one that stops if it says so.

The allocator decides which calls have no gateway any more, and to whom each falls. This gateway collects what fell to
it, reads the sessions, and goes on with the calls. What nobody could take is written down as ended.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from exoswitch.call.session import Session
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.environment import STORE_WAIT_S, Environment
from exoswitch.gateway.inbound import Inbound
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.gateway.resume import Resumption
from exoswitch.interfaces.routing import Routing
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.retry import Retry

ADOPT_EVERY_S = 0.1  # half of it is part of the silence that a caller hears
REAP_EVERY_S = 5.0
BEQUEATH_EVERY_S = 0.5
AT_ONCE = 5  # calls begun in one turn of the reactor: some 10 ms, which the other calls' audio does not notice


@define(eq=False)
class Failover:
    """Who collects the calls that fall to this gateway, and leaves its own to others."""

    _environment: Environment
    _routing: Routing
    _calls: LiveCalls
    _arrivals: Inbound
    _resumption: Resumption
    _loops: list[LoopingCall] = field(factory=list, init=False)
    _bequeathed: set[str] = field(factory=set, init=False)
    _retry: Retry = field(init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.failover"), init=False)

    def __attrs_post_init__(self) -> None:
        """Be patient with the store."""
        self._retry = Retry(self._environment.clock, STORE_WAIT_S)

    def start(self) -> None:
        """Look for calls of the dead from now on, if their sessions can be read here."""
        if self._routing.shares_sessions:
            self._loops.append(repeat(self._adopt, ADOPT_EVERY_S, self._environment.clock, self._log))
        self._loops.append(repeat(self._reap, REAP_EVERY_S, self._environment.clock, self._log))

    def leave_calls(self) -> None:
        """Let the calls that are answered fall to others from now on, each as soon as it is."""
        self._loops.append(repeat(self._bequeath, BEQUEATH_EVERY_S, self._environment.clock, self._log, now=True))

    def stop(self) -> None:
        """Do nothing more."""
        self._retry.stop()
        for loop in self._loops:
            if loop.running:
                loop.stop()

    def _repeat(
        self, work: Callable[[], Coroutine[Deferred[Any], Any, None]], every_s: float, *, now: bool = False
    ) -> None:
        self._loops.append(repeat(work, every_s, self._environment.clock, self._log, now=now))

    # --- Calls of the dead ------------------------------------------------------------------------------------------

    async def _adopt(self) -> None:
        leases = await self._environment.nodes.adopt()
        if leases:
            self._log.warn("{count} calls of gateways that are gone fell to this one", count=len(leases))
            sessions = await self._sessions(leases)
            for number, lease in enumerate(leases, start=1):
                await self._go_on(sessions.get(lease.call_sid), lease)
                if number % AT_ONCE == 0:
                    await deferLater(self._environment.clock, 0)

    async def _go_on(self, session: Session | None, lease: Lease) -> None:
        if session is not None:
            await self._resumption.resume(session, lease)
        elif self._calls.find(lease.call_sid) is None and not self._arrivals.is_waiting(lease.call_sid):
            self._log.warn("call {call_sid} has no session, and is left alone", call_sid=lease.call_sid)
            await self._environment.nodes.release(lease)

    async def _sessions(self, leases: Iterable[Lease]) -> dict[str, Session]:
        """Read the sessions of calls, for as long as it takes."""
        call_sids = [lease.call_sid for lease in leases]
        found = await self._retry.ask(lambda: self._environment.sessions.recall(call_sids), "the session store")
        return {session.call_sid: session for session in found}

    async def _reap(self) -> None:
        leases = await self._environment.nodes.reap()
        if leases:
            for session in (await self._sessions(leases)).values():
                if not session.status.is_final:
                    self._resumption.give_up(session, "no other had a place for it")

    # --- Ours, when we stop -----------------------------------------------------------------------------------------

    async def _bequeath(self) -> None:
        leases = [call.lease for call in self._calls if call.is_answered and call.call_sid not in self._bequeathed]
        if leases:
            fell = await self._environment.nodes.hand_off(leases)
            self._bequeathed |= fell
            self._log.info("{count} of {calls} calls were left to other gateways", count=len(fell), calls=len(leases))
