"""Core: every way in which a call can end, and the sentence that tells an operator."""

from collections.abc import Sequence
from functools import partial

from attrs import evolve

from exoswitch.call.attempts import ChosenTrunk
from exoswitch.call.session import CallStatus, DisconnectedBy, Ending, StreamStatus
from exoswitch.call.verdicts import AttemptEnd, End
from exoswitch.telephony.causes import cause_text
from exoswitch.telephony.sip_statuses import sip_text

NORMAL_CLOSING = 1000  # RFC 6455 §7.4.1
GOING_AWAY = 1001

_TRUNK = "the trunk"
_TRUNK_REMEDY = "check its address and the network: Asterisk asks it by OPTIONS, now again"

_SIDES = {DisconnectedBy.USER: "user", DisconnectedBy.BOT: "bot"}

_completed = partial(Ending, status=CallStatus.COMPLETED)


def not_placed(reason: str) -> Ending:
    """The call had no place, or could not be dialled for another reason of this gateway."""
    return Ending(status=CallStatus.FAILED, reason=reason)


def refused_by_asterisk(reason: str) -> Ending:
    """Asterisk refused to dial, to bridge or to lead the call to this gateway."""
    return Ending(status=CallStatus.FAILED, reason=f"Asterisk refused the call: {reason}")


def attempt_failed(end: AttemptEnd, status: CallStatus, trunk: ChosenTrunk | None) -> Ending:
    """The phone was dialled and nobody answered, or the trunk failed; `trunk` is None where it is not known."""
    if end.has_rung and end.how in {End.SILENT, End.RANG_OUT}:
        return Ending(status=status, reason=f"not answered{_on(trunk)}: the phone rang, and nobody answered")
    if end.how is End.SILENT:
        return silent_trunk(trunk)
    if end.how is End.NO_CHANNEL:
        told = f": {end.dial_status}" if end.dial_status else ""
        return Ending(status=status, reason=f"{trunk or _TRUNK} could not be reached{told}; {_TRUNK_REMEDY}")
    why = cause_text(end.cause) if end.sip_status is None else sip_text(end.sip_status)
    if end.has_rung and status is CallStatus.NO_ANSWER and end.sip_status is not None:
        why = f"the phone rang, and nobody answered (SIP {end.sip_status})"
    return Ending(status=status, reason=f"not answered{_on(trunk)}: {why}", cause=end.cause)


def silent_trunk(trunk: ChosenTrunk | None) -> Ending:
    """The trunk never said that the phone rings."""
    return Ending(
        status=CallStatus.FAILED,
        reason=f"{trunk or _TRUNK} never said that the phone rang: it is unreachable, or overloaded; {_TRUNK_REMEDY}",
    )


def after_failures(ending: Ending, failures: Sequence[str]) -> Ending:
    """Add why earlier trunks of the call failed."""
    return evolve(ending, reason="; before: ".join([ending.reason, *failures])) if failures else ending


def rang_out(seconds: float) -> Ending:
    """The phone rang as long as it may."""
    return Ending(status=CallStatus.NO_ANSWER, reason=f"not answered: the phone rang for {seconds:g} s")


def _on(trunk: ChosenTrunk | None) -> str:
    return "" if trunk is None else f" on {trunk}"


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


def second_not_reached(how: Ending) -> Ending:
    """The first phone was answered, and the second one was not: the call itself counts as completed (spec §6.5)."""
    return _completed(reason=f"the second phone was not reached: {how.reason}", cause=how.cause)


def first_gave_up(cause: int) -> Ending:
    """The person on the first phone hung up before the second one was answered."""
    reason = f"the first phone hung up before the second one was answered: {cause_text(cause)}"
    return _completed(reason=reason, cause=cause, disconnected_by=DisconnectedBy.USER)


def phone_hung_up(cause: int, which: str) -> Ending:
    """One of the two phones hung up: the ``first``, the ``second``, or the ``other`` than the one that tells it."""
    reason = f"the {which} phone hung up: {cause_text(cause)}"
    return _completed(reason=reason, cause=cause, disconnected_by=DisconnectedBy.USER)


def stopped_phones(reason: str) -> Ending:
    """This gateway ended a call between two phones, by request or because it stops."""
    return _completed(reason=reason)


def phones_too_long(seconds: float) -> Ending:
    """The call between two phones reached its longest duration."""
    return _completed(reason=f"the call reached its limit of {seconds:g} s")
