"""Adapter: the choice of a trunk for a call: the trunks that take it, then the first with a channel and a turn."""

import random
from collections.abc import Callable, Collection

from attrs import define, field, frozen
from twisted.internet.defer import Deferred

from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.session import Session
from exoswitch.errors import BackendUnavailable, InvalidValue, NoCapacity, TrunkError, TrunksFull
from exoswitch.fleet.trunks.status import TrunkGrant
from exoswitch.gateway.environment import ANSWER_S, Environment
from exoswitch.gateway.rules import CurrentRules
from exoswitch.gateway.trunk_watch import TrunkWatch
from exoswitch.interfaces.trunk import Dialling, ITrunk
from exoswitch.tasks.within import within
from exoswitch.telephony.numbers import mask
from exoswitch.trunks.selection import CallFacts


@frozen(kw_only=True)
class OutboundRoute:
    """How a call is dialled: its trunk, the number shown (E.164), and the time of its turn (monotonic seconds).

    `is_last` says that no other trunk takes the call.
    """

    trunk: ITrunk
    dialling: Dialling
    shown: str
    turn_at: float
    is_last: bool

    @property
    def chosen(self) -> ChosenTrunk:
        """What the call's machine knows of it."""
        return ChosenTrunk(
            name=self.trunk.name,
            address=self.trunk.address,
            post_dial_s=self.trunk.post_dial_s,
            own_refusals=self.trunk.own_refusals,
            is_last=self.is_last,
        )


@define(eq=False)
class TrunkChoice:
    """Chooses a trunk by the rules in force, by what each Asterisk tells of its trunks, and by the fleet's pool."""

    _environment: Environment
    _rules: CurrentRules
    _watch: TrunkWatch
    _draw: Callable[[], float] = field(factory=lambda: random.Random().random)

    async def choose(
        self, session: Session, token: str, tried: Collection[str], longest_wait_s: float
    ) -> OutboundRoute:
        """Take a channel and a turn of a trunk that was not tried; `token` names the attempt.

        Raises:
            TrunksFull: no trunk has both.
            TrunkError: no trunk takes this call.
            InvalidValue: no trunk can dial this number.
            BackendUnavailable: the pool did not answer in time.
        """
        ways = self._ways(session, tried)
        try:
            grant = await self._answer(
                self._environment.trunks.take(token, tuple(ways), longest_wait_s=longest_wait_s)
            )
        except NoCapacity as problem:
            raise TrunksFull(str(problem)) from None
        except BackendUnavailable:
            self._environment.trunks.release(token)  # It may have been taken although the answer did not come.
            raise
        trunk, dialling = ways[grant.trunk]
        return OutboundRoute(
            trunk=trunk,
            dialling=dialling,
            shown=trunk.shown(session.exophone),
            turn_at=self._turn_at(grant),
            is_last=len(ways) == 1,
        )

    async def turn_again(self, token: str) -> float:
        """Take another turn on the trunk of an attempt; give its time.

        Raises:
            TrunksFull: the trunk has no turn soon.
            BackendUnavailable: the pool did not answer in time.
        """
        try:
            grant = await self._answer(self._environment.trunks.missed(token))
        except NoCapacity as problem:
            raise TrunksFull(str(problem)) from None
        return self._turn_at(grant)

    def _answer(self, asked: Deferred[TrunkGrant]) -> Deferred[TrunkGrant]:
        return within(ANSWER_S, self._environment.clock, asked, "the pool of trunks")

    def _turn_at(self, grant: TrunkGrant) -> float:
        self._environment.metrics.observe("trunk_cps_wait_seconds", grant.wait_s, trunk=grant.trunk)
        return self._environment.clock.seconds() + grant.wait_s

    def _ways(self, session: Session, tried: Collection[str]) -> dict[str, tuple[ITrunk, Dialling]]:
        """Find how each trunk that takes the call dials it, in the order of preference."""
        rules = self._rules.now
        names = rules.selection.candidates(
            CallFacts(session.account, session.customer),
            tried=tried,
            now=self._environment.wall_clock(),
            draw=self._draw,
            down=self._watch.conditions.down(session.asterisk or ""),
        )
        ways: dict[str, tuple[ITrunk, Dialling]] = {}
        problem: InvalidValue | None = None
        for name in names:
            trunk = rules.routing.trunks[name]
            try:
                ways[name] = trunk, trunk.dial(session.customer, session.exophone)
            except InvalidValue as why:  # its words go to the log, and to the reason of the call's end
                problem = InvalidValue(str(why).replace(session.customer, mask(session.customer)))
        if not ways:
            raise problem or TrunkError(_why_none(rules.routing.trunks, tried))
        return ways


def _why_none(trunks: Collection[str], tried: Collection[str]) -> str:
    if not trunks:
        return "no trunk is configured: add one under trunks:"
    if tried:
        return "every trunk that takes this call was tried"
    return "no trunk takes calls of this account to this number: see prefixes and accounts under trunks:"
