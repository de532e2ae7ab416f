"""Adapter: the phones of a request: whom the account may dial, and which number it may show."""

import re

from exoswitch.errors import InvalidRequest, InvalidValue
from exoswitch.exotel.rest.errors import NotAllowed
from exoswitch.interfaces.routing import Account, Accounts
from exoswitch.telephony.numbers import SIP, dialable, is_sip, normalise, same_number
from exoswitch.web.parameters import Parameters, naming

_NUMBER = re.compile(r"[0-9+._-]+", re.ASCII)
_LONGEST_EXTENSION = 6  # digits; a carrier may dial more as a number
_SIP_ADDRESS = re.compile(r"sip:(?P<user>[a-z0-9+._-]{1,64})@(?P<host>[^@]{1,255})", re.ASCII | re.IGNORECASE)
_SHOWN = 60


def read_phone(asked: Parameters, name: str, account: Account) -> str:
    """Read a phone to dial: a number, in E.164, or the address ``sip:USER@HOST`` of a SIP phone.

    Raises:
        InvalidRequest: it is missing, or is neither, or no phone can have the number.
        NotAllowed: the account may not dial it.
    """
    written = asked.text(name) or ""
    if is_sip(written):
        return _read_sip_address(name, written, account)
    foreign = asked.foreign_number(name)
    if foreign is not None and account.may_dial(foreign) and _is_dialable(foreign):
        return _read_foreign(name, foreign, asked.number(name), account)
    with naming(name):
        phone = dialable(asked.number(name))
    if not account.may_dial(phone):
        raise _not_to_be_dialled(name, phone, account)
    return phone


def _read_foreign(name: str, foreign: str, indian: str, account: Account) -> str:
    """Read a number of ten digits after a blank, which may have been a +: nobody is dialled by a guess."""
    if account.may_dial(indian) and _is_dialable(indian):
        raise InvalidRequest(
            f"{name}: this may be {foreign} or {indian}: write the + of the one as %2B, "
            "and the other one without a blank before it"
        )
    return foreign


def _is_dialable(number: str) -> bool:
    try:
        return dialable(number) == number
    except InvalidValue:
        return False


def read_caller_id(asked: Parameters, account: Account, accounts: Accounts) -> str:
    """Read the number that the phone is to show, which is the account's own, or one that it is given; in E.164.

    Raises:
        InvalidRequest: it is missing, is no number, or is not the account's.
    """
    number = asked.number("CallerId")
    if any(number in other.numbers for other in accounts.by_name.values() if other is not account):
        raise InvalidRequest(f"CallerId: {number} is a number of another account: use one of your own")
    if not account.may_show(number):
        raise InvalidRequest(
            f"CallerId: {number} is not a number of account {account.name}: use one of your own, "
            f"or add it under numbers: or accounts.{account.name}.caller_ids"
        )
    return number


def own_number(asked: Parameters, name: str, account: Account) -> str | None:
    """Give the account's own number that a parameter names; None if it names another phone, or none."""
    written = asked.text(name)
    if written is None or is_sip(written):
        return None
    number = asked.number(name)
    return number if number in account.numbers else None


def names_own(asked: Parameters, name: str, account: Account) -> bool:
    """Whether a parameter names a number of the account, or the one that `CallerId` names, too."""
    if own_number(asked, name, account) is not None:
        return True
    shown = asked.text("CallerId")
    return shown is not None and same_number(shown, asked.text(name) or "")


def _read_sip_address(name: str, text: str, account: Account) -> str:
    match = _SIP_ADDRESS.fullmatch(text)
    if match is None:
        raise InvalidRequest(f"{name}={text[:_SHOWN]!r} is not the address of a SIP phone: write sip:USER@HOST")
    host = match["host"].lower()
    if host not in account.sip_hosts:
        raise NotAllowed(
            f"{name}: {host[:_SHOWN]} is not a host whose phones account {account.name} may dial: "
            f"add it to accounts.{account.name}.sip_hosts"
        )
    number = _as_number(match["user"])
    if number and not account.may_dial(number):
        raise _not_to_be_dialled(name, number, account)
    return f"{SIP}{match['user']}@{host}"


def _as_number(user: str) -> str:
    """Read a SIP user as a carrier may read it: as a number (E.164); empty if it is a name or an extension."""
    digits = "".join(character for character in user if character.isdigit())
    if len(digits) <= _LONGEST_EXTENSION or _NUMBER.fullmatch(user) is None:
        return ""
    try:
        return normalise(user.replace("_", ""))
    except InvalidValue:
        return "+" + digits


def _not_to_be_dialled(name: str, phone: str, account: Account) -> NotAllowed:
    return NotAllowed(
        f"{name}: {phone} is not a number that account {account.name} may dial: "
        f"add its prefix to accounts.{account.name}.dial_prefixes ({', '.join(account.dial_prefixes)})"
    )
