"""Adapter: an account's numbers (ExoPhones), and facts of any number, in the forms of Exotel's versions (spec §6.4).

A number's SID is its digits with the country code. What exoswitch does not know is an empty text: the circle and the
operator, since numbers are ported, and whether a number is on the DND register.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from exoswitch.errors import InvalidValue
from exoswitch.interfaces.calls import NumberHealth
from exoswitch.interfaces.routing import ANY, Account
from exoswitch.telephony.indian_time import INDIA
from exoswitch.telephony.numbers import country_of, kind_of, national, normalise

_UNKNOWN = ""


def numbers_of(account: Account) -> list[str]:
    """Give the numbers (E.164) that an account may put into CallerId: those with an app, and other caller ids."""
    return [*account.numbers, *sorted(account.caller_ids - {ANY} - set(account.numbers))]


def find_number(account: Account, text: str) -> str | None:
    """Find one of an account's numbers by its SID, or by any form of the number."""
    by_sid = f"+{text}"
    if by_sid in account.numbers or by_sid in account.caller_ids:
        return by_sid
    try:
        number = normalise(text)
    except InvalidValue:
        return None
    return number if number in account.numbers or number in account.caller_ids else None


def number_v1(account: Account, number: str) -> Mapping[str, Any]:
    """Give a number in version 1."""
    bot = account.numbers.get(number)
    app = None if bot is None else bot.app
    shown = national(number)
    return {
        "Sid": sid_of(number),
        "AccountSid": account.name,
        "PhoneNumber": shown,
        "FriendlyName": shown,
        "Capabilities": {"Voice": True, "SMS": False},
        "VoiceUrl": None if app is None else f"http://my.exotel.com/{account.name}/exoml/start_voice/{app}",
        "Uri": f"/v1/Accounts/{account.name}/IncomingPhoneNumbers/{sid_of(number)}",
    }


def number_v2_beta(number: str) -> Mapping[str, Any]:
    """Give a number in version 2 beta; dialers put its `friendly_name` into CallerId."""
    return {
        "sid": sid_of(number),
        "phone_number": number,
        "friendly_name": national(number),
        "capabilities": {"voice": True, "sms": False},
        "country": country_of(number),
        "region": _UNKNOWN,
    }


def heartbeat(number: str, health: NumberHealth, now: float) -> Mapping[str, Any]:
    """Give the connectivity of a number; exoswitch looks at its trunks in this moment."""
    checked_at = dt.datetime.fromtimestamp(now, INDIA).isoformat(timespec="seconds")

    def state(is_up: bool) -> Mapping[str, str]:
        status = "active" if is_up else "major_outage"
        return {"status": status, "last_check_time": checked_at, "alternate_exophone": _UNKNOWN}

    connectivity = {"incoming_call": state(health.incoming), "outgoing_call": state(health.outgoing)}
    return {**number_v2_beta(number), "connectivity": connectivity}


def facts_of(number: str) -> Mapping[str, str]:
    """Give what is known of any number."""
    return {
        "PhoneNumber": national(number),
        "Circle": _UNKNOWN,
        "CircleName": _UNKNOWN,
        "Type": kind_of(number),
        "Operator": _UNKNOWN,
        "OperatorName": _UNKNOWN,
        "DND": _UNKNOWN,
    }


def sid_of(number: str) -> str:
    """Give the SID of a number."""
    return number.removeprefix("+")
