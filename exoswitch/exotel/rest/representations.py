"""Core: a call in Exotel's REST API, with its keys in Exotel's order (spec §6.2)."""

import datetime as dt
from typing import Any

from exoswitch.billing.amounts import rounded
from exoswitch.call.session import Session
from exoswitch.telephony.indian_time import INDIA
from exoswitch.telephony.numbers import national


def call_record(session: Session) -> dict[str, Any]:
    """Give the JSON of a call; unknown values are null, as at Exotel."""
    duration_s = session.duration_s
    return {
        "Call": {
            "Sid": session.call_sid,
            "ParentCallSid": None,
            "DateCreated": indian_time(session.created_at),
            "DateUpdated": indian_time(session.updated_at),
            "AccountSid": session.account,
            "To": national(session.exophone),
            "From": national(session.customer),
            "PhoneNumberSid": national(session.exophone),
            "Status": session.status.value,
            "StartTime": indian_time(session.created_at),
            "EndTime": None if session.ended_at is None else indian_time(session.ended_at),
            "Duration": None if duration_s is None else str(round(duration_s)),
            "Price": _price(session),
            "Direction": session.direction.value,
            "AnsweredBy": None,
            "ForwardedFrom": None,
            "CallerName": None,
            "Uri": f"/v1/Accounts/{session.account}/Calls.json/{session.call_sid}",
            "RecordingUrl": None,
        }
    }


def _price(session: Session) -> str | None:
    """Give the price with three decimals, as Exotel does; null until the end, or if the trunk has no price."""
    charge = session.charge
    return None if charge is None or charge.amount is None else f"{rounded(charge.amount, 3):f}"


def indian_time(moment: float) -> str:
    """Write a time, in seconds since the epoch, as Exotel does: Indian time without a zone."""
    return dt.datetime.fromtimestamp(moment, INDIA).strftime("%Y-%m-%d %H:%M:%S")
