"""Core: what the end of an attempt means: for the choice of another trunk, for the trunk, and for the call.

The rows are tables, read from the top: the first row that fits counts. A phone that has rung is never rung again. SIP
statuses come first. An Asterisk before 22.7 does not tell them; then the Q.850 cause decides. DialStatus decides
nothing: Asterisk 22 writes NOANSWER for nearly every refusal.
"""

from collections.abc import Collection
from enum import Enum

from attrs import frozen

from exoswitch.call.attempts import Health
from exoswitch.call.session import CallStatus
from exoswitch.call.statuses import unanswered_status

AT_ONCE_S = 1.5
"""A phone that is off is looked for over some seconds; a 480 that comes sooner is the trunk's."""


class End(Enum):
    """How an attempt ended.

    REFUSED: the channel is gone, with a SIP status or a cause. NO_CHANNEL: Asterisk made none, because it knows that
    the trunk is away. SILENT: the trunk gave no sign of the phone, and we gave up. RANG_OUT: the phone rang as long
    as it may. UNSEEN: the channel was gone when the link to Asterisk came back.
    """

    REFUSED = "refused"
    NO_CHANNEL = "no channel"
    SILENT = "silent"
    RANG_OUT = "rang out"
    UNSEEN = "unseen"


@frozen(kw_only=True)
class AttemptEnd:
    """The facts about the end of an attempt; `elapsed_s` is the time since the number was dialled.

    `sip_status`, `cause` (Q.850) and `dial_status` are None where Asterisk told none.
    """

    how: End
    has_rung: bool
    elapsed_s: float
    sip_status: int | None = None
    cause: int | None = None
    dial_status: str | None = None


class Next(Enum):
    """Whether the next trunk is tried; ONCE: unless an earlier attempt of the call ended in the same way."""

    YES = "yes"
    ONCE = "once"
    NO = "no"


@frozen
class Verdict:
    """What the end of an attempt means.

    `health` is that of the trunk; None if it is not known how the attempt ended. `status` is the call's, should it
    end now.
    """

    next_trunk: Next
    health: Health | None
    status: CallStatus


@frozen
class SipRow:
    """One row of the table of SIP statuses; it counts for answers within `before_s` seconds.

    `health` counts before any ringing. `rung` is the call's status if the phone has rung.
    """

    answers: Collection[int]
    next_trunk: Next
    health: Health
    status: CallStatus
    rung: CallStatus
    before_s: float = float("inf")


@frozen
class CauseRow:
    """One row of the table of Q.850 causes."""

    causes: Collection[int]
    next_trunk: Next
    health: Health
    before_s: float = float("inf")


_BUSY, _FAILED, _NO_ANSWER = CallStatus.BUSY, CallStatus.FAILED, CallStatus.NO_ANSWER

SIP_ROWS = (
    SipRow({486, 600}, Next.NO, Health.NEUTRAL, _BUSY, _BUSY),
    SipRow({603, 607, 608}, Next.NO, Health.NEUTRAL, _BUSY, _BUSY),
    SipRow({404, 410, 416, 484, 485, 604}, Next.NO, Health.WRONG_NUMBER, _FAILED, _FAILED),
    SipRow({480}, Next.ONCE, Health.WEAK, _NO_ANSWER, _NO_ANSWER, before_s=AT_ONCE_S),
    SipRow({480}, Next.NO, Health.WEAK, _NO_ANSWER, _NO_ANSWER),
    SipRow({408}, Next.YES, Health.STRONG, _FAILED, _NO_ANSWER),
    SipRow({401, 402, 403, 407}, Next.YES, Health.CONFIG, _FAILED, _BUSY),
    SipRow({415, 420, 421, 488, 606}, Next.YES, Health.CONFIG, _FAILED, _FAILED),
    SipRow(range(300, 400), Next.YES, Health.CONFIG, _FAILED, _FAILED),
    SipRow({487}, Next.YES, Health.WEAK, _FAILED, _NO_ANSWER),
    SipRow(range(500, 600), Next.YES, Health.STRONG, _FAILED, _FAILED),
    SipRow(range(400, 500), Next.YES, Health.WEAK, _FAILED, _FAILED),
    SipRow(range(600, 700), Next.NO, Health.NEUTRAL, _FAILED, _FAILED),
)
"""By SIP status."""

CAUSE_ROWS = (
    CauseRow({1, 22, 28}, Next.NO, Health.WRONG_NUMBER),
    CauseRow({19}, Next.ONCE, Health.WEAK, before_s=AT_ONCE_S),  # Asterisk's cause for a 480
    CauseRow({18, 19, 20}, Next.NO, Health.WEAK),
    CauseRow({16, 17, 21, 26, 27, 31}, Next.NO, Health.NEUTRAL),
    CauseRow({34, 38, 41, 42, 44, 47, 102, 111}, Next.YES, Health.STRONG),
    CauseRow({58}, Next.YES, Health.CONFIG),
    CauseRow(range(128), Next.YES, Health.WEAK),  # 0: no cause, as for some redirections (measured on 22.10)
)
"""By Q.850 cause, where there is no SIP status; the status of the call is that of `unanswered_status`."""

_BY_HOW = {
    End.NO_CHANNEL: Verdict(Next.YES, Health.STRONG, _FAILED),
    End.SILENT: Verdict(Next.YES, Health.STRONG, _FAILED),
    End.RANG_OUT: Verdict(Next.NO, Health.NEUTRAL, _NO_ANSWER),
}
_OWN_REFUSAL = Verdict(Next.YES, Health.CONFIG, _FAILED)


def judge(end: AttemptEnd, own_refusals: Collection[int] = frozenset()) -> Verdict:
    """Say what the end of an attempt means.

    `own_refusals` are the SIP statuses with which this trunk, before any ringing, refuses calls itself.
    """
    if end.has_rung:
        return Verdict(Next.NO, Health.NEUTRAL, _status_after_ringing(end))
    if end.how in _BY_HOW:
        return _BY_HOW[end.how]
    if end.sip_status in own_refusals:
        return _OWN_REFUSAL
    if row := _sip_row(end):
        return Verdict(row.next_trunk, row.health, row.status)
    return _by_cause(end)


def _status_after_ringing(end: AttemptEnd) -> CallStatus:
    if end.how in {End.SILENT, End.RANG_OUT}:
        return _NO_ANSWER
    row = _sip_row(end)
    return row.rung if row else unanswered_status(end.dial_status, end.cause)


def _sip_row(end: AttemptEnd) -> SipRow | None:
    fitting = (row for row in SIP_ROWS if end.sip_status in row.answers and end.elapsed_s < row.before_s)
    return next(fitting, None)


def _by_cause(end: AttemptEnd) -> Verdict:
    status = unanswered_status(end.dial_status, end.cause)
    if end.how is End.UNSEEN or end.cause is None:
        return Verdict(Next.NO, None, status)
    rows = (row for row in CAUSE_ROWS if end.cause in row.causes and end.elapsed_s < row.before_s)
    row = next(rows, None)
    return Verdict(Next.NO, None, status) if row is None else Verdict(row.next_trunk, row.health, status)
