"""Core: the target of a request: its path, read as a client means it, and its query (RFC 9112 §3.2)."""

import re
from urllib.parse import unquote_to_bytes

from attrs import frozen

from exoswitch.errors import InvalidRequest

_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_SLASHES = re.compile(rb"//+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@frozen
class Target:
    """The path of a request, still encoded and with single slashes, and its query without the ``?``."""

    path: bytes
    query: bytes


def read_target(target: bytes) -> Target:
    """Read the target of a request line, in origin form or, as a proxy may send it, in absolute form.

    A doubled slash counts as one: a published SDK sends it.

    Raises:
        InvalidRequest: the path is not UTF-8, or has control characters in it.
    """
    absolute = _ABSOLUTE.match(target)
    if absolute:
        target = target[absolute.end() :]
    path, _, query = target.partition(b"?")
    path = _SLASHES.sub(b"/", path) or b"/"
    try:
        text = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("the path is not UTF-8: encode it as UTF-8, then in percent") from None
    if _CONTROL.search(text):
        raise InvalidRequest("the path has control characters in it: remove them")
    return Target(path, query)
