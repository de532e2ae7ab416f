"""Core: what a status callback tells, with Exotel's keys in Exotel's order (spec §6.6).

No value is ever null: strict receivers take text and whole numbers only.
"""

from typing import Any

from exoswitch.call.search import to_number
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import CallStatus, Session
from exoswitch.exotel import legs
from exoswitch.telephony.indian_time import written_time
from exoswitch.telephony.numbers import national

Document = dict[str, Any]
"""Values are texts, whole numbers, and for `Legs` a list of such documents."""

_UNKNOWN_ANSWERER = "NA"


def document(session: Session, event: str, recording_url: str = "") -> Document:
    """Give the document of an event; a dialer that named no events gets the minimal one at the end of the call."""
    if session.callback is None or not session.callback.events:
        return _minimal(session, recording_url)
    told = {
        "CallSid": session.call_sid,
        "EventType": event,
        "DateCreated": written_time(session.created_at),
        "DateUpdated": written_time(session.updated_at),
        "Status": session.status.value,
        "To": national(to_number(session)),
        "From": national(session.customer),
        "PhoneNumberSid": national(session.exophone),
        "StartTime": written_time(session.created_at),
        "EndTime": _time(session.ended_at),
        "ConversationDuration": legs.conversation_s(session),
        "Direction": session.direction.value,
        "RecordingUrl": recording_url,
    }
    if session.ended_at is not None:
        told["CustomField"] = session.custom_field or ""
    return told | {"Legs": _legs(session)}


def _minimal(session: Session, recording_url: str) -> Document:
    return {
        "CallSid": session.call_sid,
        "DateUpdated": written_time(session.updated_at),
        "Status": session.status.value,
        "RecordingUrl": recording_url,
    }


def _time(moment: float | None) -> str:
    return "" if moment is None else written_time(moment)


def _legs(session: Session) -> list[Document]:
    first = _leg(legs.first_s(session), legs.first_status(session))
    return [first] if session.second is None else [first, _second_leg(session, session.second)]


def _second_leg(session: Session, second: SecondLeg) -> Document:
    if second.status is not None:
        status = second.status
    else:
        status = CallStatus.QUEUED if session.ended_at is None else CallStatus.CANCELED
    return _leg(legs.second_s(second), status)


def _leg(on_call_s: int, status: CallStatus) -> Document:
    return {"OnCallDuration": on_call_s, "Status": status.value, "AnsweredBy": _UNKNOWN_ANSWERER}
