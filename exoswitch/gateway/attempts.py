"""Adapter: the attempts of one call: the trunk of each, the time of its turn, and what the fleet is told of it."""

from collections.abc import Collection

from attrs import define, evolve, field
from twisted.logger import Logger

from exoswitch.call import effects as fx
from exoswitch.call.attempts import Attempt, ChosenTrunk, Health
from exoswitch.call.session import Session
from exoswitch.call.verdicts import AttemptEnd, End
from exoswitch.errors import TrunksFull
from exoswitch.fleet.trunks.pool import LONGEST_WAIT_S
from exoswitch.fleet.trunks.status import DialResult
from exoswitch.gateway.environment import Environment
from exoswitch.gateway.trunk_choice import OutboundRoute, TrunkChoice
from exoswitch.interfaces.switch import ISwitch
from exoswitch.telephony.sip_statuses import FINAL_ANSWERS

SECOND_WAIT_S = 20.0
"""How long a second phone waits for a turn if no trunk has an earlier one: a person is on the line already."""

_CAUSES = {End.SILENT: "silence", End.NO_CHANNEL: "no-channel"}


@define(eq=False)
class CallAttempts:
    """The trunks of one call, one after the other; times are monotonic seconds.

    `route` is that of the attempt under way, or of the next one. Each attempt has a token, which is also the id of
    its channel, so that late events of an earlier attempt never reach a later one. No attempt begins later than
    `budget_s` seconds after the first one.
    """

    _environment: Environment
    _choice: TrunkChoice
    _budget_s: float
    _log: Logger
    route: OutboundRoute | None = field(default=None, init=False)
    _token: str = field(default="", init=False)
    _first_at: float | None = field(default=None, init=False)
    _dialled_at: float = field(default=0.0, init=False)
    _failed: tuple[str, str] | None = field(default=None, init=False)  # the last trunk, and why it failed
    _is_over: bool = field(default=False, init=False)

    # --- The trunk ----------------------------------------------------------------------------------------------

    async def choose(self, session: Session) -> ChosenTrunk:
        """Choose a trunk for the next attempt.

        Raises:
            TrunksFull, TrunkError, InvalidValue, BackendUnavailable: see `TrunkChoice.choose`.
        """
        self._give_back()
        token = session.channel_of(len(session.attempts) + 1)
        tried = [attempt.trunk for attempt in session.attempts]
        route = await self._chosen(session, token, tried)
        self.route, self._token = route, token
        if self._is_over:
            self._give_back()
        return route.chosen

    async def _chosen(self, session: Session, token: str, tried: Collection[str]) -> OutboundRoute:
        try:
            return await self._choice.choose(session, token, tried, self._longest_wait_s)
        except TrunksFull:
            if self._is_over or session.parent_call_sid is None or self._first_at is not None:
                raise
            return await self._choice.choose(session, token, tried, SECOND_WAIT_S)

    async def turn_again(self, session: Session) -> ChosenTrunk:
        """Take another turn on the same trunk; if it has none soon, choose a trunk again.

        Raises:
            TrunksFull, TrunkError, InvalidValue, BackendUnavailable: see `TrunkChoice.choose`.
        """
        if self.route is None:
            return await self.choose(session)
        try:
            self.route = evolve(self.route, turn_at=await self._choice.turn_again(self._token))
        except TrunksFull:
            if self._is_over:
                raise
            return await self.choose(session)
        return self.route.chosen

    def hold(self, session: Session) -> None:
        """Count a call that has a channel of a trunk already."""
        if session.trunk:
            self._token = session.token
            self._environment.trunks.hold(self._token, session.trunk)

    def release(self) -> None:
        """Give the trunk's channel back, and also one that is granted later."""
        self._is_over = True
        self._give_back()

    def _give_back(self) -> None:
        token, self._token = self._token, ""
        if token:
            self._environment.trunks.release(token)

    # --- Times --------------------------------------------------------------------------------------------------

    @property
    def wait_s(self) -> float:
        """How long it is until the trunk's turn."""
        return 0.0 if self.route is None else max(0.0, self.route.turn_at - self._now)

    @property
    def late_s(self) -> float:
        """How long ago the trunk's turn was; negative before it."""
        return 0.0 if self.route is None else self._now - self.route.turn_at

    @property
    def elapsed_s(self) -> float:
        """The time since the attempt was dialled."""
        return self._now - self._dialled_at

    @property
    def spent_s(self) -> float:
        """The time since the call's first dial; 0.0 before it."""
        return 0.0 if self._first_at is None else self._now - self._first_at

    @property
    def _longest_wait_s(self) -> float:
        """How long the next attempt may wait for its turn."""
        if self._first_at is None:
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, max(0.0, self._budget_s - self.spent_s))

    @property
    def _now(self) -> float:
        return self._environment.clock.seconds()

    # --- What becomes of it -------------------------------------------------------------------------------------

    def dialled(self) -> tuple[Attempt, OutboundRoute]:
        """Give the attempt that begins now, and how it is dialled."""
        if self.route is None:
            raise LookupError("a call has no trunk to be dialled on")
        self._dialled_at = self._now
        if self._first_at is None:
            self._first_at = self._now
        name = self.route.trunk.name
        if self._failed is not None:
            before, cause = self._failed
            self._environment.metrics.add("trunk_failovers_total", **{"from": before, "to": name, "cause": cause})
        now = self._environment.wall_clock()
        return Attempt(trunk=name, channel_id=self._token, shown=self.route.shown, dialled_at=now), self.route

    def rang(self) -> None:
        """Tell the fleet that the trunk carries calls."""
        self._report(DialResult(health=Health.GOOD, post_dial_s=self.elapsed_s))

    def answered(self) -> None:
        """Tell the fleet that the phone was answered."""
        self._report(DialResult(answered=True))
        self._count("answered")

    def ended(self, ended: fx.EndAttempt, call_sid: str) -> None:
        """Tell fleet and operator how an attempt ended."""
        if self.route is None:
            return
        name, verdict, end = self.route.trunk.name, ended.verdict, ended.end
        self._count(ended.how.status.value)
        if verdict is None or end is None:
            return
        self._failed = name, _cause(end)
        if verdict.health is not None and not end.has_rung:
            self._report(DialResult(health=verdict.health, sip_status=end.sip_status))
        self._log.info(
            "call {call_sid}: an attempt on trunk {trunk} ended after {seconds:.1f} s: {reason}",
            call_sid=call_sid,
            trunk=name,
            seconds=end.elapsed_s,
            reason=ended.how.reason,
        )

    def qualify(self, switch: ISwitch) -> None:
        """Have Asterisk ask the trunk now whether it answers.

        A trunk that answers no OPTIONS is never asked: Asterisk would not dial it any more.
        """
        if self.route is not None and self.route.trunk.asks_options:
            switch.qualify(self.route.trunk.name)

    def _report(self, result: DialResult) -> None:
        if self.route is not None:
            self._environment.trunks.report(self.route.trunk.name, result, token=self._token)

    def _count(self, result: str) -> None:
        if self.route is not None:
            self._environment.metrics.add("trunk_attempts_total", trunk=self.route.trunk.name, result=result)


def _cause(end: AttemptEnd) -> str:
    """Name the cause of a failover for a metric: a word, or the SIP status."""
    if end.how in _CAUSES:
        return _CAUSES[end.how]
    return str(end.sip_status) if end.sip_status in FINAL_ANSWERS else "other"
