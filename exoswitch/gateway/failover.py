"""Adapter: failover: this gateway takes over calls of dead neighbours, and hands its own over when it stops.

The allocator decides which calls have no gateway, and which gateway takes each. This gateway reads the sessions of
the calls that it is to take, and goes on with them. Calls that no gateway could take are recorded as ended.
"""

from collections.abc import Iterable

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from exoswitch.call.session import Session
from exoswitch.fleet.leases import Lease
from exoswitch.gateway.environment import ANSWER_S, SESSION_STORE, Environment
from exoswitch.gateway.inbound import Inbound
from exoswitch.gateway.live_calls import LiveCalls
from exoswitch.gateway.resume import Resumer
from exoswitch.gateway.rules import CurrentRules
from exoswitch.tasks.repeat import repeat
from exoswitch.tasks.retry import Retry

ADOPT_EVERY_S = 0.1  # half of it is part of the silence that a caller hears
REAP_EVERY_S = 5.0
HAND_OFF_EVERY_S = 0.5
AT_ONCE = 5  # calls begun in one turn of the reactor: some 10 ms, which does not disturb the audio of other calls


@define(eq=False)
class Failover(Service):
    """Collects the calls that this gateway takes over, and hands its own off."""

    _environment: Environment
    _rules: CurrentRules
    _calls: LiveCalls
    _inbound: Inbound
    _resumer: Resumer
    _loops: list[LoopingCall] = field(factory=list, init=False)
    _handed_off: set[str] = field(factory=set, init=False)
    _retry: Retry = field(init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.failover"), init=False)

    def __attrs_post_init__(self) -> None:
        """Ask the store until it answers."""
        self._retry = Retry(self._environment.clock, ANSWER_S)

    def startService(self) -> None:
        """Look for calls of dead gateways, if their sessions can be read here."""
        if self._rules.now.routing.shares_sessions:
            self._loops.append(repeat(self._adopt, ADOPT_EVERY_S, self._environment.clock, self._log))
        self._loops.append(repeat(self._reap, REAP_EVERY_S, self._environment.clock, self._log))

    def leave_calls(self) -> None:
        """Hand off the calls that are answered, and each other call as soon as it is answered."""
        self._loops.append(repeat(self._hand_off, HAND_OFF_EVERY_S, self._environment.clock, self._log, now=True))

    def stopService(self) -> None:
        """Do nothing more."""
        self._retry.stop()
        for loop in self._loops:
            if loop.running:
                loop.stop()

    # --- Calls of dead gateways -------------------------------------------------------------------------------------

    async def _adopt(self) -> None:
        leases = await self._environment.nodes.adopt()
        if leases:
            self._log.warn("this gateway takes over {count} calls of dead gateways", count=len(leases))
            sessions = await self._sessions(leases)
            for number, lease in enumerate(leases, start=1):
                await self._go_on(sessions.get(lease.call_sid), lease)
                if number % AT_ONCE == 0:
                    await deferLater(self._environment.clock, 0)

    async def _go_on(self, session: Session | None, lease: Lease) -> None:
        if session is not None:
            await self._resumer.resume(session, lease)
        elif self._calls.find(lease.call_sid) is None and not self._inbound.is_waiting(lease.call_sid):
            self._log.warn("call {call_sid} has no session; it is not taken over", call_sid=lease.call_sid)
            await self._environment.of_fleet(self._environment.nodes.release(lease))

    async def _sessions(self, leases: Iterable[Lease]) -> dict[str, Session]:
        """Read the sessions of calls; asked again until the store answers."""
        call_sids = [lease.call_sid for lease in leases]
        found = await self._retry.ask(lambda: self._environment.sessions.recall(call_sids), SESSION_STORE)
        return {session.call_sid: session for session in found}

    async def _reap(self) -> None:
        leases = await self._environment.nodes.reap()
        if leases:
            self._environment.metrics.add("leases_reaped_total", len(leases))
            for session in (await self._sessions(leases)).values():
                if not session.status.is_final:
                    self._resumer.give_up(session, "no other gateway had a place for it")

    # --- Calls of this gateway, when it stops -----------------------------------------------------------------------

    async def _hand_off(self) -> None:
        leases = [call.lease for call in self._calls if call.is_answered and call.call_sid not in self._handed_off]
        if leases:
            taken = await self._environment.nodes.hand_off(leases)
            self._handed_off |= taken
            self._let_go(taken)
            self._log.info("{count} of {calls} calls go to other gateways", count=len(taken), calls=len(leases))

    def _let_go(self, taken: frozenset[str]) -> None:
        """Let go of calls between two phones: no audio that goes elsewhere tells that another gateway has them."""
        for call in self._calls:
            if call.call_sid in taken and call.session.is_between_phones:
                call.feed(call.inputs.moved)
