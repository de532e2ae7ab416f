"""Core: a call in Exotel's REST API, with its keys in Exotel's order (spec §6.2, §6.4).

Texts that strict clients read are never null: `To`, `From`, `StartTime`. `Duration` and `Price` are texts, and null
until the end.
"""

from typing import Any

from attrs import frozen

from exoswitch.billing.amounts import rounded
from exoswitch.call.search import price, to_number
from exoswitch.call.session import CallStatus, Session
from exoswitch.exotel import legs
from exoswitch.exotel.recording_links import VALID_S, RecordingLinks
from exoswitch.exotel.rest.form import SUFFIX, Form
from exoswitch.telephony.indian_time import written_time
from exoswitch.telephony.numbers import national


@frozen(kw_only=True)
class View:
    """How calls are shown: the form of the answer, and whether the legs are told.

    `links` makes the URLs of recordings; None if this gateway has none. A pre-signed URL is valid for `valid_s` from
    `now` on, in seconds since the epoch.
    """

    form: Form = Form.JSON
    details: bool = False
    links: RecordingLinks | None = None
    now: float = 0.0
    valid_s: float = VALID_S


PLAIN = View()


def call_record(session: Session, view: View = PLAIN) -> dict[str, Any]:
    """Give the document of one call."""
    return {"Call": {**_keys(session, view), **_presigned(session, view), **_details(session, view)}}


def call_row(session: Session, view: View) -> dict[str, Any]:
    """Give a call as an item of a list, which has two keys more."""
    return {
        **_keys(session, view),
        "PhoneNumber": national(session.exophone),
        "ConversationDuration": legs.conversation_s(session),
        **_presigned(session, view),
        **_details(session, view),
    }


def _keys(session: Session, view: View) -> dict[str, Any]:
    """Give the 19 keys that every call has."""
    exophone = national(session.exophone)
    suffix = "" if view.form is Form.XML else SUFFIX
    return {
        "Sid": session.call_sid,
        "ParentCallSid": session.parent_call_sid,
        "DateCreated": written_time(session.created_at),
        "DateUpdated": written_time(session.updated_at),
        "AccountSid": session.account,
        "To": national(to_number(session)),
        "From": national(session.customer),
        "PhoneNumberSid": exophone,
        "Status": session.status.value,
        "StartTime": written_time(session.created_at),
        "EndTime": None if session.ended_at is None else written_time(session.ended_at),
        "Duration": None if session.duration_s is None else str(legs.first_s(session)),
        "Price": _price(session),
        "Direction": session.direction.value,
        "AnsweredBy": None,
        "ForwardedFrom": None,
        "CallerName": None,
        "Uri": f"/v1/Accounts/{session.account}/Calls{suffix}/{session.call_sid}",
        "RecordingUrl": None if view.links is None else view.links.recording_url(session),
    }


def _presigned(session: Session, view: View) -> dict[str, Any]:
    """Give the URL of a recording that needs no key, if there is a recording."""
    url = None if view.links is None else view.links.presigned_url(session, view.now, view.valid_s)
    return {} if url is None else {"PreSignedRecordingUrl": url}


def _details(session: Session, view: View) -> dict[str, Any]:
    """Give the legs: a bot is none, and a second phone is one whether or not it was dialled."""
    if not view.details:
        return {}
    durations = [legs.first_s(session)]
    if session.second is not None:
        durations.append(legs.second_s(session.second))
    details = {
        "ConversationDuration": legs.conversation_s(session),
        "Leg1Status": _leg_status(legs.first_status(session)),
        "Leg2Status": None if session.second is None else _leg_status(session.second.status),
        "Legs": [
            {"Leg": {"Id": number, "OnCallDuration": on_call_s}} for number, on_call_s in enumerate(durations, 1)
        ],
    }
    return {"Details": details}


def _leg_status(status: CallStatus | None) -> str | None:
    """Give the word for a leg; null until its end."""
    return status.value if status is not None and status.is_final else None


def _price(session: Session) -> str | None:
    """Give the price with three decimals, as Exotel does; null until the end, or if the trunk has no price."""
    amount = price(session)
    return None if amount is None else f"{rounded(amount, 3):f}"
