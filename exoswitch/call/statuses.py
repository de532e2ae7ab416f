"""Core: the statuses of a call, and that of one that was never answered, from Asterisk's cause and dial status."""

from enum import Enum

from exoswitch.telephony.causes import HangUpCause, is_known, is_specific


class CallStatus(Enum):
    """Exotel's call statuses; the last five are final."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether a call with this status is over."""
        return self not in {CallStatus.QUEUED, CallStatus.RINGING, CallStatus.IN_PROGRESS}


# 21 counts as busy: on a phone network it is nearly always a person who declines, which other networks report as 17.
# A trunk that refuses our calls (SIP 401, 403, 407) has the same cause, hence the two halves of its text.
_STATUS_BY_CAUSE = {
    17: CallStatus.BUSY,
    18: CallStatus.NO_ANSWER,
    19: CallStatus.NO_ANSWER,
    20: CallStatus.NO_ANSWER,
    21: CallStatus.BUSY,
}

_STATUS_BY_DIAL_STATUS = {
    "BUSY": CallStatus.BUSY,
    "NOANSWER": CallStatus.NO_ANSWER,
    "CANCEL": CallStatus.CANCELED,
    "ABORT": CallStatus.CANCELED,
    "CHANUNAVAIL": CallStatus.FAILED,
    "CONGESTION": CallStatus.FAILED,
}


def unanswered_status(dial_status: str | None, cause: int | None) -> CallStatus:
    """Give the final status of a call that was never answered.

    A specific cause outranks the dial status, because Asterisk writes NOANSWER for every cause that it has no dial
    status for; only a dial that was called off is canceled whatever the cause.
    """
    told = _STATUS_BY_DIAL_STATUS.get(dial_status or "")
    if told is CallStatus.CANCELED:
        return told
    if cause is not None and is_specific(cause):
        unknown = CallStatus.FAILED if is_known(cause) or told is None else told
        return _STATUS_BY_CAUSE.get(cause, unknown)
    if told is not None:
        return told
    return CallStatus.NO_ANSWER if cause == HangUpCause.NORMAL_CLEARING else CallStatus.FAILED
