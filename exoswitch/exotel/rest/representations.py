"""Core: a call in Exotel's REST API, with its keys in Exotel's order (spec §6.2, §6.4).

Texts that strict clients read are never null: `To`, `From`, `StartTime`. `Duration` and `Price` are texts, and null
until the end.
"""

import datetime as dt
from typing import Any

from attrs import frozen

from exoswitch.billing.amounts import rounded
from exoswitch.call.search import price, talked_ms, to_number
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import CallStatus, Session
from exoswitch.exotel.recording_links import VALID_S, RecordingLinks
from exoswitch.exotel.rest.form import SUFFIX, Form
from exoswitch.telephony.indian_time import INDIA
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
        "ConversationDuration": conversation_s(session),
        **_presigned(session, view),
        **_details(session, view),
    }


def conversation_s(session: Session) -> int:
    """Give the whole seconds of the talk: with the bot, and with the person it handed over to, or of two phones."""
    if session.second is None or session.bot is not None:
        return _whole_seconds(talked_ms(session))
    return _second_s(session.second)


def _second_s(second: SecondLeg) -> int:
    return 0 if second.talked_s is None else _whole_seconds(round(second.talked_s * 1000))


def indian_time(moment: float) -> str:
    """Write a time, in seconds since the epoch, as Exotel does: Indian time without a zone."""
    return dt.datetime.fromtimestamp(moment, INDIA).strftime("%Y-%m-%d %H:%M:%S")


def _keys(session: Session, view: View) -> dict[str, Any]:
    """Give the 19 keys that every call has."""
    exophone, length_ms = national(session.exophone), talked_ms(session)
    suffix = "" if view.form is Form.XML else SUFFIX
    return {
        "Sid": session.call_sid,
        "ParentCallSid": session.parent_call_sid,
        "DateCreated": indian_time(session.created_at),
        "DateUpdated": indian_time(session.updated_at),
        "AccountSid": session.account,
        "To": national(to_number(session)),
        "From": national(session.customer),
        "PhoneNumberSid": exophone,
        "Status": session.status.value,
        "StartTime": indian_time(session.created_at),
        "EndTime": None if session.ended_at is None else indian_time(session.ended_at),
        "Duration": None if length_ms is None else str(_whole_seconds(length_ms)),
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
    durations = [_whole_seconds(talked_ms(session))]
    if session.second is not None:
        durations.append(_second_s(session.second))
    details = {
        "ConversationDuration": conversation_s(session),
        "Leg1Status": _leg_status(_first_status(session)),
        "Leg2Status": None if session.second is None else _leg_status(session.second.status),
        "Legs": [
            {"Leg": {"Id": number, "OnCallDuration": on_call_s}} for number, on_call_s in enumerate(durations, 1)
        ],
    }
    return {"Details": details}


def _first_status(session: Session) -> CallStatus:
    """Give the status of the first phone, which has talked if it was answered, whatever became of the second one."""
    is_over = session.status.is_final and session.answered_at is not None
    return CallStatus.COMPLETED if is_over else session.status


def _leg_status(status: CallStatus | None) -> str | None:
    """Give the word for a leg; null until its end."""
    return status.value if status is not None and status.is_final else None


def _price(session: Session) -> str | None:
    """Give the price with three decimals, as Exotel does; null until the end, or if the trunk has no price."""
    amount = price(session)
    return None if amount is None else f"{rounded(amount, 3):f}"


def _whole_seconds(milliseconds: int | None) -> int:
    """Round half-up, as searches for a length do."""
    return 0 if milliseconds is None else (milliseconds + 500) // 1000
