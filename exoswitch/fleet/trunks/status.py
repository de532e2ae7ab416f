"""Core: what a trunk may carry, the grant and the result of a dial on it, and its status as the fleet sees it."""

from collections.abc import Mapping
from enum import Enum

from attrs import frozen

from exoswitch.call.attempts import Health


@frozen
class TrunkLimits:
    """The limits of one trunk for the whole fleet: concurrent calls, and new calls a second (may be below 1)."""

    channels: int
    cps: float


@frozen(kw_only=True)
class TrunkGrant:
    """A channel of a trunk, and a turn to dial on it: `wait_s` from now.

    `is_probe`: the trunk's breaker is open, and this call tries whether the trunk is well again.
    """

    trunk: str
    wait_s: float
    is_probe: bool = False


@frozen(kw_only=True)
class DialResult:
    """What became of a dial, at the first sign of the far end or at the failure before that.

    `health` is GOOD when it rings or is answered; other values when it ends before that. A phone that is answered
    later gives a second result, with `health` None and `answered`. `post_dial_s` is the time from the dial to the
    first sign, `sip_status` that of a refusal.
    """

    health: Health | None = None
    post_dial_s: float | None = None
    answered: bool = False
    sip_status: int | None = None


class Circuit(Enum):
    """The state of a trunk's breaker.

    CLOSED: calls are dialled. OPEN: no call is dialled, as long as another trunk may be. HALF_OPEN: one call tries
    the trunk.
    """

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Alarm(Enum):
    """What an operator must look at; an alarm never opens a breaker.

    CONFIG: the trunk refuses our account, our number or our codecs. FORMAT: it refuses many numbers as badly written.
    ANSWER_RATIO: far fewer calls are answered than usual.
    """

    CONFIG = "config"
    FORMAT = "format"
    ANSWER_RATIO = "answer-ratio"


@frozen(kw_only=True)
class TrunkWindow:
    """The calls of the last 30 s: dials, answers, what attempts told of the trunk, and the SIP statuses of refusals.

    `post_dial_s` is the mean time from the dial to the first sign of the far end; None without one.
    """

    dialled: int
    answered: int
    health: Mapping[Health, int]
    sip_statuses: Mapping[int, int]
    post_dial_s: float | None


@frozen(kw_only=True)
class TrunkStatus:
    """A trunk at one moment.

    `why` is the reason for which the breaker opened; empty while it is closed. `busy` are the calls of the whole
    fleet, `busy_here` those of this gateway. `answer_ratio` is the share of dials that were answered in the long run;
    None before 200 dials.
    """

    circuit: Circuit
    why: str
    alarms: frozenset[Alarm]
    busy: int
    busy_here: int
    limits: TrunkLimits
    window: TrunkWindow
    answer_ratio: float | None
