"""Core: the delivery of one callback: what an attempt came to, and the step that follows.

waiting ──delivered──► delivered (kept some days)
│  ▲
│  └── failed: again after 5 and 15 minutes, as Exotel, then after twice as long each time
└──── given up: kept as failed, until a person sends it again
"""

from enum import Enum
from typing import Literal

from attrs import evolve, field, frozen

from exoswitch.outbox.callbacks import TERMINAL

State = Literal["waiting", "delivered", "failed"]

ATTEMPT_S = 15.0
"""The longest attempt (spec §6.6)."""

REFUSALS_MAX = 3
"""The attempts of an event that a receiver refuses: Exotel makes three, and the later events of a call wait."""

LONGEST_PAUSE_S = 4 * 3600.0
_SECOND_PAUSE = 3  # times the first one: 5 and 15 minutes (spec §6.6)
_RETRY_AFTER_S = (10.0, 3600.0)
_LEAST_PAUSE_S = 1.0


class Result(Enum):
    """What an attempt came to.

    DELIVERED: the receiver answered with 2xx. REFUSED: it answered with 3xx or 4xx: it works, and does not want this.
    FAILED: it answered otherwise, or not at all. FORBIDDEN: its address may not be connected to.
    """

    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"
    FORBIDDEN = "ssrf"


@frozen(kw_only=True)
class Attempt:
    """One attempt; `why` is for an operator, without secrets. `retry_after_s` is the wish of the receiver."""

    result: Result
    why: str = ""
    retry_after_s: float | None = None


@frozen(kw_only=True)
class Leased:
    """A callback that this process is to deliver now: no other one does so before the lease ends.

    `attempts` were made before; the first one was `age_s` ago. `document` is the session as it was, as text.
    """

    call_sid: str
    position: int
    event: str
    leg: int
    account: str
    receiver: str
    attempts: int
    age_s: float
    document: str = field(repr=False)

    @property
    def key(self) -> str:
        """What identifies it, over all attempts: a receiver that knows the key has had this callback."""
        return f"{self.call_sid}-{self.event}-{self.leg}"


@frozen(kw_only=True)
class Settlement:
    """The state of a callback after an attempt; if it is still waiting, the next attempt is made in `pause_s`."""

    leased: Leased
    state: State
    pause_s: float = 0.0
    why: str = ""


@frozen(kw_only=True)
class RetryRules:
    """The pauses between attempts, from the configuration: the first one, and the time after which they end."""

    first_s: float = 300.0
    give_up_s: float = 24 * 3600.0

    def settle(self, leased: Leased, attempt: Attempt) -> Settlement:
        """Say what follows from an attempt."""
        if attempt.result is Result.DELIVERED:
            return Settlement(leased=leased, state="delivered")
        waiting = Settlement(leased=leased, state="waiting", why=attempt.why)
        left_s = self.give_up_s - leased.age_s
        is_refused = attempt.result is Result.REFUSED and leased.event != TERMINAL
        if left_s <= 0 or (is_refused and leased.attempts + 1 >= REFUSALS_MAX):
            return evolve(waiting, state="failed")
        pause_s = self.pause_s(leased.attempts) if attempt.retry_after_s is None else _bounded(attempt.retry_after_s)
        return evolve(waiting, pause_s=min(pause_s, max(left_s, _LEAST_PAUSE_S)))

    def pause_s(self, attempts: int) -> float:
        """Give the pause after an attempt; `attempts` were made before it."""
        if attempts == 0:
            return self.first_s
        doublings = min(attempts - 1, 32)  # float has room for it, and the pause is at its limit long before
        return min(self.first_s * _SECOND_PAUSE * 2.0**doublings, max(LONGEST_PAUSE_S, self.first_s))


def _bounded(seconds: float) -> float:
    least, most = _RETRY_AFTER_S
    return min(max(seconds, least), most)
