"""Core: the values of the command line; each function reads one kind and words its error for argparse."""

import datetime as dt
import re
from argparse import ArgumentTypeError
from pathlib import Path

_WHOLE = re.compile(r"0*([0-9]{1,6})", re.ASCII)
_LAST_PORT = 65_535
_LONGEST_S = 86_400.0
_MOST = 10_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
PICTURES = (".svg", ".png")
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}", re.ASCII)


def port(text: str) -> int:
    """Read a TCP port; 0 stands for any free one."""
    value = _whole(text)
    if not 0 <= value <= _LAST_PORT:
        raise ArgumentTypeError(f"{text!r} is no port: write a number from 0 to {_LAST_PORT}; 0 takes any free port")
    return value


def seconds(text: str) -> float:
    """Read a time up to one day."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _LONGEST_S:
        raise ArgumentTypeError(f"{text!r} is no time: write seconds, from 0 to {_LONGEST_S:.0f}")
    return value


def number(text: str) -> str:
    """Read a phone number as a trunk sends it: in any form, unchanged."""
    if not _NUMBER.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no phone number: write digits, such as +919812345610")
    return text


def word(text: str) -> str:
    """Read a word of a login: AMI takes one line without spaces at its ends."""
    if not text.strip() or text != text.strip() or not text.isprintable():
        raise ArgumentTypeError(f"{text!r} cannot be used: write one word")
    return text


def day(text: str) -> dt.date:
    """Read a day of the calendar."""
    try:
        if _DAY.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise ArgumentTypeError(f"{text!r} is no day: write it as 2026-04-01")


def picture(text: str) -> Path:
    """Read the path of a picture; its suffix says the format."""
    if not text.endswith(PICTURES):
        raise ArgumentTypeError(f"{text!r} has no known suffix: write a file that ends with {' or '.join(PICTURES)}")
    return Path(text)


def folder(text: str) -> Path:
    """Read the path of a folder."""
    if not text:
        raise ArgumentTypeError("the path is empty; write . for this folder")
    return Path(text)


def count(text: str) -> int:
    """Read a number of things to show."""
    value = _whole(text)
    if not 0 < value <= _MOST:
        raise ArgumentTypeError(f"{text!r} is no count: write a number from 1 to {_MOST}")
    return value


def _whole(text: str) -> int:
    """Read a whole number of at most six digits, besides zeros before it; -1 stands for any other text."""
    match = _WHOLE.fullmatch(text)
    return int(match[1]) if match else -1
