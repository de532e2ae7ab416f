"""Port: what a kind of configuration value is: a way to read it from text, and an example of it.

YAML's own guesses are not used (``no`` is not false, ``+9180…`` is not a number): every value arrives as the text
that the operator wrote, and the kind that the model declares for it decides what it means.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Literal

from attrs import frozen

from exoswitch.errors import ExoswitchError, InvalidRequest
from exoswitch.telephony.numbers import normalise

_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_RANGE = re.compile(r"([0-9]{1,5})\s*-\s*([0-9]{1,5})", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_MANAGER_USER = re.compile(r"(?!general$)[A-Za-z0-9][A-Za-z0-9_.@-]{0,79}", re.ASCII)
_SOUND = re.compile(r"([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)

_LOWEST_PORT = 1024
_HIGHEST_PORT = 65535


class Unreadable(ExoswitchError):  # noqa: N818 - the name says what happened, not that it is an exception
    """A text is not of its kind; says what it must be, and never repeats the text, which may be a secret."""


@frozen
class Kind:
    """One kind of value: `read` turns text into it or raises Unreadable; `example` is for whoever left it out.

    A value that `names` a file or a folder is looked for beside the configuration; a file must be there.
    """

    read: Callable[[str], object]
    example: str
    names: Literal["file", "folder"] | None = None


def whole(least: int, most: int, *, step: int = 1) -> Kind:
    """Declare a whole number within limits, both included."""
    multiple = f"a multiple of {step}" if step > 1 else "a whole number"

    def read(text: str) -> int:
        if _WHOLE.fullmatch(text) and least <= int(text) <= most and int(text) % step == 0:
            return int(text)
        raise Unreadable(f"must be {multiple} from {least} to {most}")

    return Kind(read, str(least))


def decimal(least: float, most: float) -> Kind:
    """Declare a number within limits, both included."""

    def read(text: str) -> float:
        if _DECIMAL.fullmatch(text) and least <= float(text) <= most:
            return float(text)
        raise Unreadable(f"must be a number from {least:g} to {most:g}")

    return Kind(read, f"{least:g}")


def choice(*words: str) -> Kind:
    """Declare one word out of a few."""

    def read(text: str) -> str:
        if text in words:
            return text
        raise Unreadable(f"must be one of {', '.join(words)}" + nearest(text, words))

    return Kind(read, words[0])


def yes_no(text: str) -> bool:
    """Read an answer to a yes-or-no question, in any of YAML's own words for one."""
    word = text.lower()
    if word in {"true", "yes", "on"}:
        return True
    if word in {"false", "no", "off"}:
        return False
    raise Unreadable("must be true or false")


def nearest(word: str, known: Iterable[str]) -> str:
    """Guess what a misspelt word was meant to be: ``: did you mean 'ulaw'?``, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def port_range(text: str) -> range:
    """Read ``20000-23999``, both ends included."""
    match = _RANGE.fullmatch(text)
    if not match:
        raise Unreadable("must be a range of ports, written as 20000-23999")
    first, last = int(match[1]), int(match[2])
    if not _LOWEST_PORT <= first <= last <= _HIGHEST_PORT:
        raise Unreadable(f"must be a range of ports from {_LOWEST_PORT} to {_HIGHEST_PORT}, the lower one first")
    return range(first, last + 1)


def line(text: str) -> str:
    """Read any text that is one line; Asterisk's protocols would take a second line for a command."""
    if not text:
        raise Unreadable("must not be empty")
    if not text.isprintable():
        raise Unreadable("must be one line without control characters")
    return text


def path(text: str) -> str:
    """Read the name of a file or folder that need not be given: an empty text is none."""
    return line(text) if text else ""


def user(text: str) -> str:
    """Read a user name of HTTP Basic authentication, which ends at the first colon (RFC 7617 §2)."""
    if ":" in text:
        raise Unreadable("must not have a colon in it")
    return line(text)


def manager_user(text: str) -> str:
    """Read a user of AMI, which is also the name of a section of manager.conf."""
    if not _MANAGER_USER.fullmatch(text):
        raise Unreadable("must be letters, digits and _ . @ -, beginning with a letter or a digit, and not 'general'")
    return text


def manager_secret(text: str) -> str:
    """Read a secret that manager.conf can hold: its parser drops blanks at both ends."""
    if text != text.strip():
        raise Unreadable("must not begin or end with a blank")
    return line(text)


def name(text: str) -> str:
    """Read a name that also stands in file names, URLs and Asterisk's configuration."""
    if not _NAME.fullmatch(text):
        raise Unreadable("must be a name: letters, digits, - and _, beginning with a letter or a digit")
    return text


def sound(text: str) -> str:
    """Read the name of one of Asterisk's sounds, without its file's ending; nothing is no sound."""
    if not _SOUND.fullmatch(text):
        raise Unreadable("must be the name of a sound of Asterisk's: letters, digits, -, _ and / for folders")
    return text


def phone_number(text: str) -> str:
    """Read a phone number into E.164."""
    try:
        return normalise(text)
    except InvalidRequest:
        raise Unreadable("must be a phone number, best written as '+918047491899'") from None


def currency(text: str) -> str:
    """Read an ISO 4217 code."""
    if not _CURRENCY.fullmatch(text):
        raise Unreadable("must be a currency's three capital letters, such as INR")
    return text
