"""Core: phone numbers: reading, writing, and masking for logs.

Inside exoswitch a number is E.164 (``+919812345610``). Exotel accepts Indian numbers in four forms: ``+91…``,
``91…``, ``0…`` and ten digits (spec §2.1, §6.1). exoswitch reads all four. Bots get the form with 0, or E.164.
"""

import re
from typing import Literal

import phonenumbers

from exoswitch.errors import InvalidValue

NumberStyle = Literal["national", "e164"]
"""How a bot wants numbers: ``09812345610`` or ``+919812345610``."""

NumberShape = Literal["e164", "e164-plain", "national-0", "national"]
"""How a carrier wants numbers: ``+919812345610``, ``919812345610``, ``09812345610`` or ``9812345610``."""

_INDIA = "+91"
_PUNCTUATION = str.maketrans("", "", " \t-.()\u00a0")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)  # ITU-T E.164: at most 15 digits
_FOREIGN = re.compile(r"\+(?!910)[1-9][0-9]{6,15}", re.ASCII)  # one digit more may be a national 0
_INDIAN = re.compile(r"(?:\+?91)?0?([1-9][0-9]{9})", re.ASCII)

_INDIAN_E164 = re.compile(r"\+91[1-9][0-9]{9}", re.ASCII)  # most numbers, which take no library

_IN_TEXT = re.compile(r"(?<!\w)\+?[0-9]{7,15}(?!\w)", re.ASCII)

_MASKED_AT_LEAST = 6
_HEAD_SHOWN = 5
_TAIL_SHOWN = 2
_LONGEST_SHOWN = 16


SIP = "sip:"
"""The beginning of the address of a SIP phone, in the place of a number."""


def mask(number: str) -> str:
    """Mask a number for a log: ``+9198******10``. Its owner still recognises it."""
    text = (
        number[:_LONGEST_SHOWN]
        if number.isascii() and number.isprintable()
        else "*" * min(len(number), _LONGEST_SHOWN)
    )
    tail = _TAIL_SHOWN if len(text) >= _MASKED_AT_LEAST + _TAIL_SHOWN else 0
    head = min(_HEAD_SHOWN, max(0, len(text) - _MASKED_AT_LEAST - tail))
    hidden = len(text) - head - tail
    return text[:head] + "*" * hidden + text[len(text) - tail :]


def mask_in_text(text: str) -> str:
    """Mask every phone number in a text that someone else wrote: each run of 7 to 15 digits."""
    return _IN_TEXT.sub(lambda found: mask(found[0]), text)


def of_sip_user(text: str) -> str:
    """Give the user part of a SIP URI without its parameters (RFC 3966 §3), as in ``+9198…;npdi=yes``."""
    return text.partition(";")[0]


def unpunctuated(number: str) -> str:
    """Write a number as it is, without blanks and punctuation."""
    return number.translate(_PUNCTUATION)


def normalise(number: str) -> str:
    """Convert a number to E.164. A number without a country code is Indian.

    The 0 of national dialling after a country code, as in ``+91 (0)98…`` or ``+44 (0)20…``, is dropped. It
    stays where it belongs to the number (Italy).

    Raises:
        InvalidValue: the text is not a phone number; the message lists the accepted forms.
    """
    text = unpunctuated(number)
    if text.startswith("00"):
        text = "+" + text[2:]
    indian = _INDIAN.fullmatch(text)
    if indian:
        return _INDIA + indian[1]
    e164 = _foreign(text)
    if _E164.fullmatch(e164):
        return e164
    raise InvalidValue(
        f"{number[:40]!r} is not a phone number: write it as +919812345610, 919812345610, 09812345610 or 9812345610; "
        "write a number of another country with + and its country code"
    )


def _foreign(text: str) -> str:
    """Write a number that begins with + and a country code without a national 0; empty if it is none."""
    if not _FOREIGN.fullmatch(text):
        return ""
    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return ""
    if parsed.italian_leading_zero and not phonenumbers.is_possible_number(parsed):
        return ""
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return e164 if e164 == text or _foreign(e164) == e164 else ""  # one 0 is dropped; with two it is no number


def national(number: str) -> str:
    """Write an Indian number with a leading 0 (``09812345610``), as Exotel does. Other text stays unchanged."""
    if _INDIAN_E164.fullmatch(number):
        return "0" + number.removeprefix(_INDIA)
    try:
        e164 = normalise(number)
    except InvalidValue:
        return number
    return "0" + e164.removeprefix(_INDIA) if e164.startswith(_INDIA) else number


def written(number: str, style: NumberStyle) -> str:
    """Write a number in a bot's style. Text that is not a number stays unchanged."""
    if style == "national":
        return national(number)
    return canonical(number)


def shaped(number: str, shape: NumberShape) -> str:
    """Write a number (E.164) as a carrier wants it; 00 leads a foreign one where its country code has no +."""
    if shape == "e164" or not number.startswith("+"):
        return number
    if shape == "e164-plain":
        return number.removeprefix("+")
    if not number.startswith(_INDIA):
        return "00" + number.removeprefix("+")
    return "0" * (shape == "national-0") + number.removeprefix(_INDIA)


def dialable(number: str) -> str:
    """Convert a number to E.164 if a phone can have it: its country exists, and its length is right there.

    A number of the right length passes although no operator is known for its first digits: new ones are given out
    each month.

    Raises:
        InvalidValue: the text is not a phone number, or no phone can have the number.
    """
    e164 = normalise(number)
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not _can_exist(parsed):
        raise InvalidValue(
            f"{number[:40]!r} can be no phone's number: check its digits and its country code; "
            "an Indian number has ten digits after +91"
        )
    return e164


def phone(text: str) -> str:
    """Convert a number as `dialable` does; the address of a SIP phone (``sip:USER@HOST``) stays as it is.

    Raises:
        InvalidValue: as `dialable` does.
    """
    return text if is_sip(text) else dialable(text)


def is_sip(text: str) -> bool:
    """Whether a text is the address of a SIP phone, and not a number."""
    return text.lower().startswith(SIP)


def _can_exist(number: phonenumbers.PhoneNumber) -> bool:
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    results = (phonenumbers.is_possible_number_for_type_with_reason(number, kind) for kind in kinds)
    return phonenumbers.ValidationResult.IS_POSSIBLE in results or phonenumbers.is_valid_number(number)


def kind_of(number: str) -> str:
    """Give what a number (E.164) belongs to by its digits: ``Mobile`` or ``Landline``; empty if they do not tell."""
    kinds = {phonenumbers.PhoneNumberType.MOBILE: "Mobile", phonenumbers.PhoneNumberType.FIXED_LINE: "Landline"}
    try:
        return kinds.get(phonenumbers.number_type(phonenumbers.parse(number)), "")
    except phonenumbers.NumberParseException:
        return ""


def country_of(number: str) -> str:
    """Give the country of a number (E.164) in two letters (ISO 3166); empty if its code has none."""
    if _INDIAN_E164.fullmatch(number):
        return "IN"
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""


def same_number(one: str, other: str) -> bool:
    """Whether two texts name the same phone, in any of the forms."""
    return one == other or canonical(one) == canonical(other)


def canonical(number: str) -> str:
    """Convert a number to E.164. Other text (an extension, a SIP user) stays unchanged."""
    try:
        return normalise(number)
    except InvalidValue:
        return number
