"""Core: every way in which a call can end, and the sentence that tells an operator."""

from functools import partial

from exoswitch.call.session import CallStatus, DisconnectedBy, Ending, StreamStatus
from exoswitch.call.statuses import unanswered_status
from exoswitch.telephony.causes import cause_text

NORMAL_CLOSING = 1000  # RFC 6455 §7.4.1
GOING_AWAY = 1001


_TRUNK_REMEDY = "check its address and the network: Asterisk asks it by OPTIONS, now again"

_SIDES = {DisconnectedBy.USER: "user", DisconnectedBy.BOT: "bot"}

_completed = partial(Ending, status=CallStatus.COMPLETED)


def not_placed(reason: str) -> Ending:
    """The call had no place, or could not be dialled for another reason of this gateway."""
    return Ending(status=CallStatus.FAILED, reason=reason)


def refused_by_asterisk(reason: str) -> Ending:
    """Asterisk refused to dial, to bridge or to lead the call to this gateway."""
    return Ending(status=CallStatus.FAILED, reason=f"Asterisk refused the call: {reason}")


def dead_trunk(trunk: str, dial_status: str | None) -> Ending:
    """The Originate failed before any channel existed: the trunk is unreachable."""
    status = f": {dial_status}" if dial_status else ""
    reason = f"{trunk} could not be reached{status}; {_TRUNK_REMEDY}"
    return Ending(status=unanswered_status(dial_status, None), reason=reason)


def unanswered(dial_status: str | None, cause: int) -> Ending:
    """The phone was dialled and nobody answered, for the reason that the trunk gave."""
    reason = f"not answered: {cause_text(cause)}"
    return Ending(status=unanswered_status(dial_status, cause), reason=reason, cause=cause)


def silent_trunk(trunk: str) -> Ending:
    """The ring time passed, and the trunk never said that the phone rings."""
    return Ending(
        status=CallStatus.FAILED,
        reason=f"{trunk} never said that the phone rang: it is unreachable, or overloaded; {_TRUNK_REMEDY}",
    )


def rang_too_long(seconds: float) -> Ending:
    """Neither an answer nor a refusal came from the trunk in time."""
    return Ending(
        status=CallStatus.NO_ANSWER,
        reason=f"neither an answer nor a refusal came from Asterisk for {seconds:g} s",
    )


def caller_gave_up(cause: int) -> Ending:
    """The person on the phone hung up before the bot was connected."""
    return caller_hung_up(cause, "the caller hung up before the bot was connected")


def caller_hung_up(cause: int, when: str = "the caller hung up") -> Ending:
    """The person on the phone hung up."""
    return _completed(
        reason=f"{when}: {cause_text(cause)}",
        cause=cause,
        stream_status=StreamStatus.CANCELLED,
        disconnected_by=DisconnectedBy.USER,
    )


def is_goodbye(code: int | None) -> bool:
    """Whether the bot ended the conversation with this close code; any other end is a loss."""
    return code in {NORMAL_CLOSING, GOING_AWAY}


def bot_closed(code: int | None, reason: str) -> Ending:
    """The bot closed its stream; a close without a closing frame counts as a lost connection."""
    told = f"{code} {reason}".strip() if code is not None else reason or "no close frame"
    is_lost = not is_goodbye(code)
    how = "the bot's connection ended abnormally" if is_lost else "the bot closed the stream"
    return _completed(
        reason=f"{how} ({told})",
        stream_status=StreamStatus.COMPLETED,
        disconnected_by=DisconnectedBy.BOT,
        stream_error=told if is_lost else None,
    )


def bot_unreachable(error: str) -> Ending:
    """The bot refused, failed or did not answer the handshake, twice (Exotel retries exactly once)."""
    return _completed(
        reason=f"the bot could not be reached: {error}", stream_status=StreamStatus.FAILED, stream_error=error
    )


def bot_lost(error: str) -> Ending:
    """The bot's connection was lost, and every new attempt failed; `error` is the last attempt's."""
    return _completed(
        reason=f"the bot was lost, and could not be reached again: {error}",
        stream_status=StreamStatus.FAILED,
        stream_error=error,
    )


def media_lost(silent_s: float) -> Ending:
    """No audio has come from Asterisk for too long."""
    return _completed(
        reason=f"no audio came from Asterisk for {silent_s:.0f} s; if none came at all, check rtp.advertise",
        stream_status=StreamStatus.COMPLETED,
    )


def too_long(seconds: float) -> Ending:
    """The call reached its longest duration."""
    return _completed(reason=f"the call reached its limit of {seconds:g} s", stream_status=StreamStatus.COMPLETED)


def ended_by(ending: Ending) -> str:
    """Give the side that ended a call: `user` is the person on the phone, `network` all between the person and us."""
    if ending.disconnected_by in _SIDES:
        return _SIDES[ending.disconnected_by]
    if ending.status in {CallStatus.BUSY, CallStatus.NO_ANSWER}:
        return "user"
    return "gateway" if ending.cause is None else "network"


def gateway_lost(why: str, *, answered: bool) -> Ending:
    """The call's gateway was lost, and no other gateway went on with the call."""
    return Ending(
        status=CallStatus.COMPLETED if answered else CallStatus.FAILED,
        reason=f"its gateway was lost: {why}",
        stream_status=StreamStatus.FAILED if answered else None,
    )


def canceled(reason: str) -> Ending:
    """This gateway ended a call that was not answered."""
    return Ending(status=CallStatus.CANCELED, reason=reason)


def stopped(reason: str) -> Ending:
    """This gateway ended an answered call, by request or because it stops."""
    return _completed(reason=reason, stream_status=StreamStatus.COMPLETED)
