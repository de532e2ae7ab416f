"""Port: the kinds of configuration values: how each is read from text, and an example of it.

YAML does not interpret values (``no`` is not false, ``+9180…`` is not a number). Each value arrives as the operator
wrote it, and is read by the kind that the model declares for it. Reading raises Unreadable for a text that is not of
the kind.
"""

import datetime as dt
import difflib
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Literal

from attrs import frozen

from exoswitch.billing.rates import Pulse
from exoswitch.call.passthru import HANG_UP, Hop
from exoswitch.call.status_callback import read_signing_key
from exoswitch.credentials.token_hash import TokenHash, is_hash
from exoswitch.errors import ExoswitchError, InvalidValue
from exoswitch.telephony.numbers import normalise

_DIGIT = re.compile(r"[0-9]", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_MONEY = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?", re.ASCII)
_PULSE = re.compile(r"([0-9]{1,4})(?:\+([0-9]{1,4}))?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_RANGE = re.compile(r"([0-9]{1,5})\s*-\s*([0-9]{1,5})", re.ASCII)
_END_OF_RANGE = re.compile(r"[0-9]{1,4}", re.ASCII)  # at most 10,000 numbers

_DEAREST = 1_000_000
_LONGEST_PULSE_S = 3600
_LOWEST_PORT = 1024
_HIGHEST_PORT = 65535

YES = frozenset({"true", "yes", "on"})
NO = frozenset({"false", "no", "off"})


class Unreadable(ExoswitchError):
    """A value of the configuration cannot be used; the message never repeats the value, which may be a secret."""


@frozen
class Kind:
    """One kind of value: `read` reads it from text or raises Unreadable; `example` is shown if it is missing.

    If it `names` a file or a folder, relative paths start at the folder of the configuration; a file must exist.
    """

    read: Callable[[str], object]
    example: str
    names: Literal["file", "folder"] | None = None


def whole(least: int, most: int, *, step: int = 1) -> Kind:
    """Declare a whole number from `least` to `most`, a multiple of `step`."""
    multiple = f"a multiple of {step}" if step > 1 else "a whole number"

    def read(text: str) -> int:
        if _WHOLE.fullmatch(text) and least <= int(text) <= most and int(text) % step == 0:
            return int(text)
        raise Unreadable(f"must be {multiple} from {least} to {most}")

    return Kind(read, str(least))


def decimal(least: float, most: float) -> Kind:
    """Declare a number from `least` to `most`."""

    def read(text: str) -> float:
        if _DECIMAL.fullmatch(text) and least <= float(text) <= most:
            return float(text)
        raise Unreadable(f"must be a number from {least:g} to {most:g}")

    return Kind(read, f"{least:g}")


def choice(*words: str) -> Kind:
    """Declare one of a few words; one with other digits, as g722 for g729, is no misspelling and not suggested."""

    def read(text: str) -> str:
        if text in words:
            return text
        alike = (word for word in words if sorted(_DIGIT.findall(word)) == sorted(_DIGIT.findall(text)))
        raise Unreadable(f"must be one of {', '.join(words)}" + nearest(text, alike))

    return Kind(read, words[0])


def yes_no(text: str) -> bool:
    """Read yes or no, in any of YAML's words for it."""
    word = text.lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise Unreadable("must be true or false")


def recorded(text: str) -> str:
    """Read whether calls are recorded: yes, no, or ``dual``: each side on a channel of its own."""
    if text.lower() in YES | NO:
        return "true" if yes_no(text) else "false"
    if text == "dual":
        return text
    raise Unreadable("must be true, false or dual")


def nearest(word: str, known: Iterable[str]) -> str:
    """Suggest the known word that a misspelt one resembles: ``; did you mean 'ulaw'?``; ``""`` if none does."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def matching(pattern: str, form: str) -> Callable[[str], str]:
    """Declare text of one form; the message says that a value must be `form`."""
    whole_text = re.compile(pattern, re.ASCII)

    def read(text: str) -> str:
        if not whole_text.fullmatch(text):
            raise Unreadable(f"must be {form}")
        return text

    return read


# Names are safe in file names, in URLs and in Asterisk's configuration.
name = matching(
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", "a name: letters, digits, - and _, beginning with a letter or a digit"
)
# A user name of AMI names a section of manager.conf.
manager_user = matching(
    r"(?!general$)[A-Za-z0-9][A-Za-z0-9_.@-]{0,79}",
    "letters, digits and _ . @ -, beginning with a letter or a digit, and not 'general'",
)
# A sound has no extension of a file; "" is none.
sound = matching(
    r"([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?", "the name of an Asterisk sound: letters, digits, -, _ and / for folders"
)
# A path on another machine.
remote_path = matching(r"/[A-Za-z0-9_./+@-]*", "an absolute path of letters, digits and . _ + @ -")
currency = matching(r"[A-Z]{3}", "a currency code of three capital letters, such as INR")


def money(text: str) -> Decimal:
    """Read an amount exactly, without a currency: ``0.20``."""
    if not _MONEY.fullmatch(text) or Decimal(text) > _DEAREST:
        raise Unreadable(f"must be an amount from 0 to {_DEAREST}, with at most six decimals, such as 0.20")
    return Decimal(text)


def pulse(text: str) -> Pulse:
    """Read a pulse in seconds: ``60``, or ``60+1``: one of 60 seconds, then one for each second."""
    match = _PULSE.fullmatch(text)
    if match:
        first, after = int(match[1]), int(match[2] or match[1])
        if min(first, after) >= 1 and max(first, after) <= _LONGEST_PULSE_S:
            return Pulse(first, after)
    raise Unreadable(f"must be a pulse in seconds from 1 to {_LONGEST_PULSE_S}, such as 60, or 60+1")


def day(text: str) -> dt.date | None:
    """Read a day of the calendar, as ``2026-04-01``; ``""`` is none."""
    try:
        if not text or _DAY.fullmatch(text):
            return dt.date.fromisoformat(text) if text else None
    except ValueError:
        pass
    raise Unreadable("must be a day, written as 2026-04-01")


def port_range(text: str) -> range:
    """Read ``20000-23999``, both ends included."""
    match = _RANGE.fullmatch(text)
    if not match:
        raise Unreadable("must be a range of ports, written as 20000-23999")
    first, last = int(match[1]), int(match[2])
    if not _LOWEST_PORT <= first <= last <= _HIGHEST_PORT:
        raise Unreadable(f"must be a range of ports from {_LOWEST_PORT} to {_HIGHEST_PORT}, the lower one first")
    return range(first, last + 1)


def token(text: str) -> str:
    """Read the token of an account, or the hash of one."""
    if is_hash(text):
        try:
            TokenHash.read(text)
        except InvalidValue as problem:
            raise Unreadable(str(problem)) from None
    return line(text)


def line(text: str) -> str:
    """Read text of one line; Asterisk's protocols take a second line for a command."""
    if not text:
        raise Unreadable("must not be empty")
    if not text.isprintable():
        raise Unreadable("must be one line without control characters")
    return text


def path(text: str) -> str:
    """Read the path of a file or folder; ``""`` is none."""
    return line(text) if text else ""


def user(text: str) -> str:
    """Read a user name of HTTP Basic authentication; it ends at the first colon (RFC 7617 §2)."""
    if ":" in text:
        raise Unreadable("must not contain a colon")
    return line(text)


def manager_secret(text: str) -> str:
    """Read a secret that manager.conf can hold: its parser drops blanks at both ends."""
    if text != text.strip():
        raise Unreadable("must not begin or end with a blank")
    return line(text)


def phone_number(text: str) -> str:
    """Read a phone number into E.164."""
    try:
        return normalise(text)
    except InvalidValue:
        raise Unreadable("must be a phone number, such as '+918047491899'") from None


def number_range(text: str) -> tuple[str, ...]:
    """Read a phone number, or a range of them: ``+914024001350-99`` ends with …1399."""
    start, _, end = text.rpartition("-")
    try:
        first = normalise(start)
    except InvalidValue:
        return (phone_number(text),)
    if not _END_OF_RANGE.fullmatch(end):
        raise Unreadable("must be a phone number or a range of up to 10,000, such as '+914024001350-99'")
    head, tail = first[: -len(end)], first[-len(end) :]
    if end < tail:
        raise Unreadable(f"must end with at least {tail}, such as '{first}-{'9' * len(end)}'")
    return tuple(f"{head}{number:0{len(end)}}" for number in range(int(tail), int(end) + 1))


def caller_id(text: str) -> str:
    """Read a phone number that an account may show, or ``any``."""
    return text if text == "any" else phone_number(text)


dial_prefix = matching(r"\+[0-9]{0,14}", "the beginning of a number, such as '+91'; '+' is every number")


def hop(text: str) -> Hop:
    """Read where a call goes on: ``hang-up``, ``app:1002`` or ``number:+919812345610``."""
    kind, _, what = text.partition(":")
    if text == "hang-up":
        return HANG_UP
    if kind == "app" and what:
        return Hop(app=name(what))
    if kind == "number" and what:
        try:
            return Hop(number=normalise(what))
        except InvalidValue:
            raise Unreadable("must name a whole phone number, such as number:+919812345610") from None
    raise Unreadable("must be hang-up, an app, written as app:1002, or a phone, written as number:+919812345610")


def signing_key(text: str) -> bytes:
    """Read a key that signs status callbacks."""
    try:
        return read_signing_key(text)
    except InvalidValue as error:
        raise Unreadable(str(error)) from None
