"""Core: a session as text, as databases and journals hold it: JSON with the version of its format.

A reader ignores unknown keys and gives missing ones their defaults: stored sessions outlive versions of exoswitch,
and one fleet may run two versions.
"""

import json
import math
import re
from decimal import Decimal
from typing import Any, Literal

from cattrs import BaseValidationError, Converter, transform_error
from cattrs.v import format_exception

from exoswitch.call.session import Session
from exoswitch.errors import CorruptRecord

VERSION = 2
"""Version 1 has `caller` for `customer`, `transcript` for the option `trace`, and `callee`, equal to `exophone`."""

_CHANGING = (
    "status",
    "stream_sid",
    "trunk",
    "asterisk",
    "gateway",
    "channel_id",
    "updated_at",
    "answered_at",
    "ended_at",
    "talked_s",
    "attempts",
    "ending",
    "charge",
    "second",
    "flow",
    "recorded",
)
_LATEST = 32_503_680_000.0  # the year 3000: a later time is an error, and databases and calendars refuse it
_TAKEOVERS_MAX = 900  # see `notes`
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)
_CONVERTER = Converter()


def to_tree(session: Session) -> dict[str, Any]:
    """Give a session as a tree of JSON's types."""
    return {"version": VERSION, **_CONVERTER.unstructure(session)}


def from_tree(tree: object) -> Session:
    """Read a session back.

    Raises:
        CorruptRecord: this is not a session.
    """
    try:
        session = _CONVERTER.structure(_in_current_version(tree), Session)
    except BaseValidationError as error:
        reason = "; ".join(transform_error(error, format_exception=_told))
    except (AttributeError, KeyError, TypeError, RecursionError):
        reason = "it or its bot is not a JSON object"
    else:
        if 0 <= session.takeovers <= _TAKEOVERS_MAX:
            return session
        reason = f"takeovers is not a number from 0 to {_TAKEOVERS_MAX}"
    raise CorruptRecord(f"a stored session cannot be read: {reason}")


def to_text(session: Session) -> str:
    """Give a session as one line of ASCII."""
    return json.dumps(to_tree(session), separators=(",", ":"))


def from_text(text: str) -> Session:
    """Read a session that `to_text` has written.

    Raises:
        CorruptRecord: this is not a session.
    """
    try:
        tree = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise CorruptRecord("a stored session cannot be read: it is not JSON") from None
    return from_tree(tree)


def event_text(session: Session) -> str:
    """Give the fields that change during a call, as one line of ASCII."""
    tree = to_tree(session)
    return json.dumps({name: tree[name] for name in ("version", *_CHANGING)}, separators=(",", ":"))


def _told(error: BaseException, expected: Any) -> str:
    """Tell an error in the words of cattrs, and a union by its members: Python 3.14 gives it the name "Union"."""
    told = format_exception(error, expected)
    return f"{told.removesuffix('Union')}{expected}" if told.endswith(" expected Union") else told


def _in_current_version(tree: Any) -> dict[str, Any]:
    if tree.get("version") != 1:
        return {**tree}
    options = tree["bot"]["options"]
    bot = {**tree["bot"], "options": {**options, "trace": options.get("transcript", "off")}}
    return {**tree, "customer": tree["caller"], "bot": bot}


def _accept(*types: type) -> Any:
    """Give a hook that takes a value of these types as it is; cattrs itself would convert None to "None"."""

    def check(value: object, _target: object) -> object:
        if not isinstance(value, types):
            raise TypeError(f"{type(value).__name__} is not {types[0].__name__}")
        return value

    return check


def _read_number(value: object, _target: object) -> float:
    """Take a time or a duration in seconds; JSON's Infinity, NaN and numbers of any size are none."""
    if isinstance(value, bool) or not isinstance(value, float | int):
        raise TypeError(f"{type(value).__name__} is not float")
    if not (math.isfinite(value) and 0 <= value <= _LATEST):
        raise ValueError("is not a number of seconds from 0 to the year 3000")
    return value


def _read_amount(value: object, _target: object) -> Decimal:
    """Take an amount of money, which is text: a number of JSON may be read as a binary fraction."""
    if not (isinstance(value, str) and _AMOUNT.fullmatch(value)):
        raise TypeError("an amount of money is not text such as 0.200000")
    return Decimal(value)


for _kind in (str, bool, int):
    _CONVERTER.register_structure_hook(_kind, _accept(_kind))
_CONVERTER.register_structure_hook(float, _read_number)
_CONVERTER.register_structure_hook(Decimal, _read_amount)
_CONVERTER.register_unstructure_hook(Decimal, "{:f}".format)
# A later version may know more words for an option; a session keeps them.
_CONVERTER.register_structure_hook_func(lambda kind: getattr(kind, "__origin__", None) is Literal, _accept(str))
