"""Adapter: the sender: makes one attempt to deliver a callback, and writes what came of it."""

from collections.abc import Callable, Sequence

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exoswitch.interfaces.metrics import IMetrics
from exoswitch.outbox.delivery import ATTEMPT_S, Attempt, Leased, Result, RetryRules, Settlement
from exoswitch.outbox.interfaces import LEASE_S
from exoswitch.outbox.settling import Settling
from exoswitch.tasks.holds import Holds

_LATEST_S = LEASE_S - ATTEMPT_S - 1.0

Deliver = Callable[[Leased], Deferred[Attempt]]
"""Delivers a callback once, within `ATTEMPT_S`; it never fails."""


@define(eq=False, kw_only=True)
class Sender:
    """Makes attempts; `settle` writes what came of them, `rules` gives the rules for the pauses between them."""

    _deliver: Deliver
    _settle: Callable[[Sequence[Settlement]], Deferred[None]]
    _holds: Holds
    _rules: Callable[[], RetryRules]
    _clock: IReactorTime
    _metrics: IMetrics
    _settling: Settling = field(init=False)
    _log: Logger = field(factory=lambda: Logger(namespace="exoswitch.callbacks"), init=False)

    def __attrs_post_init__(self) -> None:
        """Write settlements in batches."""
        self._settling = Settling(self._settle, self._log)

    async def send(self, leased: Leased, leased_at: float) -> Result | None:
        """Deliver a callback, whose lease began at `leased_at` by the clock; None if the lease was over too soon.

        A process that was paused must not send a callback that another gateway has leased since.
        """
        await self._holds.wait(leased.call_sid)
        began = self._clock.seconds()
        if began - leased_at > _LATEST_S:
            return None
        attempt = await self._deliver(leased)
        self._metrics.observe("callback_seconds", self._clock.seconds() - began)
        settlement = self._rules().settle(leased, attempt)
        self._tell(settlement, attempt)
        await self._settling.add(settlement)
        return attempt.result

    def _tell(self, settlement: Settlement, attempt: Attempt) -> None:
        leased = settlement.leased
        outcome = _outcome(settlement, attempt)
        self._metrics.add("callback_deliveries_total", event=leased.event, outcome=outcome)
        if settlement.state == "delivered":
            return
        then = f"again in {settlement.pause_s:g} s" if settlement.state == "waiting" else "given up, and kept"
        self._log.warn(
            "call {call_sid}: callback {event} to {receiver} failed ({attempts} before): {why}; {then}",
            call_sid=leased.call_sid,
            event=leased.event,
            receiver=leased.receiver,
            attempts=leased.attempts,
            why=attempt.why,
            then=then,
        )


def _outcome(settlement: Settlement, attempt: Attempt) -> str:
    """Give the label of a metric."""
    if settlement.state == "delivered":
        return "delivered"
    if attempt.result is Result.FORBIDDEN:
        return "ssrf"
    if settlement.state == "waiting":
        return "retry"
    return "refused" if attempt.result is Result.REFUSED else "dropped"
